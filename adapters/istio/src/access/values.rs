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
    let comparisons = match part {
        RequestPart::Path => pattern.lower_path(),
        RequestPart::Header => pattern.lower(),
    };
    let Some(comparisons) = comparisons else {
        return Err(format!(
            "`{}` cannot be expressed by exact strings, prefixes and suffixes, which are all that an AuthorizationPolicy supports{}",
            pattern.as_str(),
            unescaped_dot(pattern, part)
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

/// Returns the advice to escape dots, for a message, if Istio can express the pattern with escaped dots.
fn unescaped_dot(pattern: &Pattern, part: RequestPart) -> String {
    let escaped = escape_dots(pattern.as_str());
    let Ok(literal) = Pattern::new(&escaped, pattern.anchor()) else {
        return String::new();
    };
    let comparisons = match part {
        RequestPart::Path => literal.lower_path(),
        RequestPart::Header => literal.lower(),
    };
    if escaped == pattern.as_str() || comparisons.is_none() {
        return String::new();
    }
    format!("; an unescaped `.` matches any character: write `{escaped}` if the dot itself is meant")
}

/// Escapes every dot that is neither escaped, nor in a class, nor repeated.
fn escape_dots(pattern: &str) -> String {
    let mut escaped = String::new();
    let (mut in_class, mut after_backslash) = (false, false);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        let is_repeated = matches!(rest.peek(), Some('*' | '+' | '?' | '{'));
        match c {
            _ if after_backslash => {}
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class && !is_repeated => escaped.push('\\'),
            _ => {}
        }
        after_backslash = c == '\\' && !after_backslash;
        escaped.push(c);
    }
    escaped
}

/// Returns `true` if Istio compares with the text literally.
pub(super) fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('*') && !text.ends_with('*')
}

impl RequestPart {
    /// Returns `true` if the proxy rejects every request with this character in this part, before it evaluates policies.
    fn never_contains(self, c: char) -> bool {
        match self {
            Self::Path => false,
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
        match text.chars().find(|c| "{}".contains(*c)) {
            Some(c @ ('{' | '}')) if self == Self::Path => Err(format!(
                "Istio rejects paths with `{c}`, which is reserved for path templates"
            )),
            _ => Ok(()),
        }
    }
}
