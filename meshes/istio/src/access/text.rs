//! The forms in which policies write texts: `text`, `text*`, `*text`, and `*` alone.

use super::not_modelled;
use smi_conformance::NotModelled;

/// How a text is compared. A `*` elsewhere than at one end stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    Anything,
    Exact(&'a str),
    Prefix(&'a str),
    Suffix(&'a str),
}

impl<'a> Text<'a> {
    /// Reads a value of a policy. A `*` in front is looked for first, and taken away once.
    pub(super) fn new(value: &'a str) -> Result<Self, NotModelled> {
        if value.is_empty() {
            return not_modelled("an empty value, which the webhook refuses");
        }
        Ok(match (value.strip_prefix('*'), value.strip_suffix('*')) {
            (Some(""), _) => Self::Anything,
            (Some(suffix), _) => Self::Suffix(suffix),
            (None, Some(prefix)) => Self::Prefix(prefix),
            (None, None) => Self::Exact(value),
        })
    }

    /// Whether `text` is matched. Whether an empty one is anything is for the caller to say.
    pub(super) fn matches(self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(value) => text == value,
            Self::Prefix(value) => text.starts_with(value),
            Self::Suffix(value) => text.ends_with(value),
        }
    }
}

/// Whether `text`, where an empty one counts as absent, is of the form `value`.
pub(super) fn is(value: &str, text: &str) -> Result<bool, NotModelled> {
    let form = Text::new(value)?;
    Ok(form.matches(text) && !(form == Text::Anything && text.is_empty()))
}

/// The same in any case of ASCII letters; an empty text is something.
pub(super) fn is_in_any_case(value: &str, text: &str) -> Result<bool, NotModelled> {
    let value = value.to_ascii_lowercase();
    Ok(Text::new(&value)?.matches(&text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_counts_at_one_end() {
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
    fn case_is_passed_over_where_asked() {
        for (value, text) in [("Api.D", "aPI.d"), ("*.D", "x.d"), ("API*", "api.d"), ("*", "")] {
            assert_eq!(is_in_any_case(value, text), Ok(true), "{value} {text}");
        }
        assert_eq!(is_in_any_case("api.d", "api.d:80"), Ok(false));
    }
}
