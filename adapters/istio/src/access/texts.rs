//! Texts as Istio compares them: `text`, `text*`, `*text`, or `*` for any that is there.

use crate::native::authorization::Listed;
use smi_adapter::pattern::{Comparison, Pattern};

/// What a pattern is to Istio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Any text.
    Any,
    /// One of these.
    These(Listed<String>),
}

/// Where the text stands, and with it what can be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Header,
}

/// A pattern as values that take the same texts; or why there are none.
pub(super) fn values(pattern: &Pattern, place: Place) -> Result<Values, String> {
    let Some(comparisons) = pattern.lower() else {
        return Err(format!(
            "`{}` cannot be said as texts, prefixes and suffixes, which is all that an AuthorizationPolicy compares with",
            pattern.as_str()
        ));
    };
    let mut values = Vec::new();
    for comparison in &comparisons {
        let (before, text, after) = match comparison {
            Comparison::Any => return Ok(Values::Any),
            Comparison::Exact(text) => ("", text, ""),
            Comparison::Prefix(text) => ("", text, "*"),
            Comparison::Suffix(text) => ("*", text, ""),
        };
        if text.chars().any(|c| place.never_has(c)) {
            // No request has such a text: `(?i)k` is the Kelvin sign as well.
            continue;
        }
        place.refuse(text)?;
        values.push(format!("{before}{text}{after}"));
    }
    let none = || format!("no request has anything that `{}` matches", pattern.as_str());
    Listed::new(values).map(Values::These).ok_or_else(none)
}

/// Whether Istio reads a text as that text and nothing else.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('*') && !text.ends_with('*')
}

impl Place {
    /// Whether the proxy refuses every request with this character there, before any policy.
    fn never_has(self, c: char) -> bool {
        match self {
            Self::Path => !c.is_ascii_graphic(),
            Self::Header => c.is_control() && c != '\t',
        }
    }

    /// Texts that Istio refuses, or reads in another way.
    fn refuse(self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("an AuthorizationPolicy cannot name the empty text".to_owned());
        }
        if !is_literal(text) {
            return Err(format!(
                "in `{text}` Istio reads the `*` at the edge as any text, and there is no other way to write it"
            ));
        }
        match text.chars().find(|c| "{}?#".contains(*c)) {
            Some(c @ ('{' | '}')) if self == Self::Path => {
                Err(format!("Istio takes no path with `{c}`, which it keeps for templates"))
            }
            Some(c @ ('?' | '#')) if self == Self::Path => Err(format!(
                "paths are compared without their query and fragment, so that none has `{c}`"
            )),
            _ => Ok(()),
        }
    }
}
