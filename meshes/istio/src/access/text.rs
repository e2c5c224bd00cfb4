//! String forms in policies: equality, prefix `text*`, suffix `*text`, and presence `*`.

use super::not_modelled;
use smi_conformance::NotModelledError;

/// A comparison of strings. A `*` that is not at an end is literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    Anything,
    Exact(&'a str),
    Prefix(&'a str),
    Suffix(&'a str),
}

impl<'a> Text<'a> {
    /// Parses a value of a policy. A `*` at the start takes precedence over one at the end, and only one is removed.
    pub(super) fn new(value: &'a str) -> Result<Self, NotModelledError> {
        if value.is_empty() {
            return not_modelled("an empty value, which the webhook rejects");
        }
        Ok(match (value.strip_prefix('*'), value.strip_suffix('*')) {
            (Some(""), _) => Self::Anything,
            (Some(suffix), _) => Self::Suffix(suffix),
            (None, Some(prefix)) => Self::Prefix(prefix),
            (None, None) => Self::Exact(value),
        })
    }

    /// Returns `true` if `text` matches. The caller decides if an empty string counts as present.
    pub(super) fn matches(self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(value) => text == value,
            Self::Prefix(value) => text.starts_with(value),
            Self::Suffix(value) => text.ends_with(value),
        }
    }
}

/// Returns `true` if `text` matches `value`. An empty string counts as absent.
pub(super) fn is(value: &str, text: &str) -> Result<bool, NotModelledError> {
    let form = Text::new(value)?;
    Ok(form.matches(text) && !(form == Text::Anything && text.is_empty()))
}

/// Returns `true` if `text` matches `value`, ignoring the case of ASCII letters. An empty string counts as present.
pub(super) fn is_in_any_case(value: &str, text: &str) -> Result<bool, NotModelledError> {
    let value = value.to_ascii_lowercase();
    Ok(Text::new(&value)?.matches(&text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_a_wildcard_at_one_end_only() {
        for (value, yes, no) in [
            ("a", &["a"][..], &["", "ab", "A", "xa"][..]),
            ("a*", &["a", "ab", "a*"], &["", "xa", "A"]),
            ("*a", &["a", "ba", "*a"], &["", "ab", "A"]),
            ("*", &["a", "*"], &[""]),
            ("**", &["*", "x*"], &["", "x", "*x"]),
            ("*a*", &["a*", "xa*"], &["a", "xax", "xa"]),
            ("a*b", &["a*b"], &["ab", "axb"]),
        ] {
            for text in yes {
                assert_eq!(is(value, text), Ok(true), "{value} {text}");
            }
            for text in no {
                assert_eq!(is(value, text), Ok(false), "{value} {text}");
            }
        }
        assert!(is("", "").is_err());
    }

    #[test]
    fn ignores_case_on_request() {
        for (value, text) in [("Api.D", "aPI.d"), ("*.D", "x.d"), ("API*", "api.d"), ("*", "")] {
            assert_eq!(is_in_any_case(value, text), Ok(true), "{value} {text}");
        }
        assert_eq!(is_in_any_case("api.d", "api.d:80"), Ok(false));
    }
}
