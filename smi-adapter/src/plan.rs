//! Plans: the writes and deletions that bring a cluster to its desired state.

mod apply;
mod diff;
mod ext;
mod owned;
mod status;

pub use apply::{Outcome, apply};
pub use ext::MeshAdapterExt;
pub use owned::Observed;
pub use status::{PortShares, State, Status};

pub(crate) use diff::{Turn, action};
pub(crate) use owned::{Origin, Withheld, adopt_age, decorate, is_access};
pub(crate) use status::{Known, grants};

use crate::adapter::{MeshAdapter, Translation};
use crate::cluster::Preconditions;
use crate::diagnostic::{Code, Diagnostic, followers};
use crate::manifest::{Manifest, NativeObject};
use crate::model::Model;
use crate::object::ObjectRef;
use crate::resolve::{Resolution, referable, resolve_observed};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use status::LazyIndex;
use std::collections::BTreeSet;

/// Writes and deletions, in an order that is safe at every step: writes by [stage](crate::manifest::Stage), then
/// deletions in reverse.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The actions, in order. There are none if nothing differs.
    pub actions: Vec<Action>,
    /// The field manager of the writes: owner and adapter.
    pub field_manager: String,
}

/// One write or deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Creates an object that does not exist yet.
    Create(Write),
    /// Replaces an object that is managed by us and differs from the desired one.
    Replace(Write),
    /// Deletes an object that is managed by us and no longer needed.
    Delete(Deletion),
}

/// An object to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The whole object. A replacement keeps the `resourceVersion`, and the labels, annotations and finalizers that
    /// others added.
    pub object: NativeObject,
    policy: String,
}

/// An object to be deleted, unless it has changed since it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The object.
    pub object: ObjectRef,
    /// The state in which it was observed.
    pub preconditions: Preconditions,
    policy: String,
}

impl Action {
    /// Returns the object that is written or deleted.
    #[must_use]
    pub fn object(&self) -> ObjectRef {
        match self {
            Self::Create(write) | Self::Replace(write) => write.object.reference(),
            Self::Delete(deletion) => deletion.object.clone(),
        }
    }

    /// Returns the policy that the action belongs to, as text. Actions of different policies are independent.
    #[must_use]
    pub fn policy(&self) -> &str {
        match self {
            Self::Create(write) | Self::Replace(write) => &write.policy,
            Self::Delete(deletion) => &deletion.policy,
        }
    }
}

/// A plan, together with the manifests, diagnostics and model that it results from.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Every desired native object, sorted by kind and key, including those that need no action.
    pub manifests: Vec<Manifest>,
    /// The diagnostics for the authors of SMI objects, sorted and without duplicates.
    pub diagnostics: Vec<Diagnostic>,
    /// The resolved meaning of the snapshot.
    pub model: Model,
    index: LazyIndex,
}

/// Resolves and translates a snapshot, then reviews the result and compares it with the observed objects.
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

/// Resolves a snapshot as a plan does: namespaces that contain access control objects managed by us stay enforced (A2).
#[must_use]
pub fn resolved(snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Resolution {
    resolve_observed(snapshot, settings, observed.enforced())
}

/// Plans a given translation of a whole snapshot.
///
/// [`MeshAdapterExt::plan`] does this for the adapter's own translation. Use this
/// function for a translation that was edited or obtained in another way.
///
/// `translation` contains the native objects of all policies of `resolution`, and reports of everything that the mesh
/// cannot express. The objects are labelled, reviewed and compared with the observed ones. The diagnostics of the
/// resolution are added to those of the translation.
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
        diagnostics: translation_diagnostics,
    } = translation;
    // Those of the resolution have their origins.
    let located = diagnostics.len();
    diagnostics.extend(translation_diagnostics);
    // The translation may come from an implementation that does not know what the snapshot covers.
    manifests.retain(|manifest| snapshot.covers_workloads() || !manifest.policy.is_access());
    manifests.sort_by(|one, other| one.object.order().cmp(&other.object.order()));
    for manifest in &mut manifests {
        owned::decorate(manifest, adapter.name(), settings);
    }
    if !observed.foreign().is_empty() {
        let is_foreign = |object: &NativeObject| observed.find_foreign(object).is_some();
        let (withheld, reports) = Withheld::of(&manifests, is_foreign);
        manifests.retain(|manifest| !withheld.contains(manifest, is_foreign));
        diagnostics.extend(reports);
    }
    observed.adopt_ages(&mut manifests);
    let (desired, foreign): (Vec<_>, Vec<_>) = (manifests.iter().collect(), observed.foreign().iter().collect());
    diagnostics.extend(adapter.review(&desired, &foreign));
    diagnostics.extend(unreferenced(snapshot, settings, &manifests, &diagnostics));
    snapshot.locate(diagnostics.iter_mut().skip(located));
    diagnostics.sort();
    diagnostics.dedup();
    followers::remove(&mut diagnostics);
    Planned {
        plan: Plan {
            actions: diff::actions(adapter.kinds(), &manifests, observed.compared(snapshot)),
            field_manager: field_manager(adapter.name(), settings),
        },
        manifests,
        diagnostics,
        model,
        index: LazyIndex::default(),
    }
}

/// Returns the field manager of the writes.
pub(crate) fn field_manager(adapter: &str, settings: &Settings) -> String {
    format!("{}-{adapter}", settings.owner)
}

/// Reports the routes, groups and bindings that are in force in the model and have no effect on this mesh, so that
/// nothing is dropped silently.
fn unreferenced(
    snapshot: &Snapshot,
    settings: &Settings,
    manifests: &[Manifest],
    diagnostics: &[Diagnostic],
) -> Vec<Diagnostic> {
    let mut silent: BTreeSet<ObjectRef> = referable(snapshot, settings).collect();
    for diagnostic in diagnostics {
        silent.remove(&diagnostic.object);
    }
    for source in manifests.iter().flat_map(|manifest| &manifest.sources) {
        silent.remove(source);
    }
    silent.into_iter().map(without_effect).collect()
}

/// Returns the diagnostic on an object that is referred to, but only by objects without an effect.
pub(crate) fn without_effect(object: ObjectRef) -> Diagnostic {
    let message = "no effect: the splits and traffic targets that refer to this are not in force";
    Diagnostic::new(Code::Unreferenced, object, FieldPath::root(), message)
}

#[cfg(test)]
mod tests;
