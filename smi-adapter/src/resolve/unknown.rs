//! Unknown fields: the parts of objects that have no effect because of them (I8).

use crate::object::ObjectRef;
use crate::settings::{Settings, UnknownFields};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;

/// The unknown fields of one object that may be restrictions.
#[derive(Clone, Copy)]
pub(super) struct Unknown<'a>(&'a [FieldPath]);

impl<'a> Unknown<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, settings: &Settings, object: &ObjectRef) -> Self {
        Self(match settings.unknown_fields {
            UnknownFields::Restrict => snapshot.unknown_fields(object),
            UnknownFields::Ignore => &[],
        })
    }

    /// Returns `true` if the object has none.
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if an item of a list contains one.
    pub(super) fn is_in(self, list: &str, index: usize) -> bool {
        self.0.iter().any(|field| field.index_in(list) == Some(index))
    }

    /// Returns `true` if one is outside of the items of these lists.
    pub(super) fn is_outside(self, lists: &[&str]) -> bool {
        let in_item = |field: &FieldPath| lists.iter().any(|list| field.index_in(list).is_some());
        self.0.iter().any(|field| !in_item(field))
    }
}
