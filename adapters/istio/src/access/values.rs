//! Values of policies: an exact `text`, a prefix `text*`, a suffix `*text`, or `*` for any value that is present.

use crate::native::authorization::NonEmpty;
use smi_adapter::pattern::{Comparison, Pattern};

/// The equivalent of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// Any value.
    Any,
    /// One of these values.
    These(NonEmpty<String>),
}

/// The part of a request that is compared. It determines the characters that a value can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestPart {
    Path,
    Header,
}

/// Returns values that match the same strings as a pattern, or the reason why there are none.
pub(super) fn values(pattern: &Pattern, part: RequestPart) -> Result<Values, String> {
    let Some(comparisons) = pattern.lower() else {
        return Err(format!(
            "`{}` cannot be expressed by exact strings, prefixes and suffixes, which are all that an AuthorizationPolicy supports",
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
        if text.chars().any(|c| part.never_contains(c)) {
            // No request has such a value. One source is `(?i)k`, which also matches the Kelvin sign.
            continue;
        }
        part.check(text)?;
        values.push(format!("{before}{text}{after}"));
    }
    let none = || format!("`{}` matches nothing that a request can contain", pattern.as_str());
    NonEmpty::new(values).map(Values::These).ok_or_else(none)
}

/// Returns `true` if Istio compares with the text literally.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('*') && !text.ends_with('*')
}

impl RequestPart {
    /// Returns `true` if the proxy rejects every request with this character in this part, before it evaluates policies.
    fn never_contains(self, c: char) -> bool {
        match self {
            Self::Path => !c.is_ascii_graphic(),
            Self::Header => c.is_control() && c != '\t',
        }
    }

    /// Checks that Istio accepts the text and compares with it literally.
    fn check(self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("an AuthorizationPolicy cannot match the empty string".to_owned());
        }
        if !is_literal(text) {
            return Err(format!(
                "Istio treats the `*` at the edge of `{text}` as a wildcard, which cannot be escaped"
            ));
        }
        match text.chars().find(|c| "{}?#".contains(*c)) {
            Some(c @ ('{' | '}')) if self == Self::Path => Err(format!(
                "Istio rejects paths with `{c}`, which is reserved for path templates"
            )),
            Some(c @ ('?' | '#')) if self == Self::Path => Err(format!(
                "Istio compares paths without their query and fragment, so no path contains `{c}`"
            )),
            _ => Ok(()),
        }
    }
}
