//! What is ours in a cluster, and how it is marked.

use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject, Stage};
use crate::model::{Model, Policy};
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::Settings;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// Who writes an object.
const OWNER: &str = "app.kubernetes.io/managed-by";
/// By which adapter.
const ADAPTER: &str = "smi-adapter.dev/adapter";
/// For which SMI objects.
const SOURCES: &str = "smi-adapter.dev/sources";
/// How long that list may be, in bytes. An API server takes 262,144 of all annotations together.
const MAX_SOURCES: usize = 65_536;
/// Of which policy.
pub(super) const POLICY: &str = "smi-adapter.dev/policy";
/// When it is deleted.
pub(super) const STAGE: &str = "smi-adapter.dev/stage";

/// The native objects that were found in a cluster: ours, and those of others.
///
/// An object is ours if it carries the label `app.kubernetes.io/managed-by` with the owner of the
/// settings and the label `smi-adapter.dev/adapter` with the adapter's name, and lies within the scope.
/// Nothing else is compared, changed or deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub(super) ours: BTreeMap<ObjectRef, NativeObject>,
    foreign: Vec<NativeObject>,
    foreign_names: BTreeSet<ObjectRef>,
}

impl Observed {
    /// Sorts out the objects of a cluster.
    #[must_use]
    pub fn new(adapter: &str, settings: &Settings, objects: impl IntoIterator<Item = NativeObject>) -> Self {
        let mut observed = Self::default();
        for object in objects {
            let reference = object.reference();
            let ours = object.label(OWNER) == Some(settings.owner.as_str())
                && object.label(ADAPTER) == Some(adapter)
                && settings.scope.contains(&reference.key.namespace);
            if ours {
                observed.ours.insert(reference, object);
            } else {
                observed.foreign_names.insert(reference);
                observed.foreign.push(object);
            }
        }
        observed.foreign.sort_by_cached_key(NativeObject::reference);
        observed
    }

    /// Ours, sorted.
    pub fn ours(&self) -> impl Iterator<Item = &NativeObject> {
        self.ours.values()
    }

    /// Those of others, sorted.
    #[must_use]
    pub fn foreign(&self) -> &[NativeObject] {
        &self.foreign
    }

    /// Takes out manifests whose name somebody else's object has, and with one of them every grant of its
    /// policy: what a grant refers to must be ours.
    pub(super) fn withhold_foreign(
        &self,
        manifests: &mut Vec<Manifest>,
        model: &Model,
        left_out: &mut BTreeSet<(ObjectKey, u16)>,
    ) -> Vec<Diagnostic> {
        if self.foreign_names.is_empty() {
            return Vec::new();
        }
        let mut diagnostics = Vec::new();
        let mut withheld = BTreeSet::new();
        for manifest in manifests.iter() {
            let name = manifest.object.reference();
            if !self.foreign_names.contains(&name) {
                continue;
            }
            withheld.insert(manifest.policy.clone());
            let Some(Policy::Route(route)) = model.policy(&manifest.policy) else {
                continue;
            };
            for split in route.splits() {
                let message = format!(
                    "`{name}` is needed for this and belongs to somebody else: it lacks the labels `{OWNER}` and `{ADAPTER}` of ours; delete or rename it, or leave the split to its owner"
                );
                let object = ObjectRef::split(split.key().clone());
                diagnostics.push(Diagnostic::new(Code::ForeignObject, object, FieldPath::root(), message));
                left_out.extend(route.ports().iter().map(|port| (split.key().clone(), port.port())));
            }
        }
        manifests.retain(|manifest| {
            let grant_of_withheld = manifest.stage == Stage::Grant && withheld.contains(&manifest.policy);
            !grant_of_withheld && !self.foreign_names.contains(&manifest.object.reference())
        });
        diagnostics
    }

    /// Gives manifests the creation time of the object that is there, for meshes where the oldest wins.
    pub(super) fn adopt_ages(&self, manifests: &mut [Manifest]) {
        for manifest in manifests {
            if let Some(live) = self.ours.get(&manifest.object.reference()) {
                let created = &live.metadata.creation_timestamp;
                manifest.object.metadata.creation_timestamp.clone_from(created);
            }
        }
    }
}

/// Adds the labels and annotations of the settings and, above them, ours.
pub(super) fn decorate(manifest: &mut Manifest, adapter: &str, settings: &Settings) {
    let sources = sources(manifest);
    let metadata = &mut manifest.object.metadata;
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(settings.labels.clone());
    labels.insert(OWNER.into(), settings.owner.to_string());
    labels.insert(ADAPTER.into(), adapter.into());
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.extend(settings.annotations.clone());
    annotations.insert(SOURCES.into(), sources);
    annotations.insert(POLICY.into(), manifest.policy.to_string());
    annotations.insert(STAGE.into(), manifest.stage.to_string());
}

/// The SMI objects of a manifest, as far as there is room for them.
fn sources(manifest: &Manifest) -> String {
    let mut text = String::new();
    for (index, source) in manifest.sources.iter().enumerate() {
        let source = format!("{}/{}", source.kind, source.key);
        if text.len() + source.len() > MAX_SOURCES {
            let more = manifest.sources.len() - index;
            return format!("{text} and {more} more");
        }
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&source);
    }
    text
}
