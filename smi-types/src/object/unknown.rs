//! The unknown fields of an object (I8).

use super::fields::{Known, Shape};
use super::scan::{Found, Scan, unescaped};
use super::source::Source;
use crate::path::{FieldPath, Place};
use serde_json::Value;

/// The unknown and the repeated fields of an object.
#[derive(Default)]
pub(super) struct Fields {
    /// The fields that the wire type does not read.
    pub(super) unknown: Vec<FieldPath>,
    /// Is `true` if an object repeats a known field.
    pub(super) are_repeated: bool,
}

impl Fields {
    /// Returns the fields of an object that could be read as the wire type of this shape.
    pub(super) fn of(source: Source<'_>, shape: Shape) -> Self {
        let mut fields = Self::default();
        match source {
            Source::Json(json) => _ = fields.scan(&mut Scan::new(json), shape, Place::Root),
            Source::Value(value) => fields.search(value, shape, Place::Root),
        }
        fields
    }

    /// Scans the next value. Returns `false` if there is none.
    fn scan(&mut self, scan: &mut Scan<'_>, shape: Shape, place: Place<'_>) -> bool {
        match (scan.next(), shape) {
            (Some(Found::Object), Shape::Struct(known)) => self.scan_object(scan, known, place),
            (Some(Found::List), Shape::Struct(_) | Shape::List(_)) => {
                for index in 0.. {
                    if !self.scan(scan, shape.item(index), place.index(index)) {
                        break;
                    }
                }
            }
            (Some(found), _) => scan.skip(found),
            (None, _) => return false,
        }
        true
    }

    fn scan_object(&mut self, scan: &mut Scan<'_>, known: &[Known], place: Place<'_>) {
        let find = |key: &[u8]| known.iter().position(|(name, _)| name.as_bytes() == key);
        let mut seen = 0_u64;
        while let Some(key) = scan.text() {
            let index = find(key).or_else(|| find(unescaped(key).as_bytes()));
            if let Some((index, (name, shape))) = index.and_then(|index| Some((index, known.get(index)?))) {
                self.are_repeated |= seen & (1 << index) != 0;
                seen |= 1 << index;
                self.scan(scan, *shape, place.field(name));
            } else {
                self.unknown.push(place.path().field(unescaped(key)));
                self.scan(scan, Shape::Free, place);
            }
        }
    }

    fn search(&mut self, value: &Value, shape: Shape, place: Place<'_>) {
        match (value, shape) {
            (Value::Object(fields), Shape::Struct(known)) => {
                for (key, value) in fields {
                    match known.iter().find(|(name, _)| name == key) {
                        Some((name, shape)) => self.search(value, *shape, place.field(name)),
                        None => self.unknown.push(place.path().field(key)),
                    }
                }
            }
            (Value::Array(items), Shape::Struct(_) | Shape::List(_)) => {
                for (index, item) in items.iter().enumerate() {
                    self.search(item, shape.item(index), place.index(index));
                }
            }
            _ => {}
        }
    }
}
