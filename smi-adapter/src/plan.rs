//! What has to be written and deleted.

mod diff;
mod owned;
mod status;

pub use owned::Observed;
pub use status::{PortShares, Status};

use crate::adapter::{MeshAdapter, Translation};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject};
use crate::model::{Model, Policy};
use crate::object::{Kind, ObjectRef};
use crate::resolve::{Resolution, referable, resolve_observed};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
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
}

/// Resolves, translates, reviews and compares.
pub(crate) fn plan<A: MeshAdapter + ?Sized>(
    adapter: &A,
    snapshot: &Snapshot,
    settings: &Settings,
    observed: &Observed,
) -> Planned {
    let translator = Translator {
        name: adapter.name(),
        kinds: adapter.kinds(),
        review: &|desired, foreign| adapter.review(desired, foreign),
    };
    let (model, whole) = translated(|policy| adapter.translate(policy), snapshot, settings, observed);
    translator.complete(snapshot, settings, observed, model, whole)
}

/// What a snapshot means, and what becomes of all of it.
#[doc(hidden)]
pub fn translated(
    translate: impl Fn(&Policy) -> Translation,
    snapshot: &Snapshot,
    settings: &Settings,
    observed: &Observed,
) -> (Model, Translation) {
    let Resolution { model, diagnostics } = resolve_observed(snapshot, settings, &observed.enforced());
    let mut whole = Translation {
        manifests: Vec::with_capacity(model.policies.len()),
        diagnostics,
    };
    for (_, policy) in model.policies() {
        let translation = translate(policy);
        whole.manifests.extend(translation.manifests);
        whole.diagnostics.extend(translation.diagnostics);
    }
    (model, whole)
}

/// What native objects of others do to ours.
#[doc(hidden)]
pub type ReviewFn<'a> = dyn Fn(&[Manifest], &[NativeObject]) -> Vec<Diagnostic> + 'a;

/// Who translated.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "gone in the next step")]
pub struct Translator<'a> {
    #[doc(hidden)]
    pub name: &'a str,
    #[doc(hidden)]
    pub kinds: &'a [Kind],
    #[doc(hidden)]
    pub review: &'a ReviewFn<'a>,
}

impl Translator<'_> {
    /// Marks what was translated, reviews it, and compares it with what is there.
    #[doc(hidden)]
    pub fn complete(
        &self,
        snapshot: &Snapshot,
        settings: &Settings,
        observed: &Observed,
        model: Model,
        whole: Translation,
    ) -> Planned {
        let Translation {
            mut manifests,
            mut diagnostics,
        } = whole;
        manifests.sort_by_cached_key(|manifest| manifest.object.reference());
        for manifest in &mut manifests {
            owned::decorate(manifest, self.name, settings);
        }
        diagnostics.extend(observed.withhold_foreign(&mut manifests));
        observed.adopt_ages(&mut manifests);
        diagnostics.extend((self.review)(&manifests, observed.foreign()));
        diagnostics.extend(unsaid(snapshot, settings, &manifests, &diagnostics));
        diagnostics.sort();
        diagnostics.dedup();
        Planned {
            plan: Plan {
                actions: diff::actions(self.kinds, &manifests, observed),
                field_manager: format!("{}-{}", settings.owner, self.name),
            },
            manifests,
            diagnostics,
            model,
        }
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
