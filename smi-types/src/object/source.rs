//! The input, which can be read repeatedly.

use super::scan::Scan;
use crate::path::FieldPath;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;

#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Json(&'a [u8]),
    Value(&'a Value),
}

impl<'a> Source<'a> {
    /// Returns `apiVersion` and `kind`, if both are texts. What follows them is not looked at.
    pub(super) fn type_of(self) -> Option<(&'a str, &'a str)> {
        match self {
            Self::Json(json) => Scan::new(json).type_of(),
            Self::Value(value) => {
                let text = |key| value.get(key)?.as_str();
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
