//! `Rule`: any source, any operation and all conditions.

use super::arrival::Arrival;
use super::condition::Condition;
use super::logic::{all, and, any};
use super::not_modelled;
use super::operation::Operation;
use super::policy::MOST;
use super::source::Source;
use serde::Deserialize;
use smi_conformance::NotModelled;

/// What a policy does with what its rules match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
}

/// `Rule`. An empty list asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rule {
    from: Vec<From>,
    to: Vec<To>,
    when: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    source: Source,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    operation: Operation,
}

impl Rule {
    /// Refuses what an API server or Istio's webhook refuses.
    pub(super) fn check(&self) -> Result<(), NotModelled> {
        if self.from.len() > MOST {
            return not_modelled(format!("more than {MOST} sources"));
        }
        self.from.iter().try_for_each(|from| from.source.check())?;
        self.to.iter().try_for_each(|to| to.operation.check())?;
        self.when.iter().try_for_each(Condition::check)
    }

    /// Whether it matches. `namespace` is that of its policy.
    ///
    /// Where the sidecar reads bytes, fields about requests mean nothing. A rule that allows is then left out
    /// as a whole; of one that denies only those fields are, so that it denies more.
    pub(super) fn matches(&self, arrival: &Arrival<'_>, action: Action, namespace: &str) -> Result<bool, NotModelled> {
        if arrival.request.is_none() && action == Action::Allow && self.is_about_requests() {
            return Ok(false);
        }
        let from = self.from.iter().map(|from| from.source.matches(arrival, namespace));
        let to = self.to.iter().map(|to| to.operation.matches(arrival));
        let when = self.when.iter().map(|condition| condition.matches(arrival, namespace));
        and(if self.from.is_empty() { Ok(true) } else { any(from) }, || {
            and(if self.to.is_empty() { Ok(true) } else { any(to) }, || all(when))
        })
    }

    fn is_about_requests(&self) -> bool {
        self.from.iter().any(|from| from.source.is_about_requests())
            || self.to.iter().any(|to| to.operation.is_about_requests())
            || self.when.iter().any(Condition::is_about_requests)
    }
}

#[cfg(test)]
mod tests;
