//! What happened in a run.

use super::{Law, Subject};
use crate::conformance::coverage::Coverage;
use crate::conformance::{Cases, Report};

/// What happened in a run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) coverage: Coverage,
    pub(super) probes: u64,
    pub(super) either: u64,
    pub(super) excused: u64,
    pub(super) refused: u64,
    pub(super) not_modelled: u64,
    /// Why, the first time.
    pub(super) first_not_modelled: Option<String>,
}

impl Tally {
    pub(super) fn report(self, law: &Law, subject: &Subject<'_>, cases: Cases) -> Report {
        let classes = law.classes.iter().copied();
        let unverified = self.coverage.rare(classes.clone(), cases.least());
        let mut coverage = Coverage::of(classes);
        coverage.add(&self.coverage);
        Report {
            law: law.name,
            adapter: subject.adapter.name().to_owned(),
            worlds: cases.worlds(),
            probes: self.probes,
            either: self.either,
            excused: self.excused,
            refused: self.refused,
            not_modelled: self.not_modelled,
            classes: coverage,
            unverified,
        }
    }
}
