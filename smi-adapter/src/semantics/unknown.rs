//! Unknown fields: each may be a restriction, so the smallest part of the object that contains it has no effect (I8).

use super::trace::Reason;
use crate::object::ObjectRef;
use crate::settings::{Settings, UnknownFields};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use smi_types::path::Segment;

/// The unknown fields of one object that may be restrictions, as paths in the version that the object was read in (I8).
pub(super) struct Unknown<'s>(&'s [FieldPath]);

impl<'s> Unknown<'s> {
    /// Returns the unknown fields of an object. There are none if the settings ignore them (I8).
    pub(super) fn of(snapshot: &'s Snapshot, settings: &Settings, object: &ObjectRef) -> Self {
        match settings.unknown_fields {
            UnknownFields::Restrict => Self(snapshot.unknown_fields(object)),
            UnknownFields::Ignore => Self(&[]),
        }
    }

    /// Returns `Ok` if the object has no unknown field (I8).
    pub(super) fn nowhere(&self) -> Result<(), Reason> {
        self.none(|_| true)
    }

    /// Returns `Ok` if this part of the object has no unknown field (I8).
    pub(super) fn not_in(&self, part: &FieldPath) -> Result<(), Reason> {
        self.none(|field| field.starts_with(part))
    }

    /// Returns `Ok` if the object has no unknown field outside of the items of these lists (I8). A field at the root of
    /// the object is outside, even if the version has a `spec`.
    pub(super) fn only_in_items(&self, lists: &[FieldPath]) -> Result<(), Reason> {
        self.none(|field| !lists.iter().any(|list| is_in_item(field, list)))
    }

    fn none(&self, is_affected: impl Fn(&FieldPath) -> bool) -> Result<(), Reason> {
        match self.0.iter().find(|field| is_affected(field)) {
            Some(field) => {
                let why = format!("the field `{field}` is unknown and may be a restriction");
                Err(Reason::new("I8", why))
            }
            None => Ok(()),
        }
    }
}

/// Returns `true` if a field is in an item of the list.
fn is_in_item(field: &FieldPath, list: &FieldPath) -> bool {
    let next = field.segments().nth(list.segments().len());
    field.starts_with(list) && matches!(next, Some(Segment::Index(_)))
}
