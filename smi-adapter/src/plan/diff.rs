//! From what is there to what should be.

use super::owned::{Observed, POLICY, STAGE};
use super::{Action, Deletion, Write};
use crate::manifest::{Manifest, NativeObject, Stage};
use crate::object::{Kind, ObjectRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn actions(kinds: &[Kind], manifests: &[Manifest], observed: &Observed) -> Vec<Action> {
    let rank = |kind: &Kind| kinds.iter().position(|known| known == kind).unwrap_or(kinds.len());
    let mut writes = Vec::new();
    let mut wanted = BTreeSet::new();
    for manifest in manifests {
        let reference = manifest.object.reference();
        let order = (manifest.stage, rank(&reference.kind));
        let policy = manifest.policy.to_string();
        match observed.ours.get(&reference) {
            None => {
                let object = manifest.object.clone();
                writes.push((order, Action::Create(Write { object, policy })));
            }
            Some(live) if !equal(&manifest.object, live) => {
                let object = replacement(&manifest.object, live);
                writes.push((order, Action::Replace(Write { object, policy })));
            }
            Some(_) => {}
        }
        wanted.insert(reference);
    }
    // Stable: by key within a stage and kind.
    writes.sort_by_key(|(order, _)| *order);

    let unwanted = observed
        .ours
        .iter()
        .filter(|(reference, _)| !wanted.contains(*reference));
    let mut deletions: Vec<_> = unwanted
        .map(|(reference, live)| {
            let order = (stage(live), rank(&reference.kind));
            (order, Action::Delete(deletion(reference, live)))
        })
        .collect();
    deletions.sort_by_key(|(order, _)| std::cmp::Reverse(*order));

    writes.into_iter().chain(deletions).map(|(_, action)| action).collect()
}

/// Whether an object of ours is as it should be: the spec and the owners equal, labels and annotations of
/// ours among those that are there.
fn equal(desired: &NativeObject, live: &NativeObject) -> bool {
    let owners = |metadata: &ObjectMeta| metadata.owner_references.clone().unwrap_or_default();
    desired.spec == live.spec
        && owners(&desired.metadata) == owners(&live.metadata)
        && contains(live.metadata.labels.as_ref(), desired.metadata.labels.as_ref())
        && contains(
            live.metadata.annotations.as_ref(),
            desired.metadata.annotations.as_ref(),
        )
}

fn contains(all: Option<&BTreeMap<String, String>>, some: Option<&BTreeMap<String, String>>) -> bool {
    some.into_iter()
        .flatten()
        .all(|(name, value)| all.and_then(|all| all.get(name)) == Some(value))
}

/// The desired object in the place of the live one, with what others put into its metadata.
fn replacement(desired: &NativeObject, live: &NativeObject) -> NativeObject {
    let mut metadata = live.metadata.clone();
    metadata.managed_fields = None;
    metadata.owner_references.clone_from(&desired.metadata.owner_references);
    let labels = desired.metadata.labels.clone().unwrap_or_default();
    metadata.labels.get_or_insert_default().extend(labels);
    let annotations = desired.metadata.annotations.clone().unwrap_or_default();
    metadata.annotations.get_or_insert_default().extend(annotations);
    NativeObject {
        metadata,
        ..desired.clone()
    }
}

fn deletion(reference: &ObjectRef, live: &NativeObject) -> Deletion {
    Deletion {
        object: reference.clone(),
        uid: live.metadata.uid.clone(),
        resource_version: live.metadata.resource_version.clone(),
        // Without the mark it is on its own.
        policy: live
            .annotation(POLICY)
            .map_or_else(|| reference.to_string(), str::to_owned),
    }
}

/// The stage that an object is marked with. Without the mark it goes last: what it denied until then, it
/// goes on denying.
fn stage(live: &NativeObject) -> Stage {
    let mark = live.annotation(STAGE);
    let known = Stage::ALL.into_iter().find(|stage| Some(stage.as_str()) == mark);
    known.unwrap_or(Stage::Leaf)
}
