//! The head of an object: what identifies it, whatever else it holds.

use super::{ParseError, ParseErrorKind};
use crate::path::FieldPath;
use crate::wire::Strict;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The fields that identify an object. Wrong types are accepted here, because the typed reading reports their place.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(default)]
    pub(super) api_version: Value,
    #[serde(default)]
    pub(super) kind: Value,
    #[serde(default, deserialize_with = "crate::wire::object")]
    pub(super) metadata: Option<Name>,
    /// A name at the top of the object, where it does not belong.
    #[serde(default)]
    pub(super) name: Value,
}

#[derive(Default, Deserialize)]
pub(super) struct Name {
    #[serde(default)]
    pub(super) name: Value,
    #[serde(default)]
    pub(super) namespace: Value,
}

impl Head {
    pub(super) fn name(&self, part: impl Fn(&Name) -> &Value) -> Option<&str> {
        self.metadata.as_ref().map(part)?.as_str()
    }

    /// Reads the head of the only object in a text.
    pub(super) fn from_json(json: &[u8]) -> Result<Self, ParseError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let Strict(head) = Strict::deserialize(&mut reader).map_err(|error| {
            let head = serde_json::from_slice(json).map_or_else(|_| Self::default(), |value| Self::of(&value));
            let kind = if error.is_data() {
                ParseErrorKind::Type
            } else {
                ParseErrorKind::Syntax
            };
            let path = error_path::<Strict<Self>, _>(&mut serde_json::Deserializer::from_slice(json));
            ParseError::new(&head, kind, path, error.to_string())
        })?;
        reader.end().map_err(|error| {
            let path = FieldPath::root();
            ParseError::new(&head, ParseErrorKind::Syntax, path, error.to_string())
        })?;
        Ok(head)
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, ParseError> {
        let Strict(head) = Strict::deserialize(value).map_err(|error| {
            let path = error_path::<Strict<Self>, _>(value);
            ParseError::new(&Self::of(value), ParseErrorKind::Type, path, error.to_string())
        })?;
        Ok(head)
    }

    /// Returns the parts of a value that have the right type.
    fn of(value: &Value) -> Self {
        let field = |value: &Value, name| value.get(name).cloned().unwrap_or_default();
        Self {
            api_version: field(value, "apiVersion"),
            kind: field(value, "kind"),
            metadata: value.get("metadata").map(|metadata| Name {
                name: field(metadata, "name"),
                namespace: field(metadata, "namespace"),
            }),
            name: Value::Null,
        }
    }
}

/// Returns the path of the error that reading a `T` yields, or the root if it succeeds.
pub(super) fn error_path<'de, T, D>(json: D) -> FieldPath
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    use serde_path_to_error::Segment;
    let Err(error) = serde_path_to_error::deserialize::<D, T>(json) else {
        return FieldPath::root();
    };
    error
        .path()
        .iter()
        .fold(FieldPath::root(), |path, segment| match segment {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } => path.field(key.clone()),
            Segment::Enum { variant } => path.field(variant.clone()),
            Segment::Unknown => path,
        })
}
