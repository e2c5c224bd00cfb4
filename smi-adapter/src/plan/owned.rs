//! What is ours in a cluster, and how it is marked.

use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject, Stage, authors};
use crate::object::ObjectRef;
use crate::settings::{Enforcement, Settings};
use crate::snapshot::Snapshot;
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
/// Nothing else is compared, changed or deleted, and of access control nothing at all with
/// [`Enforcement::Off`](crate::settings::Enforcement::Off) or where a snapshot does not [cover](Snapshot#coverage)
/// workloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    ours: BTreeMap<ObjectRef, NativeObject>,
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
            if ours && settings.enforcement == Enforcement::Off && is_access(&object) {
                // Neither compared nor deleted.
                continue;
            }
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

    /// Ours as far as `snapshot` can tell what they should be: without workloads, all but those of access control.
    pub(super) fn compared(&self, snapshot: &Snapshot) -> BTreeMap<&ObjectRef, &NativeObject> {
        let known = |object: &NativeObject| snapshot.covers_workloads() || !is_access(object);
        self.ours.iter().filter(|(_, object)| known(object)).collect()
    }

    /// The namespaces in which there are objects of ours for access control: they are enforced (A2).
    pub(super) fn enforced(&self) -> BTreeSet<String> {
        let access = self.ours.values().filter(|object| is_access(object));
        access.map(|object| object.key().namespace).collect()
    }

    /// Those of others, sorted.
    #[must_use]
    pub fn foreign(&self) -> &[NativeObject] {
        &self.foreign
    }

    /// Takes out manifests whose name somebody else's object has, and with one of them every grant of its
    /// policy: what a grant refers to must be ours.
    pub(super) fn withhold_foreign(&self, manifests: &mut Vec<Manifest>) -> Vec<Diagnostic> {
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
            let message = format!(
                "`{name}` is needed for this and belongs to somebody else: it lacks the labels `{OWNER}` and `{ADAPTER}` of ours; delete or rename it, or leave this to its owner"
            );
            for object in authors(&manifest.sources) {
                let (object, message) = (object.clone(), message.clone());
                let foreign = Diagnostic::new(Code::ForeignObject, object, FieldPath::root(), message);
                diagnostics.push(foreign.caused_by(name.clone()));
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

/// Whether an object of ours is for access control, by either of its marks.
fn is_access(object: &NativeObject) -> bool {
    let policy = object.annotation(POLICY).unwrap_or_default();
    let stage = object.annotation(STAGE);
    let access = [Stage::Leaf, Stage::Grant, Stage::Deny];
    policy.starts_with("access/")
        || policy.starts_with("baseline/")
        || access.iter().any(|access| stage == Some(access.as_str()))
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
        let source = source.to_string().replace(' ', "/");
        if text.len() + source.len() > MAX_SOURCES {
            let more = manifest.sources.len() - index;
            return format!("{text} and {more} more");
        }
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&source);
    }
    text
}
