//! The head of an object: what identifies it, whatever else it holds.

use super::source::Source;
use super::{ParseError, ParseErrorKind};
use crate::path::FieldPath;
use crate::wire::Strict;
use serde::Deserialize;
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

    /// Reads the head of the only object in an input. An error identifies the object as far as possible.
    pub(super) fn read(source: Source<'_>) -> Result<Self, ParseError> {
        let read = match source {
            Source::Json(json) => {
                let mut reader = serde_json::Deserializer::from_slice(json);
                Strict::deserialize(&mut reader).map(|Strict(head)| (head, reader.end()))
            }
            Source::Value(value) => Strict::deserialize(value).map(|Strict(head)| (head, Ok(()))),
        };
        let (head, end) = read.map_err(|error| {
            let head = match source {
                Source::Json(json) => {
                    serde_json::from_slice(json).map_or_else(|_| Self::default(), |json| Self::of(&json))
                }
                Source::Value(value) => Self::of(value),
            };
            let kind = if error.is_data() {
                ParseErrorKind::Type
            } else {
                ParseErrorKind::Syntax
            };
            ParseError::new(&head, kind, source.error_path::<Strict<Self>>(), error.to_string())
        })?;
        end.map_err(|error| ParseError::new(&head, ParseErrorKind::Syntax, FieldPath::root(), error.to_string()))?;
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
