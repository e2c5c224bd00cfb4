//! The header filters of an HTTP match, in two wire forms.
//!
//! The last release of the specification uses a list of single-key maps. Its later text and two products use one map
//! (D1). Both forms are read, and filters are written in the form in which they were read, because a CRD accepts only
//! one of the two.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Header filters: names, each with the regular expression that its value must match. All filters must hold (S14).
///
/// Order and repetitions are kept (S19). An entry that cannot be read as a filter is not dropped, because the match
/// would then match more requests: see [`Headers::lost`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Name and value of each filter, as written.
    pub filters: Vec<(String, String)>,
    /// Is `true` if a filter was lost: the input has an empty map, an item without a name, or a value that is not a
    /// string. API servers store a `null` value and the other wire form in this way. A match with a lost filter
    /// matches nothing (I6).
    pub lost: bool,
    /// The names of the lost filters, as far as they are known: those with a value that is not a string.
    pub lost_names: Vec<String>,
    /// The wire form in which the filters are written.
    pub form: HeaderForm,
}

/// A wire form of header filters. A CRD accepts only one of them (D1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderForm {
    /// `[{"x-a": "1"}, {"x-b": "2"}]`: the last release of the specification, the CRDs of its Go SDK, OSM
    /// and Traefik Mesh.
    #[default]
    List,
    /// `{"x-a": "1", "x-b": "2"}`: the later text, the CRDs of the controller SDK and NGINX Service Mesh. A map can
    /// neither repeat a name nor express that some of several filters were lost. Writing such filters is an error,
    /// because the match would match more requests without them.
    Map,
}

impl Headers {
    /// Returns `true` if there is no condition: no filter, and none lost.
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
                    headers.lost_names.extend(item.lost_names);
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
            _ => {
                all_read = false;
                headers.lost_names.extend(Some(name).filter(|name| !name.is_empty()));
            }
        }
    }
    headers.lost = !all_read || headers.filters.is_empty();
    Ok(headers)
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form {
            HeaderForm::List => {
                let filters = self
                    .filters
                    .iter()
                    .map(|(name, value)| BTreeMap::from([(name, Some(value))]));
                let named = self.lost_names.iter().map(|name| BTreeMap::from([(name, None)]));
                let is_unnamed = self.lost && self.lost_names.is_empty();
                serializer.collect_seq(filters.chain(named).chain(is_unnamed.then(BTreeMap::new)))
            }
            HeaderForm::Map => {
                let map: BTreeMap<_, _> = self.filters.iter().map(|(name, value)| (name, value)).collect();
                if map.len() < self.filters.len() {
                    return Err(S::Error::custom("a map of headers cannot repeat a name"));
                }
                if self.lost && !map.is_empty() {
                    return Err(S::Error::custom(
                        "a map of headers cannot express that a filter was lost",
                    ));
                }
                let filters = map.into_iter().map(|(name, value)| (name, Some(value)));
                serializer.collect_map(filters.chain(self.lost_names.iter().map(|name| (name, None))))
            }
        }
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    /// Returns a schema that accepts anything. No structural schema can express "a list of maps or a map".
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
    fn reads_both_forms_and_mixtures() {
        // D1
        for (json, form, written) in [
            (r#"[{"a":"b"},{"c":"d"}]"#, HeaderForm::List, r#"[{"a":"b"},{"c":"d"}]"#),
            (r#"[{"a":"b","c":"d"}]"#, HeaderForm::List, r#"[{"a":"b"},{"c":"d"}]"#),
            (r#"{"a":"b","c":"d"}"#, HeaderForm::Map, r#"{"a":"b","c":"d"}"#),
        ] {
            let expected = Headers {
                lost_names: Vec::new(),
                filters: vec![("a".into(), "b".into()), ("c".into(), "d".into())],
                lost: false,
                form,
            };
            assert_eq!(read(json), expected, "{json}");
            assert_eq!(serde_json::to_string(&expected).unwrap(), written);
        }
    }

    #[test]
    fn refuses_to_write_inexpressible_maps() {
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
    fn keeps_repeated_names() {
        // S19
        assert_eq!(read(r#"[{"a":"b"},{"a":"c"}]"#).filters.len(), 2);
        assert_eq!(read(r#"{"a":"b","a":"c"}"#).filters.len(), 2);
    }

    #[test]
    fn distinguishes_lost_filters_from_no_filters() {
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
