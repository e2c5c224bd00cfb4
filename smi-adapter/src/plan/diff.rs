//! Comparison of existing objects with desired ones.

use super::owned::{STAGE, text};
use super::{Action, Deletion, Write};
use crate::cluster::Preconditions;
use crate::manifest::{Manifest, NativeObject, Stage};
use crate::object::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Returns the actions that turn `live`, which are managed by us, into `manifests`. Both are sorted.
pub(super) fn actions<'a>(
    kinds: &[Kind],
    manifests: &[Manifest],
    live: impl Iterator<Item = &'a NativeObject>,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut live = live.peekable();
    for manifest in manifests {
        let order = manifest.object.order();
        while let Some(gone) = live.next_if(|live| live.order() < order) {
            actions.extend(action(kinds, None, Some(gone)));
        }
        let live = live.next_if(|live| live.order() == order);
        actions.extend(action(kinds, Some(manifest), live));
    }
    actions.extend(live.filter_map(|gone| action(kinds, None, Some(gone))));
    // The sort is stable, so objects stay sorted by key within a stage and kind.
    actions.sort_by_key(|(turn, _)| *turn);
    actions.into_iter().map(|(_, action)| action).collect()
}

/// The turn of an action: writes by stage and kind, then deletions in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    Write(Stage, usize),
    Delete(Reverse<(Stage, usize)>),
}

/// Returns the action that turns an existing object, managed by us, into the desired one, if it differs.
pub(crate) fn action(
    kinds: &[Kind],
    desired: Option<&Manifest>,
    live: Option<&NativeObject>,
) -> Option<(Turn, Action)> {
    let rank = |kind: &Kind| kinds.iter().position(|known| known == kind).unwrap_or(kinds.len());
    let Some(manifest) = desired else {
        let live = live?;
        let turn = Turn::Delete(Reverse((stage(live), rank(&live.kind))));
        return Some((turn, Action::Delete(deletion(live))));
    };
    let write = |object| Write {
        object,
        policy: text(&manifest.policy),
    };
    let action = match live {
        None => Action::Create(write(manifest.object.clone())),
        Some(live) if equal(&manifest.object, live) => return None,
        Some(live) => Action::Replace(write(replacement(&manifest.object, live))),
    };
    Some((Turn::Write(manifest.stage, rank(&manifest.object.kind)), action))
}

/// Returns `true` if an existing object needs no write: it has the desired spec and owners, and at least the desired
/// labels and annotations.
fn equal(desired: &NativeObject, live: &NativeObject) -> bool {
    desired.spec == live.spec
        && owners(desired) == owners(live)
        && contains(live.metadata.labels.as_ref(), desired.metadata.labels.as_ref())
        && contains(
            live.metadata.annotations.as_ref(),
            desired.metadata.annotations.as_ref(),
        )
}

fn owners(object: &NativeObject) -> &[OwnerReference] {
    object.metadata.owner_references.as_deref().unwrap_or_default()
}

fn contains(all: Option<&BTreeMap<String, String>>, some: Option<&BTreeMap<String, String>>) -> bool {
    some.into_iter()
        .flatten()
        .all(|(name, value)| all.and_then(|all| all.get(name)) == Some(value))
}

/// Returns the desired object with the live object's metadata, to which others may have added labels, annotations and
/// finalizers.
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

fn deletion(live: &NativeObject) -> Deletion {
    let object = live.reference();
    Deletion {
        preconditions: Preconditions {
            uid: live.metadata.uid.clone(),
            resource_version: live.metadata.resource_version.clone(),
        },
        // An object without the annotation does not depend on others.
        policy: live.policy().map_or_else(|| object.to_string(), str::to_owned),
        object,
    }
}

/// Returns the stage that an object is annotated with. An object without the annotation is deleted last, so that it
/// keeps denying until then.
fn stage(live: &NativeObject) -> Stage {
    let name = live.annotation(STAGE);
    let known = Stage::ALL.into_iter().find(|stage| Some(stage.as_str()) == name);
    known.unwrap_or(Stage::Leaf)
}
