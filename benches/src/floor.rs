//! The floor of writing: what `serde_json` needs to write the same bytes.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A JSON document with its fields in order. To write it costs what a typed struct costs.
#[derive(Debug)]
pub enum Tree {
    /// A text, number, boolean or null.
    Leaf(Value),
    /// A list.
    List(Vec<Self>),
    /// Fields.
    Fields(Vec<(String, Self)>),
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
                Self::Fields(fields.collect())
            }
            leaf => Self::Leaf(leaf),
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(leaf) => leaf.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Fields(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
