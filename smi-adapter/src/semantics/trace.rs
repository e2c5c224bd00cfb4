//! Traces: the steps by which the reference came to an answer, and why a clause does not hold.

use super::outcome::Outcome;
use crate::object::ObjectRef;
use std::fmt::{self, Display};

/// Why traffic goes where it goes, or is allowed or denied, in the order in which that was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Step>);

/// One thing that was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule that decided, such as `T20`.
    pub rule: &'static str,
    /// What was looked at.
    pub object: ObjectRef,
    /// What came of it.
    pub outcome: Outcome,
}

impl Trace {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The split that takes the traffic (T29), if one does.
    #[must_use]
    pub fn taken_by(&self) -> Option<&ObjectRef> {
        let takes = |step: &&Step| matches!(step.outcome, Outcome::Takes { .. });
        self.0.iter().find(takes).map(|step| &step.object)
    }

    pub(super) fn record(&mut self, rule: &'static str, object: ObjectRef, outcome: Outcome) {
        self.0.push(Step { rule, object, outcome });
    }
}

/// Writes a line for each step.
impl Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

/// Writes `TrafficSplit shop/canary: is passed over: the request fulfils none of its matches (T12)`.
impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.object, self.outcome, self.rule)
    }
}

/// Why a clause does not hold.
pub(super) struct Reason {
    pub(super) rule: &'static str,
    /// In words: lower case, without a period, values of users in backticks.
    pub(super) why: String,
}

impl Reason {
    pub(super) fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}
