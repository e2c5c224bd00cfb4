//! `StringMatch`: comparison of strings.

use super::not_modelled;
use regex::RegexBuilder;
use serde::Deserialize;
use smi_adapter::smi_types::regex::Portable;
use smi_conformance::NotModelledError;
use std::collections::BTreeMap;

/// `StringMatch`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(super) enum Pattern {
    /// No form: matches any value that is present.
    Present,
    /// Matches exactly this string.
    Exact(String),
    /// Matches strings with this prefix.
    Prefix(String),
    /// Matches strings that the RE2 expression matches completely.
    Regex(String),
}

impl TryFrom<BTreeMap<String, String>> for Pattern {
    type Error = String;

    fn try_from(fields: BTreeMap<String, String>) -> Result<Self, String> {
        let mut fields = fields.into_iter();
        match (fields.next(), fields.next()) {
            (None, _) => Ok(Self::Present),
            (Some((form, value)), None) => match form.as_str() {
                "exact" => Ok(Self::Exact(value)),
                "prefix" => Ok(Self::Prefix(value)),
                "regex" => Ok(Self::Regex(value)),
                _ => Err(format!("`{form}` is not a form of a match")),
            },
            _ => Err("a match with several forms".to_owned()),
        }
    }
}

/// The maximum length of a regular expression in Istio's webhook.
const MAX_REGEX_LENGTH: usize = 1024;

impl Pattern {
    /// Returns `true` if `text` matches. `ignore_case` applies only to the forms `exact` and `prefix`.
    pub(super) fn matches(&self, text: &str, ignore_case: bool) -> Result<bool, NotModelledError> {
        Ok(match self {
            Self::Present => true,
            Self::Exact(value) if ignore_case => text.eq_ignore_ascii_case(value),
            Self::Exact(value) => text == value,
            Self::Prefix(value) if ignore_case => {
                let start = text.as_bytes().get(..value.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(value.as_bytes()))
            }
            Self::Prefix(value) => text.starts_with(value.as_str()),
            Self::Regex(regex) => full_match(regex, text)?,
        })
    }

    /// Returns `true` if it matches every string.
    pub(super) fn is_anything(&self) -> bool {
        match self {
            Self::Present => true,
            Self::Regex(regex) => regex == ".*",
            Self::Exact(_) | Self::Prefix(_) => false,
        }
    }

    /// Rejects patterns that the webhook or the sidecar may reject. The object or the whole route configuration would then
    /// not be in force.
    pub(super) fn check(&self, is_path: bool) -> Result<(), NotModelledError> {
        match self {
            Self::Regex(regex) if regex.len() > MAX_REGEX_LENGTH => {
                not_modelled(format!("a regular expression of more than {MAX_REGEX_LENGTH} bytes"))
            }
            Self::Exact(value) | Self::Regex(value) if value.is_empty() => not_modelled("an empty match"),
            Self::Prefix(value) if value.is_empty() && !is_path => not_modelled("an empty prefix of a header"),
            Self::Regex(regex) => portable(regex).map(|_| ()),
            Self::Present | Self::Exact(_) | Self::Prefix(_) => Ok(()),
        }
    }
}

/// Parses a pattern of the portable dialect. Only for such patterns are RE2 and the engine used here equivalent.
fn portable(regex: &str) -> Result<Portable, NotModelledError> {
    Portable::parse(regex).map_err(|error| NotModelledError(format!("regular expression `{regex}`: {error}")))
}

fn full_match(regex: &str, text: &str) -> Result<bool, NotModelledError> {
    let regex = portable(regex)?;
    let whole = format!(r"\A(?:{})\z", regex.ascii());
    let compiled = RegexBuilder::new(&whole).size_limit(100 << 20).build();
    match compiled {
        Ok(compiled) => Ok(compiled.is_match(text)),
        Err(error) => not_modelled(format!("regular expression `{regex}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str, text: &str) -> bool {
        Pattern::Regex(pattern.into()).matches(text, false).unwrap()
    }

    #[test]
    fn regular_expressions_match_the_complete_string() {
        assert!(regex("/a|/b.*", "/bc"));
        assert!(!regex("/a|/b.*", "/ac"));
        assert!(!regex("/a", "/ab"));
        assert!(!regex("/a", "x/a"));
        assert!(!regex(".*", "a\nb"), "a dot does not match a line end");
        assert!(!regex(r"\d", "٣"), "ASCII digits only");
        assert!(regex("(?i)/A", "/a"));
    }

    #[test]
    fn rejects_patterns_that_engines_interpret_differently() {
        for pattern in [r"\Qa\E", "(?<n>a)", "[a&&b]", r"\pL", "(?=a)"] {
            assert!(Pattern::Regex(pattern.into()).check(true).is_err(), "{pattern}");
        }
        assert!(Pattern::Regex("a".repeat(1025)).check(true).is_err());
        assert!(Pattern::Prefix(String::new()).check(false).is_err());
        assert!(Pattern::Prefix(String::new()).check(true).is_ok());
    }

    #[test]
    fn regular_expressions_do_not_ignore_case() {
        assert!(Pattern::Exact("/Ab".into()).matches("/aB", true).unwrap());
        assert!(Pattern::Prefix("/Ab".into()).matches("/aBc", true).unwrap());
        assert!(!Pattern::Prefix("/Ab".into()).matches("/a", true).unwrap());
        assert!(!Pattern::Regex("/Ab".into()).matches("/ab", true).unwrap());
        assert!(!Pattern::Exact("/Ab".into()).matches("/ab", false).unwrap());
    }

    #[test]
    fn rejects_several_forms() {
        let read = |json: &str| serde_json::from_str::<Pattern>(json);
        assert_eq!(read("{}").unwrap(), Pattern::Present);
        assert!(read(r#"{"exact": "a", "prefix": "a"}"#).is_err());
        assert!(read(r#"{"suffix": "a"}"#).is_err());
    }
}
