//! The length of an interval, in the notation of Go durations.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

/// The length of an interval: on the wire a Go duration, such as `30s` or `1m30s`.
///
/// ```
/// use smi_types::metrics::Window;
/// use std::time::Duration;
///
/// let window: Window = "1m30s".parse()?;
/// assert_eq!(window, Window(Duration::from_secs(90)));
/// assert_eq!(window.to_string(), "1m30s");
/// # Ok::<(), smi_types::metrics::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(pub Duration);

/// An error that occurs when a text is not a duration that a [`Window`] can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as `30s` or `1m30s`")]
pub struct WindowError(());

const UNITS: [(&str, u128); 8] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5
    ("μs", 1_000), // U+03BC
    ("ns", 1),
];

/// Parses everything that Go's `time.ParseDuration` accepts except negative durations and fractions of a nanosecond.
impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        nanos(text)
            .and_then(|nanos| u64::try_from(nanos).ok())
            .map(|nanos| Self(Duration::from_nanos(nanos)))
            .ok_or(WindowError(()))
    }
}

fn nanos(text: &str) -> Option<u128> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0u128;
    loop {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, tail) = tail.split_at(
            tail.find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(tail.len()),
        );
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let value: u128 = format!("{whole}{fraction}").parse().ok()?;
        let unit = UNITS.iter().find(|known| known.0 == unit)?.1;
        let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let scaled = value.checked_mul(unit)?;
        total = total.checked_add(scaled.is_multiple_of(scale).then_some(scaled / scale)?)?;
        if tail.is_empty() {
            return Some(total);
        }
        rest = tail;
    }
}

/// Writes whole units from the largest to the smallest and omits those that are zero.
impl Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_nanos();
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS.into_iter().filter(|(unit, _)| unit.is_ascii()) {
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Window {
    fn schema_name() -> Cow<'static, str> {
        "Window".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_go_durations() {
        for (text, nanos) in [
            ("30s", 30_000_000_000),
            ("1m0s", 60_000_000_000),
            ("1h2m3.5s", 3_723_500_000_000),
            ("1.5h", 5_400_000_000_000),
            ("300ms", 300_000_000),
            ("2us3ns", 2_003),
            ("2µs", 2_000),
            ("+5s", 5_000_000_000),
            (".5s", 500_000_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Window(Duration::from_nanos(nanos))), "{text}");
        }
        for text in [
            "",
            "30",
            "s",
            "1d",
            "-1s",
            "1s ",
            "1..5s",
            ".s",
            "1e3s",
            "9999999999999999999h",
            "0.5ns",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn windows_round_trip(nanos in any::<u64>()) {
            let window = Window(Duration::from_nanos(nanos));
            prop_assert_eq!(window.to_string().parse(), Ok(window));
        }

        #[test]
        fn parsing_never_panics(text in "[0-9.hmsnuµ+-]{0,50}") {
            let _ = text.parse::<Window>();
        }
    }
}
