//! `Rule`: it requires any source, any operation and all conditions.

use super::condition::Condition;
use super::context::Context;
use super::logic::{all, and, any};
use super::not_modelled;
use super::operation::Operation;
use super::policy::MAX_RULES;
use super::source::Source;
use serde::Deserialize;
use smi_conformance::NotModelledError;

/// The action of a policy on matching traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
}

/// `Rule`. An empty list requires nothing.
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
    /// Rejects rules that an API server or Istio's webhook rejects.
    pub(super) fn check(&self) -> Result<(), NotModelledError> {
        if self.from.len() > MAX_RULES {
            return not_modelled(format!("more than {MAX_RULES} sources"));
        }
        self.from.iter().try_for_each(|from| from.source.check())?;
        self.to.iter().try_for_each(|to| to.operation.check())?;
        self.when.iter().try_for_each(Condition::check)
    }

    /// Returns `true` if the rule matches. `namespace` is the namespace of its policy.
    ///
    /// If the sidecar handles the traffic as bytes, fields about requests do not apply. A rule that allows is then
    /// omitted as a whole. Of a rule that denies only these fields are omitted, so it denies more.
    pub(super) fn matches(
        &self,
        context: &Context<'_>,
        action: Action,
        namespace: &str,
    ) -> Result<bool, NotModelledError> {
        if context.request.is_none() && action == Action::Allow && self.is_about_requests() {
            return Ok(false);
        }
        let from = self.from.iter().map(|from| from.source.matches(context, namespace));
        let to = self.to.iter().map(|to| to.operation.matches(context));
        let when = self.when.iter().map(|condition| condition.matches(context, namespace));
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
