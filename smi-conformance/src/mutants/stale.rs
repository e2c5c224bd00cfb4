//! The engine of a mutant, which does not plan again after some edits.

use crate::incremental::Incremental;
use smi_adapter::engine::{Changes, Edit};
use smi_adapter::manifest::Manifest;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{Observed, Plan, Planned, Status};
use smi_adapter::snapshot::Snapshot;

/// An engine that returns its last plan until an edit happens that it does not miss.
pub(super) struct Stale<E> {
    engine: E,
    misses: fn(&Edit) -> bool,
    last: Option<Plan>,
}

impl<E> Stale<E> {
    pub(super) fn new(engine: E, misses: fn(&Edit) -> bool) -> Self {
        let last = None;
        Self { engine, misses, last }
    }
}

impl<E: Incremental> Incremental for Stale<E> {
    fn edit(&mut self, edit: Edit) -> Result<(), String> {
        if !(self.misses)(&edit) {
            self.last = None;
        }
        self.engine.edit(edit)
    }

    fn plan(&mut self) -> Result<Plan, String> {
        if let Some(last) = &self.last {
            return Ok(last.clone());
        }
        let plan = self.engine.plan()?;
        Ok(self.last.insert(plan).clone())
    }

    fn diagnostics(&mut self) -> Result<Changes, String> {
        self.engine.diagnostics()
    }

    fn statuses(&mut self, objects: Vec<ObjectRef>) -> Result<Vec<Status>, String> {
        self.engine.statuses(objects)
    }

    fn manifests(&mut self) -> Result<Vec<Manifest>, String> {
        self.engine.manifests()
    }

    fn snapshot(&mut self) -> Result<Snapshot, String> {
        self.engine.snapshot()
    }

    fn one_shot(&self, snapshot: &Snapshot, observed: &Observed) -> Planned {
        self.engine.one_shot(snapshot, observed)
    }
}
