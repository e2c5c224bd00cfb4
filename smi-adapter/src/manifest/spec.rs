//! The spec of a native object.

use super::same::is_same;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;
use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// The spec of a native object: a JSON value, which may be kept as text until something reads it.
///
/// A plan writes and compares specs as text. To read or edit one, use it like the [`Value`] that it dereferences to.
///
/// ```
/// use serde_json::json;
/// use smi_adapter::manifest::Spec;
///
/// let mut spec = Spec::from(json!({"hosts": ["web"]}));
/// assert_eq!(spec["hosts"][0], "web");
/// spec["hosts"][0] = json!("api");
/// assert_eq!(spec, json!({"hosts": ["api"]}));
/// ```
#[derive(Clone, Default)]
pub struct Spec {
    /// If it is set, `value` has no meaning.
    text: Option<Arc<Text>>,
    value: Value,
}

/// A JSON text, and the value of it once something has read it.
struct Text {
    json: Box<str>,
    value: OnceLock<Value>,
}

impl Text {
    fn value(&self) -> &Value {
        self.value.get_or_init(|| parse(&self.json))
    }
}

/// Parses a text that a serializer wrote, and that is therefore valid and not too deep.
fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

impl Spec {
    /// Serialises a spec to text.
    ///
    /// # Errors
    /// If JSON values cannot hold it, such as an integer that needs more than 64 bits.
    pub(crate) fn of<T: Serialize>(spec: &T) -> serde_json::Result<Self> {
        let mut json = Vec::with_capacity(512);
        spec.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Checked))?;
        let text = Text {
            json: String::from_utf8(json).map_err(serde_json::Error::custom)?.into(),
            value: OnceLock::new(),
        };
        Ok(Self {
            text: Some(Arc::new(text)),
            value: Value::Null,
        })
    }

    /// Returns the length of the text; zero if the spec is not kept as text.
    pub(crate) fn len(&self) -> usize {
        self.text().map_or(0, str::len)
    }

    /// Returns a copy for a short use, if the spec is kept as text. What is parsed for it is dropped with it.
    pub(crate) fn apart(&self) -> Option<Self> {
        let json = self.text.as_ref()?.json.clone();
        let value = OnceLock::new();
        Some(Self {
            text: Some(Arc::new(Text { json, value })),
            value: Value::Null,
        })
    }

    /// Returns the text, if the spec is kept as text.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| &*text.json)
    }
}

/// The compact format, which refuses integers that JSON values cannot hold.
struct Checked;

impl Formatter for Checked {
    fn write_u128<W: Write + ?Sized>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        self.write_u64(writer, u64::try_from(value).map_err(io::Error::other)?)
    }

    fn write_i128<W: Write + ?Sized>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        match u64::try_from(value) {
            Ok(value) => self.write_u64(writer, value),
            Err(_) => self.write_i64(writer, i64::try_from(value).map_err(io::Error::other)?),
        }
    }
}

impl Deref for Spec {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.text.as_ref().map_or(&self.value, |text| text.value())
    }
}

impl DerefMut for Spec {
    fn deref_mut(&mut self) -> &mut Value {
        if let Some(text) = self.text.take() {
            self.value = parse(&text.json);
        }
        &mut self.value
    }
}

impl From<Value> for Spec {
    fn from(value: Value) -> Self {
        Self { text: None, value }
    }
}

/// Two specs are equal if they are the same value, whatever the order of their fields.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        match (self.text(), other.text()) {
            (Some(one), Some(two)) => one == two || is_same(one, &parse(two)),
            (Some(text), None) => is_same(text, &other.value),
            (None, Some(text)) => is_same(text, &self.value),
            (None, None) => self.value == other.value,
        }
    }
}

impl PartialEq<Value> for Spec {
    fn eq(&self, other: &Value) -> bool {
        match self.text() {
            Some(text) => is_same(text, other),
            None => self.value == *other,
        }
    }
}

impl Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => parse(text).serialize(serializer),
            None => self.value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_beyond_64_bits_are_refused() {
        assert!(Spec::of(&u128::from(u64::MAX)).is_ok_and(|spec| spec == json!(u64::MAX)));
        assert!(Spec::of(&(u128::from(u64::MAX) + 1)).is_err());
        assert!(Spec::of(&[i128::MIN]).is_err());
        assert!(Spec::of(&"1".repeat(30)).is_ok());
    }

    #[test]
    fn only_what_reads_a_value_keeps_it() {
        let spec = Spec::of(&json!({"weight": 1})).unwrap();
        let is_parsed = |spec: &Spec| spec.text.as_ref().is_some_and(|text| text.value.get().is_some());
        let other = Spec::of(&json!({"weight": 2})).unwrap();
        assert!(spec == json!({"weight": 1}) && spec != other);
        assert_eq!(serde_json::to_value(&spec).unwrap(), json!({"weight": 1}));
        assert_eq!(spec.apart().unwrap()["weight"], 1);
        assert!(!is_parsed(&spec) && !is_parsed(&other));
        assert_eq!(spec["weight"], 1);
        assert!(is_parsed(&spec));
    }

    #[test]
    fn an_edit_replaces_the_text() {
        let mut spec = Spec::of(&json!({"weight": 1})).unwrap();
        let before = spec.clone();
        assert_eq!(before["weight"], 1);
        spec["weight"] = json!(2);
        assert_eq!((spec == before, spec.text()), (false, None));
        assert_eq!(before, json!({"weight": 1}));
    }
}
