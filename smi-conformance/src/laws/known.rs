//! What is wrong with an input whatever the mesh.

use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::ObjectRef;
use smi_adapter::resolve::resolve;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeSet;

/// What the library reports for every mesh. The reference takes it into account, so that it is no difference between a
/// mesh and the specification.
///
/// It goes by code and object: an implementation by hand says the same in words of its own.
pub(super) struct Known(BTreeSet<(Code, ObjectRef)>);

impl Known {
    pub(super) fn of(snapshot: &Snapshot, settings: &Settings) -> Self {
        let diagnostics = resolve(snapshot, settings).diagnostics.into_iter();
        Self(diagnostics.map(|it| (it.code, it.object)).collect())
    }

    pub(super) fn contains(&self, diagnostic: &Diagnostic) -> bool {
        self.0.contains(&(diagnostic.code, diagnostic.object.clone()))
    }
}
