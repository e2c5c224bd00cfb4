//! The input, which can be read repeatedly.

use crate::path::FieldPath;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Json(&'a [u8]),
    Value(&'a Value),
}

impl<'a> Source<'a> {
    /// Returns `apiVersion` and `kind`, if both are texts. What follows them is not looked at.
    pub(super) fn type_of(self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        match self {
            Self::Json(json) => {
                let mut found = Type::default();
                // Reading fails if it ends early.
                let _ = serde_json::Deserializer::from_slice(json).deserialize_map(&mut found);
                Some((found.api_version?, found.kind?))
            }
            Self::Value(value) => {
                let text = |key| value.get(key)?.as_str().map(Cow::Borrowed);
                Some((text("apiVersion")?, text("kind")?))
            }
        }
    }

    /// Returns the path of the error that reading a `T` yields, or the root if it succeeds.
    ///
    /// Tracking the path on every read would cost more than a second read of a faulty object.
    pub(super) fn error_path<T: DeserializeOwned>(self) -> FieldPath {
        let json = self.into_json();
        let mut reader = serde_json::Deserializer::from_slice(&json);
        match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Ok(_) => FieldPath::root(),
            Err(error) => field_path(error.path()),
        }
    }

    /// Returns the text of the input. Tracking in values as well would double the code that every type needs.
    fn into_json(self) -> Cow<'a, [u8]> {
        match self {
            Self::Json(json) => Cow::Borrowed(json),
            Self::Value(value) => Cow::Owned(shallow(value, MAX_DEPTH).to_string().into_bytes()),
        }
    }
}

/// The type of an object, as far as it was found.
#[derive(Default)]
struct Type<'a> {
    api_version: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
}

/// A text that is borrowed from the input where it contains no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    ApiVersion,
    Kind,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for &mut Type<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.api_version.is_none() || self.kind.is_none() {
            match map.next_key()? {
                Some(Key::ApiVersion) => self.api_version = Some(map.next_value::<Text<'de>>()?.0),
                Some(Key::Kind) => self.kind = Some(map.next_value::<Text<'de>>()?.0),
                Some(Key::Other) => map.next_value::<IgnoredAny>().map(drop)?,
                None => break,
            }
        }
        Ok(())
    }
}

pub(super) fn field_path(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    path.iter().fold(FieldPath::root(), |path, segment| match segment {
        Segment::Seq { index } => path.index(*index),
        Segment::Map { key } => path.field(key),
        Segment::Enum { variant } => path.field(variant),
        Segment::Unknown => path,
    })
}

/// A depth that texts can have, unlike values, and that no typed field has.
const MAX_DEPTH: usize = 100;

/// Copies a value without what is nested more deeply than `depth`.
fn shallow(value: &Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::Null,
        Value::Array(items) => items.iter().map(|item| shallow(item, depth - 1)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| (key.clone(), shallow(field, depth - 1)))
            .collect(),
        scalar => scalar.clone(),
    }
}
