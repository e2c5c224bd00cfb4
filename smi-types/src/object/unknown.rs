//! The unknown fields of an object (I8).

use super::fields::Shape;
use crate::path::{FieldPath, Place};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Returns the fields of an object that its wire type does not read, sorted. The wire type must have read the object.
pub(super) fn unknown_fields<'de, D: Deserializer<'de>>(json: D, shape: Shape) -> Result<Vec<FieldPath>, D::Error> {
    let mut unknown = Vec::new();
    let search = Search {
        shape,
        place: Place::Root,
        unknown: &mut unknown,
    };
    search.deserialize(json)?;
    unknown.sort();
    Ok(unknown)
}

/// The search in one value.
struct Search<'a> {
    shape: Shape,
    place: Place<'a>,
    unknown: &'a mut Vec<FieldPath>,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.shape {
            // The depth of this value is not limited, so it is skipped without recursion.
            Shape::Free => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ()),
            Shape::Struct(_) | Shape::List(_) => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let shape = match self.shape {
                Shape::List(item) => *item,
                // The code that serde derives also reads a struct from a list of its fields.
                Shape::Struct(fields) => fields.get(index).map_or(Shape::Free, |(_, shape)| *shape),
                Shape::Free => Shape::Free,
            };
            let search = Search {
                shape,
                place: self.place.index(index),
                unknown: self.unknown,
            };
            if items.next_element_seed(search)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = match self.shape {
            Shape::Struct(fields) => fields,
            Shape::List(_) | Shape::Free => &[],
        };
        while let Some(key) = map.next_key_seed(Key(fields))? {
            match key {
                Ok((name, shape)) => map.next_value_seed(Search {
                    shape,
                    place: self.place.field(name),
                    unknown: self.unknown,
                })?,
                Err(name) => {
                    self.unknown.push(self.place.path().field(name));
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a key as one of the known fields, or as its text.
struct Key(&'static [(&'static str, Shape)]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Result<(&'static str, Shape), String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Result<(&'static str, Shape), String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let known = self.0.iter().find(|(name, _)| *name == key);
        Ok(known.copied().ok_or_else(|| key.to_owned()))
    }
}
