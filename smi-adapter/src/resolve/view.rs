//! The input of every step of resolution: the objects, the settings, and the results of earlier steps.

use super::index::Index;
use super::specs::Groups;
use super::unknown::Unknown;
use crate::model::route::HttpMatch;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::access::{IdentityBinding, TrafficTarget};
use std::sync::Arc;

/// Everything that resolution reads.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Settings,
    pub(super) index: &'a Index,
    groups: &'a Groups,
}

impl<'a> View<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, settings: &'a Settings, index: &'a Index, groups: &'a Groups) -> Self {
        Self {
            snapshot,
            settings,
            index,
            groups,
        }
    }

    /// Returns the usable matches of a route group; `None` if it counts as missing.
    pub(super) fn matches(self, group: &ObjectKey) -> Option<&'a [Arc<HttpMatch>]> {
        self.groups.get(group).map(Vec::as_slice)
    }

    /// Returns an identity binding in scope.
    pub(super) fn binding(self, key: &ObjectKey) -> Option<&'a IdentityBinding> {
        self.snapshot.scoped(self.settings).binding(key)
    }

    /// Returns the targets in scope.
    pub(super) fn targets(self) -> impl Iterator<Item = (&'a ObjectKey, &'a TrafficTarget)> {
        self.snapshot.scoped(self.settings).targets()
    }

    /// Returns the unknown fields of an object (I8).
    pub(super) fn unknown(self, object: &ObjectRef) -> Unknown<'a> {
        Unknown::of(self.snapshot, self.settings, object)
    }

    /// Returns `true` if an object is in scope and has no unknown field, which may be a restriction (I8).
    pub(super) fn is_whole(self, kind: Kind, key: &ObjectKey) -> bool {
        self.settings.scope.contains(&key.namespace) && self.unknown(&ObjectRef::new(kind, key.clone())).is_empty()
    }
}
