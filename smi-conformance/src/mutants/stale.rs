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
    fn edit(&mut self, edit: Edit) {
        if !(self.misses)(&edit) {
            self.last = None;
        }
        self.engine.edit(edit);
    }

    fn plan(&mut self) -> Plan {
        let plan = self.last.take().unwrap_or_else(|| self.engine.plan());
        self.last.insert(plan).clone()
    }

    fn diagnostics(&mut self) -> Changes {
        self.engine.diagnostics()
    }

    fn status(&mut self, object: &ObjectRef) -> Status {
        self.engine.status(object)
    }

    fn manifests(&mut self) -> Vec<Manifest> {
        self.engine.manifests()
    }

    fn snapshot(&self) -> &Snapshot {
        self.engine.snapshot()
    }

    fn one_shot(&self, snapshot: &Snapshot, observed: &Observed) -> Planned {
        self.engine.one_shot(snapshot, observed)
    }
}
