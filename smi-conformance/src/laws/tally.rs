//! The counts of a run, from which its report is made.

use super::{Asks, Definition, Subject};
use crate::coverage::Coverage;
use crate::{Cases, Report};
use smi_adapter::plan::Planned;
use std::collections::BTreeMap;

/// The counts of a run: queries, outcomes and coverage.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) coverage: Coverage,
    pub(super) queries: u64,
    pub(super) either: u64,
    pub(super) excused: u64,
    pub(super) refused: u64,
    pub(super) not_modelled: u64,
    /// The number of reports of what the adapter cannot express, by diagnostic code.
    pub(super) deviations: BTreeMap<String, u64>,
    /// The reason of the first query that is not modelled.
    pub(super) first_not_modelled: Option<String>,
}

impl Tally {
    /// Counts a world in which the plan has native objects.
    pub(super) fn planned(&mut self, planned: &Planned) {
        let has_objects = !planned.manifests.is_empty();
        self.coverage.note_if(has_objects, "world with native objects");
    }

    pub(super) fn report(self, law: &Definition, subject: &Subject<'_>, cases: Cases) -> Report {
        let supported = law.is_about(subject.adapter);
        let of_adapter = |class: &&&str| supported && side(class).is_none_or(|side| side.is_supported(subject.adapter));
        let classes = law.classes.iter().filter(of_adapter).copied();
        let unverified = self.coverage.rare(classes.clone(), cases.least());
        let mut coverage = Coverage::of(classes);
        coverage.add(&self.coverage);
        Report {
            law: law.name,
            adapter: subject.adapter.name().to_owned(),
            supported,
            worlds: cases.worlds(),
            queries: self.queries,
            either: self.either,
            excused: self.excused,
            refused: self.refused,
            not_modelled: self.not_modelled,
            deviations: self.deviations,
            classes: coverage,
            unverified,
        }
    }
}

/// Returns the queries whose features an adapter must support so that a class can happen, if it depends on them.
fn side(class: &str) -> Option<Asks> {
    match class {
        "a split without native objects"
        | "a split with matches in force"
        | "edit: a weight"
        | "edit: a pattern"
        | "edit: the age of a split"
        | "edit: a split goes"
        | "edit: a route group goes"
        | "many backends"
        | "many splits" => Some(Asks::Routing),
        "a grant in force"
        | "workloads not covered"
        | "edit: a source goes"
        | "edit: a target goes"
        | "edit: a rule changes"
        | "edit: a route or binding goes"
        | "many targets"
        | "many sources" => Some(Asks::Access),
        _ => None,
    }
}
