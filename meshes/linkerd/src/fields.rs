//! Fields of a spec, with the checks of an API server and of Linkerd's admission.

use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// An error in a part of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    /// The schema of the CRD or Linkerd's admission rejects the object, so it does not exist.
    Rejected(String),
    /// The part can affect the result in a way that is not modelled.
    Unmodelled(String),
}

/// The result of reading a part of an object.
pub(super) type Read<T> = Result<T, ReadError>;

/// Returns [`ReadError::Rejected`].
pub(super) fn rejected<T>(why: impl Into<String>) -> Read<T> {
    Err(ReadError::Rejected(why.into()))
}

/// Returns [`ReadError::Unmodelled`].
pub(super) fn unmodelled<T>(what: impl Into<String>) -> Read<T> {
    Err(ReadError::Unmodelled(what.into()))
}

/// The fields of a JSON object, all of which are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    part: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Reads the fields of `value`. Messages refer to it as `part`. A field that is not `known`, or a null, is not
    /// modelled: the installed CRD decides if it is pruned.
    pub(super) fn of(value: &'a Value, part: &'static str, known: &[&str]) -> Read<Self> {
        let Value::Object(map) = value else {
            return rejected(format!("{part} is not an object"));
        };
        for (name, value) in map {
            if !known.contains(&name.as_str()) {
                return unmodelled(format!("field {name} of {part}"));
            }
            if value.is_null() {
                return unmodelled(format!("null as {name} of {part}"));
            }
        }
        Ok(Self { part, map })
    }

    /// Returns a field of any type.
    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    /// Returns a list of at most `max` items.
    pub(super) fn list(self, name: &str, max: usize) -> Read<Option<&'a [Value]>> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) if list.len() <= max => Ok(Some(list)),
            Some(Value::Array(_)) => rejected(format!("more than {max} items in {name} of {}", self.part)),
            Some(_) => rejected(format!("{name} of {} is not a list", self.part)),
        }
    }

    /// Returns a text with a number of characters in `length`.
    pub(super) fn text(self, name: &str, length: RangeInclusive<usize>) -> Read<Option<&'a str>> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if length.contains(&text.chars().count()) => Ok(Some(text)),
            Some(Value::String(_)) => rejected(format!("{name} of {} is too short or too long", self.part)),
            Some(_) => rejected(format!("{name} of {} is not a string", self.part)),
        }
    }

    /// Returns a required text.
    pub(super) fn required(self, name: &str, length: RangeInclusive<usize>) -> Read<&'a str> {
        match self.text(name, length)? {
            Some(text) => Ok(text),
            None => rejected(format!("{} has no {name}", self.part)),
        }
    }

    /// Returns an integer in `range`.
    pub(super) fn integer(self, name: &str, range: RangeInclusive<u32>) -> Read<Option<u32>> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        if value.is_f64() {
            return unmodelled(format!("a fraction as {name} of {}", self.part));
        }
        match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => rejected(format!("{name} of {} is out of range", self.part)),
        }
    }

    /// Returns the field `port`, a port number.
    pub(super) fn port(self) -> Read<Option<u16>> {
        let port = self.integer("port", 1..=u32::from(u16::MAX))?;
        Ok(port.and_then(|port| u16::try_from(port).ok()))
    }
}

/// Returns `true` if `name` is an HTTP token. Header names are tokens.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Returns `true` if `value` is a valid header value.
pub(super) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|b| b == b'\t' || (b >= b' ' && b != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn checks_types_and_limits_of_fields() {
        let value = json!({"text": "abc", "list": [1, 2], "port": 80, "half": 0.5});
        let fields = Fields::of(&value, "test", &["text", "list", "port", "half"]).unwrap();
        assert_eq!(fields.text("text", 1..=3), Ok(Some("abc")));
        assert!(matches!(fields.text("text", 1..=2), Err(ReadError::Rejected(_))));
        assert!(matches!(fields.text("port", 1..=2), Err(ReadError::Rejected(_))));
        assert_eq!(fields.list("list", 2).unwrap().unwrap().len(), 2);
        assert!(matches!(fields.list("list", 1), Err(ReadError::Rejected(_))));
        assert_eq!(fields.port(), Ok(Some(80)));
        assert!(matches!(fields.integer("port", 0..=79), Err(ReadError::Rejected(_))));
        assert!(matches!(fields.integer("half", 0..=79), Err(ReadError::Unmodelled(_))));
        assert!(matches!(fields.required("absent", 0..=1), Err(ReadError::Rejected(_))));
        assert!(matches!(
            Fields::of(&value, "test", &["text"]),
            Err(ReadError::Unmodelled(_))
        ));
        assert!(matches!(
            Fields::of(&json!([]), "test", &[]),
            Err(ReadError::Rejected(_))
        ));
        let null = json!({"text": null});
        assert!(matches!(
            Fields::of(&null, "test", &["text"]),
            Err(ReadError::Unmodelled(_))
        ));
    }

    #[test]
    fn checks_header_names_and_values() {
        assert!(is_token("x-a") && !is_token("") && !is_token(":authority") && !is_token("x a"));
        assert!(is_header_value("a\tb é") && !is_header_value("a\n") && !is_header_value("\u{7f}"));
    }
}
