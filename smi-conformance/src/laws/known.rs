//! The diagnostics of an input that hold for every mesh.

use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::ObjectRef;
use smi_adapter::resolve::resolve;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeSet;

/// The diagnostics that the library reports for every mesh. The reference takes them into account, so they are not
/// differences between a mesh and the specification.
///
/// They are compared by code and object, since other implementations use messages of their own.
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
