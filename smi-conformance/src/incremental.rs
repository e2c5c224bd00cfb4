//! Incremental implementations: what the law `incremental` compares with a plan from scratch.

use smi_adapter::MeshAdapter;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::engine::{Changes, Edit, Engine};
use smi_adapter::manifest::Manifest;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{MeshAdapterExt, Observed, Plan, Planned, Status};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;

/// An engine that follows edits, with the plan from scratch that its answers must equal.
pub trait Incremental {
    /// Takes one change.
    fn edit(&mut self, edit: Edit);

    /// Returns the actions that are needed now.
    fn plan(&mut self) -> Plan;

    /// Returns the diagnostics that appeared and went since the last call.
    fn diagnostics(&mut self) -> Changes;

    /// Returns the status of an object.
    fn status(&mut self, object: &ObjectRef) -> Status;

    /// Returns the desired objects.
    fn manifests(&mut self) -> Vec<Manifest>;

    /// Returns the objects that it knows.
    fn snapshot(&self) -> &Snapshot;

    /// Plans from scratch, without the engine.
    fn one_shot(&self, snapshot: &Snapshot, observed: &Observed) -> Planned;
}

/// The engine of an adapter.
pub(super) struct OfAdapter<'a, A: ?Sized> {
    adapter: &'a A,
    settings: Settings,
    engine: Engine<&'a A>,
}

impl<'a, A: MeshAdapter + ?Sized> OfAdapter<'a, A> {
    /// Creates an engine without objects.
    pub(super) fn new(adapter: &'a A, settings: &Settings) -> Self {
        Self {
            adapter,
            settings: settings.clone(),
            engine: Engine::new(adapter, settings.clone()),
        }
    }
}

impl<A: MeshAdapter + ?Sized> Incremental for OfAdapter<'_, A> {
    fn edit(&mut self, edit: Edit) {
        self.engine.edit(edit);
    }

    fn plan(&mut self) -> Plan {
        self.engine.plan()
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
        MeshAdapterExt::plan(self.adapter, snapshot, &self.settings, observed)
    }
}

/// The diagnostics that are in force after all changes so far.
#[derive(Debug, Default)]
pub(super) struct Accumulated(Vec<Diagnostic>);

impl Accumulated {
    /// Takes the changes since the last call. Returns an error if one of them cannot have happened.
    pub(super) fn take(&mut self, changes: Changes) -> Result<(), String> {
        for gone in changes.gone {
            let place = self.0.binary_search(&gone);
            let place = place.map_err(|_| format!("a diagnostic went that was not there: `{gone}`"))?;
            self.0.remove(place);
        }
        for appeared in changes.appeared {
            match self.0.binary_search(&appeared) {
                Ok(_) => return Err(format!("a diagnostic appeared twice: `{appeared}`")),
                Err(place) => self.0.insert(place, appeared),
            }
        }
        Ok(())
    }

    /// Returns the diagnostics, sorted.
    pub(super) fn all(&self) -> &[Diagnostic] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::diagnostic::Code;
    use smi_adapter::object::ObjectKey;
    use smi_adapter::smi_types::FieldPath;

    #[test]
    fn refuses_changes_that_cannot_have_happened() {
        let [one, other] = ["one", "other"].map(|name| {
            let object = ObjectRef::split(ObjectKey::new("shop", name));
            Diagnostic::new(Code::Redundant, object, FieldPath::root(), "")
        });
        let changes = |appeared: &[&Diagnostic], gone: &[&Diagnostic]| Changes {
            appeared: appeared.iter().map(|it| (*it).clone()).collect(),
            gone: gone.iter().map(|it| (*it).clone()).collect(),
        };
        let mut all = Accumulated::default();
        all.take(changes(&[&other, &one], &[])).unwrap();
        assert_eq!(all.all(), [one.clone(), other.clone()]);
        assert!(all.take(changes(&[&one], &[])).unwrap_err().contains("appeared twice"));
        all.take(changes(&[], &[&one])).unwrap();
        assert!(all.take(changes(&[], &[&one])).unwrap_err().contains("was not there"));
        assert_eq!(all.all(), [other]);
    }
}
