//! Traces: the steps by which the reference reached an answer, and the reasons that clauses do not hold.

use super::outcome::Outcome;
use crate::object::ObjectRef;
use std::fmt::{self, Display};

/// The explanation of a routing or an authorization: the steps in the order in which they were decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Step>);

/// One examined object, and the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule that decided, such as `T20`.
    pub rule: &'static str,
    /// The examined object.
    pub object: ObjectRef,
    /// The outcome for the object.
    pub outcome: Outcome,
}

impl Trace {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Returns the split that takes the traffic (T29), if there is one.
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

/// Writes `TrafficSplit shop/canary: is passed over because the request fulfils none of its matches (T12)`.
impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.object, self.outcome, self.rule)
    }
}

/// The reason that a clause does not hold.
pub(super) struct Reason {
    pub(super) rule: &'static str,
    /// The text: lower case, without a period, values in backticks.
    pub(super) why: String,
}

impl Reason {
    pub(super) fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}
