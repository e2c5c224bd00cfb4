//! The unknown fields of an object (I8).

use super::fields::Shape;
use super::source::Source;
use crate::path::{FieldPath, Place};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The unknown and the repeated fields of an object.
#[derive(Default)]
pub(super) struct Fields {
    /// The fields that the wire type does not read.
    pub(super) unknown: Vec<FieldPath>,
    /// Is `true` if an object repeats a known field.
    pub(super) are_repeated: bool,
}

impl Fields {
    pub(super) fn of(source: Source<'_>, shape: Shape) -> serde_json::Result<Self> {
        let mut found = Self::default();
        let search = Search {
            shape,
            place: Place::Root,
            found: &mut found,
        };
        match source {
            Source::Json(json) => search.deserialize(&mut serde_json::Deserializer::from_slice(json))?,
            Source::Value(value) => search.deserialize(value)?,
        }
        Ok(found)
    }
}

/// The search in one value.
struct Search<'a> {
    shape: Shape,
    place: Place<'a>,
    found: &'a mut Fields,
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
                found: self.found,
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
        let mut seen = 0_u64;
        while let Some(key) = map.next_key_seed(Key(fields))? {
            match key {
                Ok((index, (name, shape))) => {
                    self.found.are_repeated |= seen & (1 << index) != 0;
                    seen |= 1 << index;
                    map.next_value_seed(Search {
                        shape,
                        place: self.place.field(name),
                        found: self.found,
                    })?;
                }
                Err(name) => {
                    self.found.unknown.push(self.place.path().field(name));
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

type Known = (&'static str, Shape);

/// Reads a key as one of the known fields and its index, or as its text.
struct Key(&'static [Known]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Result<(usize, Known), String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Result<(usize, Known), String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let known = self.0.iter().copied().enumerate().find(|(_, (name, _))| *name == key);
        Ok(known.ok_or_else(|| key.to_owned()))
    }
}
