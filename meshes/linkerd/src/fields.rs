//! Fields of a spec, read as an API server and Linkerd's admission read them.

use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Why a part of an object is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The CRD's schema or Linkerd's admission refuses the object, so it never came to be.
    Refused(String),
    /// It may decide, and nobody wrote down how.
    Unmodelled(String),
}

/// What reading gives.
pub(super) type Read<T> = Result<T, Fault>;

/// A refusal.
pub(super) fn refused<T>(why: impl Into<String>) -> Read<T> {
    Err(Fault::Refused(why.into()))
}

/// Something that is not modelled.
pub(super) fn unmodelled<T>(what: impl Into<String>) -> Read<T> {
    Err(Fault::Unmodelled(what.into()))
}

/// The fields of a JSON object, all of them known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    what: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, a `what`. A field beyond `known`, or a null, is not modelled: whether it is
    /// pruned depends on the CRD that is installed.
    pub(super) fn of(value: &'a Value, what: &'static str, known: &[&str]) -> Read<Self> {
        let Value::Object(map) = value else {
            return refused(format!("{what} is no object"));
        };
        for (name, value) in map {
            if !known.contains(&name.as_str()) {
                return unmodelled(format!("field {name} of {what}"));
            }
            if value.is_null() {
                return unmodelled(format!("null as {name} of {what}"));
            }
        }
        Ok(Self { what, map })
    }

    /// Any value.
    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    /// A list of at most `max` items.
    pub(super) fn list(self, name: &str, max: usize) -> Read<Option<&'a [Value]>> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) if list.len() <= max => Ok(Some(list)),
            Some(Value::Array(_)) => refused(format!("more than {max} items in {name} of {}", self.what)),
            Some(_) => refused(format!("{name} of {} is no list", self.what)),
        }
    }

    /// A text whose number of characters is in `length`.
    pub(super) fn text(self, name: &str, length: RangeInclusive<usize>) -> Read<Option<&'a str>> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if length.contains(&text.chars().count()) => Ok(Some(text)),
            Some(Value::String(_)) => refused(format!("{name} of {} is too short or too long", self.what)),
            Some(_) => refused(format!("{name} of {} is no text", self.what)),
        }
    }

    /// A text that must be there.
    pub(super) fn required(self, name: &str, length: RangeInclusive<usize>) -> Read<&'a str> {
        match self.text(name, length)? {
            Some(text) => Ok(text),
            None => refused(format!("{} without {name}", self.what)),
        }
    }

    /// An integer in `range`.
    pub(super) fn integer(self, name: &str, range: RangeInclusive<u32>) -> Read<Option<u32>> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        if value.is_f64() {
            return unmodelled(format!("a fraction as {name} of {}", self.what));
        }
        match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => refused(format!("{name} of {} is out of range", self.what)),
        }
    }

    /// A port number.
    pub(super) fn port(self) -> Read<Option<u16>> {
        let port = self.integer("port", 1..=u32::from(u16::MAX))?;
        Ok(port.and_then(|port| u16::try_from(port).ok()))
    }
}

/// Whether `name` is a token of HTTP, as names of headers are.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether `value` may be the value of a header.
pub(super) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|b| b == b'\t' || (b >= b' ' && b != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_checked() {
        let value = json!({"text": "abc", "list": [1, 2], "port": 80, "half": 0.5});
        let fields = Fields::of(&value, "test", &["text", "list", "port", "half"]).unwrap();
        assert_eq!(fields.text("text", 1..=3), Ok(Some("abc")));
        assert!(matches!(fields.text("text", 1..=2), Err(Fault::Refused(_))));
        assert!(matches!(fields.text("port", 1..=2), Err(Fault::Refused(_))));
        assert_eq!(fields.list("list", 2).unwrap().unwrap().len(), 2);
        assert!(matches!(fields.list("list", 1), Err(Fault::Refused(_))));
        assert_eq!(fields.port(), Ok(Some(80)));
        assert!(matches!(fields.integer("port", 0..=79), Err(Fault::Refused(_))));
        assert!(matches!(fields.integer("half", 0..=79), Err(Fault::Unmodelled(_))));
        assert!(matches!(fields.required("absent", 0..=1), Err(Fault::Refused(_))));
        assert!(matches!(
            Fields::of(&value, "test", &["text"]),
            Err(Fault::Unmodelled(_))
        ));
        assert!(matches!(Fields::of(&json!([]), "test", &[]), Err(Fault::Refused(_))));
        let null = json!({"text": null});
        assert!(matches!(
            Fields::of(&null, "test", &["text"]),
            Err(Fault::Unmodelled(_))
        ));
    }

    #[test]
    fn header_names_and_values_are_checked() {
        assert!(is_token("x-a") && !is_token("") && !is_token(":authority") && !is_token("x a"));
        assert!(is_header_value("a\tb é") && !is_header_value("a\n") && !is_header_value("\u{7f}"));
    }
}
