//! What has to be written and deleted.

mod diff;
mod owned;
mod status;

pub use owned::Observed;
pub use status::{PortShares, State, Status};

use crate::adapter::{MeshAdapter, Translation};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject};
use crate::model::Model;
use crate::object::ObjectRef;
use crate::resolve::{Resolution, referable, resolve_observed};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use status::LazyIndex;
use std::collections::BTreeSet;

/// Writes and deletions, in an order that is safe at every step: writes by
/// [stage](crate::manifest::Stage), then deletions in reverse.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is to be done, in order. Empty: nothing differs.
    pub actions: Vec<Action>,
    /// The field manager of the writes: owner and adapter.
    pub field_manager: String,
}

/// One write or deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The object is not there.
    Create(Write),
    /// The object is ours and differs from what it should be.
    Replace(Write),
    /// The object is ours and no longer needed.
    Delete(Deletion),
}

/// An object to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The whole object. To replace one, it keeps `resourceVersion`, and labels, annotations and
    /// finalizers of others.
    pub object: NativeObject,
    policy: String,
}

/// An object to be deleted, if it is still the one that was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The object.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: Option<String>,
    /// Its version.
    pub resource_version: Option<String>,
    policy: String,
}

impl Action {
    /// The object that it is about.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::Create(write) | Self::Replace(write) => write.object.reference(),
            Self::Delete(deletion) => deletion.object.clone(),
        }
    }

    /// The policy that it serves, as text. Actions of different policies do not depend on each other.
    #[must_use]
    pub fn policy(&self) -> &str {
        match self {
            Self::Create(write) | Self::Replace(write) => &write.policy,
            Self::Delete(deletion) => &deletion.policy,
        }
    }
}

/// A plan, and everything that was found out on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// Every native object as it should be, sorted by kind and key, also those that are so already.
    pub manifests: Vec<Manifest>,
    /// What the authors of SMI objects should know, sorted and each of them once.
    pub diagnostics: Vec<Diagnostic>,
    /// What the snapshot means.
    pub model: Model,
    index: LazyIndex,
}

/// Resolves, translates, reviews and compares.
pub(crate) fn plan<A: MeshAdapter + ?Sized>(
    adapter: &A,
    snapshot: &Snapshot,
    settings: &Settings,
    observed: &Observed,
) -> Planned {
    let resolution = resolved(snapshot, settings, observed);
    let mut whole = Translation::default();
    for (_, policy) in resolution.model.policies() {
        whole.append(adapter.translate(policy));
    }
    complete(adapter, snapshot, settings, observed, resolution, whole)
}

/// Resolves a snapshot as a plan does: namespaces in which there are objects of ours for access control stay enforced
/// (A2).
#[must_use]
pub fn resolved(snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Resolution {
    resolve_observed(snapshot, settings, &observed.enforced())
}

/// Plans a translation of a whole snapshot. [`MeshAdapterExt::plan`](crate::adapter::MeshAdapterExt::plan) does so with
/// that of the adapter; this is for one that was edited, or made in another way.
///
/// `translation` holds the native objects of all policies of `resolution`, and what the mesh cannot express of them. The
/// objects are labelled, reviewed and compared with those that are observed; diagnostics of the resolution are added to
/// those of the translation.
pub fn complete<A: MeshAdapter + ?Sized>(
    adapter: &A,
    snapshot: &Snapshot,
    settings: &Settings,
    observed: &Observed,
    resolution: Resolution,
    translation: Translation,
) -> Planned {
    let Resolution { model, mut diagnostics } = resolution;
    let Translation {
        mut manifests,
        diagnostics: of_mesh,
    } = translation;
    diagnostics.extend(of_mesh);
    manifests.sort_by_cached_key(|manifest| manifest.object.reference());
    for manifest in &mut manifests {
        owned::decorate(manifest, adapter.name(), settings);
    }
    diagnostics.extend(observed.withhold_foreign(&mut manifests));
    observed.adopt_ages(&mut manifests);
    diagnostics.extend(adapter.review(&manifests, observed.foreign()));
    diagnostics.extend(unsaid(snapshot, settings, &manifests, &diagnostics));
    diagnostics.sort();
    diagnostics.dedup();
    Planned {
        plan: Plan {
            actions: diff::actions(adapter.kinds(), &manifests, observed.compared(snapshot)),
            field_manager: format!("{}-{}", settings.owner, adapter.name()),
        },
        manifests,
        diagnostics,
        model,
        index: LazyIndex::default(),
    }
}

/// Routes, groups and bindings that were in force in the model and came to nothing on this mesh: nothing is dropped
/// silently.
fn unsaid(
    snapshot: &Snapshot,
    settings: &Settings,
    manifests: &[Manifest],
    diagnostics: &[Diagnostic],
) -> Vec<Diagnostic> {
    let said: BTreeSet<&ObjectRef> = diagnostics.iter().map(|diagnostic| &diagnostic.object).collect();
    let used: BTreeSet<&ObjectRef> = manifests.iter().flat_map(|manifest| &manifest.sources).collect();
    referable(snapshot, settings)
        .filter(|object| !said.contains(object) && !used.contains(object))
        .map(|object| {
            let message = "the splits and traffic targets that refer to it have no effect on this mesh";
            Diagnostic::new(Code::Unreferenced, object, FieldPath::root(), message)
        })
        .collect()
}

#[cfg(test)]
mod tests;
