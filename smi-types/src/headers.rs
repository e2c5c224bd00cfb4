//! The header filters of an HTTP match, which come in two wire forms.
//!
//! The specification at its last release writes a list of single-key maps, its later text and two
//! products write one map (D1). Both are read, and written as they were read: CRDs accept only one of them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
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
    /// How they are written.
    pub form: HeaderForm,
}

/// The wire forms of header filters. A CRD accepts one of them (D1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderForm {
    /// `[{"x-a": "1"}, {"x-b": "2"}]`: the last release of the specification, the CRDs of its Go SDK, OSM
    /// and Traefik Mesh.
    #[default]
    List,
    /// `{"x-a": "1", "x-b": "2"}`: the later text, the CRDs of the controller SDK and NGINX Service Mesh.
    /// It cannot say a name twice, nor that some of several filters got lost: writing that is an error,
    /// since leaving it out would match more.
    Map,
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
                Ok(Headers {
                    form: HeaderForm::Map,
                    ..filters(map)?
                })
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
        match self.form {
            HeaderForm::List => {
                let item = |(name, value)| BTreeMap::from([(name, value)]);
                let filters = self.filters.iter().map(|(name, value)| item((name, value)));
                serializer.collect_seq(filters.chain(self.lost.then(BTreeMap::new)))
            }
            HeaderForm::Map => {
                let map: BTreeMap<_, _> = self.filters.iter().map(|(name, value)| (name, value)).collect();
                if map.len() < self.filters.len() {
                    return Err(S::Error::custom("a map of headers cannot say a name twice"));
                }
                if self.lost && !map.is_empty() {
                    return Err(S::Error::custom("a map of headers cannot say that a filter got lost"));
                }
                serializer.collect_map(map)
            }
        }
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    /// A list of maps or a map, which no structural schema can say: anything.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-preserve-unknown-fields": true})
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
        for (json, form, written) in [
            (r#"[{"a":"b"},{"c":"d"}]"#, HeaderForm::List, r#"[{"a":"b"},{"c":"d"}]"#),
            (r#"[{"a":"b","c":"d"}]"#, HeaderForm::List, r#"[{"a":"b"},{"c":"d"}]"#),
            (r#"{"a":"b","c":"d"}"#, HeaderForm::Map, r#"{"a":"b","c":"d"}"#),
        ] {
            let expected = Headers {
                filters: vec![("a".into(), "b".into()), ("c".into(), "d".into())],
                lost: false,
                form,
            };
            assert_eq!(read(json), expected, "{json}");
            assert_eq!(serde_json::to_string(&expected).unwrap(), written);
        }
    }

    #[test]
    fn what_a_map_cannot_say_is_not_written() {
        // D1, S19, I6
        for json in [r#"[{"a":"b"},{"a":"c"}]"#, r#"[{"a":"b"},{}]"#] {
            let mut headers = read(json);
            headers.form = HeaderForm::Map;
            assert!(serde_json::to_string(&headers).is_err(), "{json}");
        }
        let mut headers = read(r#"[{"a":"b"}]"#);
        headers.form = HeaderForm::Map;
        assert_eq!(serde_json::to_string(&headers).unwrap(), r#"{"a":"b"}"#);
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
            r#"{"a":1}"#,
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
