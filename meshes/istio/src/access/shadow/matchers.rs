//! Envoy's matchers of strings, paths and headers: the modelled subset.

use super::super::context::Context;
use super::super::header;
use super::not_modelled;
use crate::pattern::Pattern;
use crate::request::ParsedRequest;
use serde::Deserialize;
use smi_conformance::NotModelledError;

/// `envoy.type.matcher.v3.StringMatcher`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StringMatcher {
    exact: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    contains: Option<String>,
    safe_regex: Option<SafeRegex>,
    #[serde(default)]
    ignore_case: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SafeRegex {
    regex: String,
}

/// `envoy.type.matcher.v3.PathMatcher`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathMatcher {
    path: StringMatcher,
}

/// `envoy.config.route.v3.HeaderMatcher`. Without a form it matches any header that is present.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderMatcher {
    name: String,
    string_match: Option<StringMatcher>,
    present_match: Option<bool>,
}

impl StringMatcher {
    pub(super) fn matches(&self, text: &str) -> Result<bool, NotModelledError> {
        let fold = |text: &str| {
            if self.ignore_case {
                text.to_ascii_lowercase()
            } else {
                text.to_owned()
            }
        };
        let own = fold(text);
        match (
            &self.exact,
            &self.prefix,
            &self.suffix,
            &self.contains,
            &self.safe_regex,
        ) {
            (Some(exact), None, None, None, None) => Ok(own == fold(exact)),
            (None, Some(prefix), None, None, None) if !prefix.is_empty() => Ok(own.starts_with(&fold(prefix))),
            (None, None, Some(suffix), None, None) if !suffix.is_empty() => Ok(own.ends_with(&fold(suffix))),
            (None, None, None, Some(part), None) if !part.is_empty() => Ok(own.contains(&fold(part))),
            (None, None, None, None, Some(SafeRegex { regex })) if !self.ignore_case && !regex.is_empty() => {
                Pattern::Regex(regex.clone()).matches(text, false)
            }
            _ => not_modelled("a matcher that Envoy rejects"),
        }
    }
}

impl PathMatcher {
    /// Returns `true` if it matches the path without the query.
    pub(super) fn matches(&self, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        self.path.matches(&parsed.path)
    }
}

impl HeaderMatcher {
    /// Returns `true` if it matches any line of the header.
    pub(super) fn matches(&self, context: &Context<'_>, parsed: &ParsedRequest) -> Result<bool, NotModelledError> {
        match (&self.string_match, self.present_match) {
            (Some(matcher), None) => header::matches(context, parsed, &self.name, false, |line| matcher.matches(line)),
            (None, None | Some(true)) => header::matches(context, parsed, &self.name, true, |_| Ok(true)),
            _ => not_modelled("a matcher of headers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn string_matchers_have_exactly_one_form() {
        let matches = |form: serde_json::Value, text: &str| {
            let matcher: StringMatcher = serde_json::from_value(form).unwrap();
            matcher.matches(text)
        };
        for (form, yes, no) in [
            (json!({"exact": "Ab"}), "Ab", "ab"),
            (json!({"exact": "Ab", "ignore_case": true}), "aB", "abc"),
            (json!({"prefix": "ab"}), "abc", "xab"),
            (json!({"suffix": "ab"}), "xab", "abc"),
            (json!({"contains": "b"}), "abc", "ac"),
            (json!({"safe_regex": {"regex": "a|b+"}}), "bb", "ab"),
        ] {
            assert_eq!(matches(form.clone(), yes), Ok(true), "{form} {yes}");
            assert_eq!(matches(form.clone(), no), Ok(false), "{form} {no}");
        }
        for form in [
            json!({}),
            json!({"exact": "a", "prefix": "a"}),
            json!({"prefix": ""}),
            json!({"safe_regex": {"regex": "(?=a)"}}),
            json!({"safe_regex": {"regex": "a"}, "ignore_case": true}),
        ] {
            assert!(matches(form.clone(), "a").is_err(), "{form}");
        }
    }
}
