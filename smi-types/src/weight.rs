//! The weight of a backend, as an exact decimal.
//!
//! The specification asks for whole numbers from v1alpha2 on and for Kubernetes quantities in v1alpha1. Installed CRDs
//! declare `number`, `integer` or `int-or-string`. An API server returns whatever is stored, in any version that a
//! client requests. Therefore every form is read in every version (rules T6, T7), and never as a float.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt::{self, Display};

/// The value of the field `weight` of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// An absent field or `null`. It counts as 0 (T6).
    #[default]
    Missing,
    /// A number.
    Exact(Decimal),
    /// A value that is not a weight: negative, out of range, or not a number. A split that contains it has no
    /// effect (T6).
    Invalid(Value),
}

/// An exact decimal in the range of a Kubernetes quantity: from 0 to 2⁶³ − 1 in steps of 10⁻⁹.
///
/// ```
/// use smi_types::weight::Decimal;
///
/// assert_eq!("500m".parse(), "0.5".parse::<Decimal>());
/// assert_eq!("1k".parse(), Ok(Decimal::from(1000)));
/// assert!("-1".parse::<Decimal>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    nanos: u128,
}

/// An error that occurs when a text is not a decimal that a weight can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal from 0 to 2^63 - 1 in steps of 10^-9")]
pub struct DecimalError(());

const NANOS: u128 = 1_000_000_000;
const MAX_NANOS: u128 = i64::MAX as u128 * NANOS;

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { nanos: 0 };

    /// Returns a whole number as a decimal, or `None` if it is out of range.
    pub(crate) fn from_whole(whole: u128) -> Option<Self> {
        let nanos = whole.checked_mul(NANOS).filter(|nanos| *nanos <= MAX_NANOS)?;
        Some(Self { nanos })
    }

    /// Returns a JSON number as a decimal, or `None` if it is out of range.
    pub(crate) fn from_number(number: &Number) -> Option<Self> {
        let whole = number.as_u64().and_then(|whole| Self::from_whole(whole.into()));
        // The shortest text of a float is the text that its author wrote.
        whole.or_else(|| number.to_string().parse().ok())
    }

    /// Returns the value in units of 10⁻⁹.
    #[must_use]
    pub const fn nanos(self) -> u128 {
        self.nanos
    }

    /// Returns `true` if the value is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Returns `true` if the value has no fraction.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.nanos.is_multiple_of(NANOS)
    }

    /// Returns the value as an integer, or `None` if it has a fraction.
    #[must_use]
    pub fn whole(self) -> Option<u64> {
        self.is_whole()
            .then(|| u64::try_from(self.nanos / NANOS).ok())
            .flatten()
    }
}

impl From<u32> for Decimal {
    fn from(whole: u32) -> Self {
        Self {
            nanos: u128::from(whole) * NANOS,
        }
    }
}

/// Parses a decimal number or a Kubernetes quantity: digits with an optional point, then optionally one of
/// `n u m k M G T P E Ki Mi Gi Ti Pi Ei` or a decimal exponent.
impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        parse(text).map(|nanos| Self { nanos }).ok_or(DecimalError(()))
    }
}

/// Writes whole numbers as digits and others as a quantity (`500m`).
impl Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, suffix) = [(NANOS, ""), (1_000_000, "m"), (1_000, "u")]
            .into_iter()
            .find(|(unit, _)| self.nanos.is_multiple_of(*unit))
            .unwrap_or((1, "n"));
        write!(f, "{}{suffix}", self.nanos / unit)
    }
}

impl From<Decimal> for Weight {
    fn from(decimal: Decimal) -> Self {
        Self::Exact(decimal)
    }
}

impl From<u32> for Weight {
    fn from(whole: u32) -> Self {
        Decimal::from(whole).into()
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let decimal = match &value {
            Value::Null => return Ok(Self::Missing),
            Value::Number(number) => Decimal::from_number(number),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Ok(decimal.map_or(Self::Invalid(value), Self::Exact))
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_unit(),
            Self::Exact(decimal) => match decimal.whole() {
                Some(whole) => serializer.serialize_u64(whole),
                None => serializer.collect_str(decimal),
            },
            Self::Invalid(value) => value.serialize(serializer),
        }
    }
}

impl JsonSchema for Weight {
    fn schema_name() -> Cow<'static, str> {
        "Weight".into()
    }

    /// Returns the schema of an integer or a quantity. No structural schema can express "a number or a string".
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "minimum": 0,
            "pattern": r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
        })
    }
}

/// Returns the greatest common divisor of two numbers. For 0 and another number, that is the other number.
#[must_use]
pub const fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Weight {
    pub(crate) fn is_missing(&self) -> bool {
        *self == Self::Missing
    }
}

fn parse(text: &str) -> Option<u128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let (binary, exponent) = scale(suffix)?;

    // value = digits × 10^exponent × 2^binary, in nanos.
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    if negative {
        return None;
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let exponent = exponent
        .checked_add(i64::try_from(trailing).ok()?)?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(9)?;
    let mantissa: u128 = significant.parse().ok()?;
    let value = mantissa.checked_mul(1 << binary)?;
    let power = 10u128.checked_pow(u32::try_from(exponent.unsigned_abs()).ok()?)?;
    let nanos = if exponent < 0 {
        value.is_multiple_of(power).then_some(value / power)
    } else {
        value.checked_mul(power)
    };
    nanos.filter(|nanos| *nanos <= MAX_NANOS)
}

/// Returns the powers of 2 and of 10 that a suffix denotes.
fn scale(suffix: &str) -> Option<(u32, i64)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (0, exponent.parse().ok()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Weight {
        serde_json::from_str(json).unwrap()
    }

    fn exact(text: &str) -> Weight {
        Weight::Exact(text.parse().unwrap())
    }

    #[test]
    fn reads_every_wire_form_exactly() {
        // T6, T7, D14. The comments show the result of the upstream Go conversion (smi-apis 3.2).
        for (json, value) in [
            ("1", "1"),
            ("\"1\"", "1"),
            ("\"500m\"", "0.5"), // Go: 500
            ("\"10m\"", "0.01"), // Go: 10
            ("\"1500m\"", "1.5"),
            ("\"1.5\"", "1.5"), // Go: 15
            ("\"1k\"", "1000"), // Go: 1
            ("\"1e3\"", "1000"),
            ("\"1E3\"", "1000"),
            ("\"1E\"", "1000000000000000000"),
            ("\"2Ki\"", "2048"),
            ("\"0.0009765625Ki\"", "1"),
            ("\"+3\"", "3"),
            ("\".5\"", "0.5"),
            ("\"5.\"", "5"),
            ("0.5", "0.5"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("1000.0", "1000"),
            ("-0", "0"),
            ("\"0m\"", "0"),
            ("9223372036854775807", "9223372036854775807"),
            ("\"1n\"", "0.000000001"),
        ] {
            assert_eq!(read(json), exact(value), "{json}");
        }
    }

    #[test]
    fn keeps_invalid_weights_unchanged() {
        for json in [
            "-1",
            "\"-1\"",
            "\"-500m\"",
            "\"abc\"",
            "\"\"",
            "\".\"",
            "\"1.2.3\"",
            "\"1 \"",
            "\"1e\"",
            "\"1e1.5\"",
            "\"1e99999999999\"",
            "\"0x10\"",
            "\"1_000\"",
            "\"NaN\"",
            "true",
            "[]",
            "{}",
            "9223372036854775808",
            "9223372036854776000",
            "1e30",
            "1e-10",
            "\"0.5n\"",
        ] {
            let weight = read(json);
            assert!(matches!(weight, Weight::Invalid(_)), "{json}: {weight:?}");
            let back: Value = serde_json::to_value(&weight).unwrap();
            assert_eq!(back, serde_json::from_str::<Value>(json).unwrap());
        }
        assert_eq!(read("null"), Weight::Missing);
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(nanos in 0..=MAX_NANOS) {
            let decimal = Decimal { nanos };
            prop_assert_eq!(decimal.to_string().parse(), Ok(decimal));
            let json = serde_json::to_string(&Weight::Exact(decimal)).unwrap();
            prop_assert_eq!(read(&json), Weight::Exact(decimal));
        }

        #[test]
        fn parsing_never_panics(text in "[-+0-9.eEkKMinum]{0,60}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
