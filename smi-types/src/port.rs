//! Port numbers in the forms that writers use.
//!
//! The specification's Go types held a port as text first and as an integer later, and CRDs declare `number` or
//! `integer` (D9). In every version, an integer, a float without fraction and a string of digits are read.

use crate::weight::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::num::NonZeroU16;

/// The value of a field that holds a port.
///
/// ```
/// use smi_types::port::Port;
///
/// assert_eq!(serde_json::from_str::<Port>("\"8080\"")?.number(), Some(8080));
/// assert_eq!(serde_json::from_str::<Port>("70000")?.number(), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A number from 1 to 65535.
    Number(NonZeroU16),
    /// A value that is not a port. Its route or target matches nothing; the value never means "all ports" (S23).
    /// Serialising an invalid `null` is an error, because readers would take it for "all ports".
    Invalid(Value),
}

impl Port {
    /// Returns the port number, or `None` if the value is not a port.
    #[must_use]
    pub const fn number(&self) -> Option<u16> {
        match self {
            Self::Number(number) => Some(number.get()),
            Self::Invalid(_) => None,
        }
    }
}

impl From<NonZeroU16> for Port {
    fn from(number: NonZeroU16) -> Self {
        Self::Number(number)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => Decimal::from_number(number).and_then(whole),
            Value::String(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        };
        Ok(number.map_or(Self::Invalid(value), Self::Number))
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            // Readers would take it for "all ports".
            Self::Invalid(Value::Null) => Err(S::Error::custom("`null` is not a port")),
            Self::Invalid(value) => value.serialize(serializer),
        }
    }
}

impl JsonSchema for Port {
    fn schema_name() -> Cow<'static, str> {
        "Port".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": 65535})
    }
}

fn whole(decimal: Decimal) -> Option<NonZeroU16> {
    NonZeroU16::new(u16::try_from(decimal.whole()?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_wire_form_of_a_port() {
        // D9
        for (json, number) in [
            ("8080", 8080),
            ("8080.0", 8080),
            ("8.08e3", 8080),
            ("\"8080\"", 8080),
            ("\"080\"", 80),
            ("1", 1),
            ("65535", 65535),
        ] {
            let port: Port = serde_json::from_str(json).unwrap();
            assert_eq!(port.number(), Some(number), "{json}");
            assert_eq!(serde_json::to_string(&port).unwrap(), number.to_string());
        }
    }

    #[test]
    fn keeps_invalid_ports_unchanged() {
        // S23
        for json in [
            "0", "-1", "65536", "80.5", "1e30", "\"\"", "\"http\"", "\"+80\"", "\" 80\"", "\"80m\"", "true", "[80]",
            "{}",
        ] {
            let port: Port = serde_json::from_str(json).unwrap();
            assert_eq!(port.number(), None, "{json}");
            assert_eq!(
                serde_json::to_value(&port).unwrap(),
                serde_json::from_str::<Value>(json).unwrap()
            );
        }
        let null: Port = serde_json::from_str("null").unwrap();
        assert_eq!(null.number(), None);
        assert!(
            serde_json::to_value(null).is_err(),
            "a written null would mean all ports"
        );
    }
}
