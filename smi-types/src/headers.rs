//! The header filters of an HTTP match, which come in two wire forms.
//!
//! The specification at its last release writes a list of single-key maps, its later text and two
//! products write one map (D1). Both are read; a list is written.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// Header filters: names and the regular expressions that their values must match, all of them (S14).
///
/// Order and repetition are kept (S19). What was written but cannot be read as a filter is not dropped,
/// since a dropped filter would match more: see [`Headers::lost`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Name and value of each filter, as written.
    pub filters: Vec<(String, String)>,
    /// Whether a filter got lost on its way here: an empty map, an item without a name, or a value that is
    /// no string. API servers store a `null` value and the other wire form so. A match with a lost filter
    /// matches nothing (I6).
    pub lost: bool,
}

impl Headers {
    /// Whether there is nothing to fulfil: no filter, and none lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty() && !self.lost
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;

        impl<'de> Visitor<'de> for Both {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of maps or a map, from header names to regular expressions")
            }

            fn visit_unit<E>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(Item(item)) = items.next_element()? {
                    headers.filters.extend(item.filters);
                    headers.lost |= item.lost;
                }
                Ok(headers)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Headers, A::Error> {
                filters(map)
            }
        }

        deserializer.deserialize_any(Both)
    }
}

/// One map of the list form.
struct Item(Headers);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from header names to regular expressions")
            }

            fn visit_unit<E>(self) -> Result<Item, E> {
                Ok(Item(Headers {
                    lost: true,
                    ..Headers::default()
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
                filters(map).map(Item)
            }
        }

        deserializer.deserialize_any(Map)
    }
}

fn filters<'de, A: MapAccess<'de>>(mut map: A) -> Result<Headers, A::Error> {
    let mut headers = Headers {
        lost: true,
        ..Headers::default()
    };
    let mut all_read = true;
    while let Some((name, value)) = map.next_entry::<String, Value>()? {
        match value {
            Value::String(value) if !name.is_empty() => headers.filters.push((name, value)),
            _ => all_read = false,
        }
    }
    headers.lost = !all_read || headers.filters.is_empty();
    Ok(headers)
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (name, value) in &self.filters {
            list.serialize_element(&serde_json::json!({ name: value }))?;
        }
        if self.lost {
            list.serialize_element(&serde_json::json!({}))?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Headers {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn both_forms_and_their_mixtures_are_read() {
        // D1
        let expected = Headers {
            filters: vec![("a".into(), "b".into()), ("c".into(), "d".into())],
            lost: false,
        };
        for json in [
            r#"[{"a":"b"},{"c":"d"}]"#,
            r#"[{"a":"b","c":"d"}]"#,
            r#"{"a":"b","c":"d"}"#,
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
        assert_eq!(serde_json::to_string(&expected).unwrap(), r#"[{"a":"b"},{"c":"d"}]"#);
    }

    #[test]
    fn repeated_names_are_kept() {
        // S19
        assert_eq!(read(r#"[{"a":"b"},{"a":"c"}]"#).filters.len(), 2);
        assert_eq!(read(r#"{"a":"b","a":"c"}"#).filters.len(), 2);
    }

    #[test]
    fn a_lost_restriction_is_not_no_restriction() {
        // I6, S13
        for json in [
            "{}",
            "[{}]",
            "[null]",
            r#"[{"a":null}]"#,
            r#"{"a":null}"#,
            r#"[{"a":1}]"#,
            r#"[{"a":"b"},{}]"#,
            r#"{"":"b"}"#,
        ] {
            assert!(read(json).lost, "{json}");
            assert!(!read(json).is_empty(), "{json}");
            let again = serde_json::to_string(&read(json)).unwrap();
            assert_eq!(read(&again), read(json), "{json}");
        }
        for json in ["[]", "null"] {
            assert!(read(json).is_empty(), "{json}");
        }
    }
}
