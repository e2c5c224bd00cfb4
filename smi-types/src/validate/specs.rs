//! Violations of routes.

use super::names::is_http_token;
use super::{Found, Rule, Violation, repeated};
use crate::headers::{HeaderForm, Headers};
use crate::path::Place;
use crate::regex::Portable;
use crate::specs::{HTTPMatch, HTTPRouteGroup, METHODS, PortsSpec, TCPRoute, UDPRoute};
use crate::version::Version;
use std::collections::BTreeSet;

/// The parsed patterns of one match. A pattern that is not portable is `None`, and a violation.
#[derive(Clone, Debug)]
pub struct MatchPatterns {
    /// The pattern of the path. If the match has none, it is the empty pattern.
    pub path: Option<Portable>,
    /// The patterns of the header filters, in their order.
    pub headers: Vec<Option<Portable>>,
}

impl HTTPRouteGroup {
    /// Returns the faults of the group by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.parse_patterns().1
    }

    /// Returns the parsed patterns of each match, and the [violations](Self::violations) of the group. Every pattern is
    /// parsed only once.
    #[must_use]
    pub fn parse_patterns(&self) -> (Vec<MatchPatterns>, Vec<Violation>) {
        let path = self.matches_place();
        let mut found = Found::default();
        let mut patterns = Vec::new();
        match self.matches.as_deref() {
            None => found.no_spec(Place::Root.field("spec")),
            Some([]) => found.add(
                Rule::NoMatches,
                path,
                "there are no matches, so the group matches no request",
            ),
            Some(matches) => {
                for (index, matching) in matches.iter().enumerate() {
                    let path = path.index(index);
                    patterns.push(self::matching(matching, self.version, path, &mut found));
                }
                for (index, name) in repeated(matches.iter().map(|matching| &*matching.name)) {
                    let message = format!("`{name}` is the name of an earlier match; either match suffices");
                    found.add(Rule::MatchRepeated, path.index(index).field("name"), message);
                }
            }
        }
        (patterns, found.0)
    }
}

fn matching(matching: &HTTPMatch, version: Version, path: Place<'_>, found: &mut Found) -> MatchPatterns {
    let HTTPMatch {
        name,
        path_regex,
        methods,
        headers,
    } = matching;
    if name.is_empty() {
        found.add(
            Rule::MatchName,
            path.field("name"),
            "the name is missing, so no rule can select the match",
        );
    }
    if path_regex.is_empty() && methods.is_empty() && headers.is_empty() {
        let message = "only the name is specified, so the match matches every request";
        found.add(Rule::MatchEverything, path, message);
    }
    let path_pattern = pattern(path_regex, path.field("pathRegex"), found);
    if let Some(meant) = meant_by_glob(path_regex).filter(|_| path_pattern.is_some()) {
        let message = format!(
            "`*` repeats the character before it, so `{path_regex}` matches slashes only there; did you mean `{meant}`?"
        );
        found.add(Rule::PatternGlob, path.field("pathRegex"), message);
    }
    self::methods(methods, path.field("methods"), found);
    MatchPatterns {
        path: path_pattern,
        headers: self::headers(headers, version, path.field("headers"), found),
    }
}

fn methods(methods: &[String], path: Place<'_>, found: &mut Found) {
    if !methods.is_empty() && !methods.iter().any(|method| is_http_token(method)) {
        let message = "no method in the list can occur in a request, so the match matches nothing";
        return found.add(Rule::NoMethod, path, message);
    }
    for (index, method) in methods.iter().enumerate() {
        if method != "*" && !METHODS.contains(&method.as_str()) {
            let message = format!("`{method}` is not a method that the API knows; it is compared as written");
            found.add(Rule::MethodUnknown, path.index(index), message);
        }
    }
}

fn headers(headers: &Headers, version: Version, path: Place<'_>, found: &mut Found) -> Vec<Option<Portable>> {
    if !headers.is_empty() && version == Version::V1Alpha1 {
        let message = format!("`{version}` has no headers; an API server that drops them widens the match");
        found.add(Rule::HeadersVersion, path, message);
    }
    for name in &headers.lost_names {
        let message = format!(
            "the filter of header `{name}` was lost: its value is not a string; the match matches nothing; quote the value"
        );
        found.add(Rule::HeadersLost, path.field(name), message);
    }
    if headers.lost && headers.lost_names.is_empty() {
        let message = "a header filter was lost: a map has no entry, or an entry no name; the match matches nothing";
        found.add(Rule::HeadersLost, path, message);
    }
    let mut seen = BTreeSet::new();
    let mut patterns = Vec::new();
    for (index, (name, value)) in headers.filters.iter().enumerate() {
        let item = path.index(index);
        let path = match headers.form {
            HeaderForm::List => item.field(name),
            HeaderForm::Map => path.field(name),
        };
        if !is_http_token(name) {
            found.add(
                Rule::HeaderName,
                path,
                format!("`{name}` is not a valid header name, so the match matches nothing"),
            );
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            let message =
                format!("`{name}` already has a filter; both filters must hold, which some meshes cannot express");
            found.add(Rule::HeaderRepeated, path, message);
        }
        patterns.push(pattern(value, path, found));
    }
    patterns
}

/// Returns the regular expression that was probably meant by a glob: a `*` at the beginning or after a slash stands for any
/// characters there, and for one segment of a path if more follows.
fn meant_by_glob(pattern: &str) -> Option<String> {
    if !pattern.starts_with('*') && !pattern.contains("/*") {
        return None;
    }
    let mut meant = String::new();
    let mut before = '/';
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '*' && before == '/' {
            while rest.next_if_eq(&'*').is_some() {}
            meant.push_str(if rest.peek().is_some() { "[^/]*" } else { ".*" });
        } else {
            meant.push(c);
        }
        before = c;
    }
    Some(meant)
}

fn pattern(regex: &str, path: Place<'_>, found: &mut Found) -> Option<Portable> {
    match Portable::parse(regex) {
        Ok(portable) => Some(portable),
        Err(error) => {
            let meant = meant_by_glob(regex).filter(|meant| Portable::parse(meant).is_ok());
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            let message = format!("`{regex}` is {error}; the match matches nothing{hint}");
            found.add(Rule::PatternNotPortable, path, message);
            None
        }
    }
}

impl TCPRoute {
    /// Returns the faults of the route by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        ports(self.spec.as_ref(), self.version)
    }
}

impl UDPRoute {
    /// Returns the faults of the route by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        ports(self.spec.as_ref(), self.version)
    }
}

fn ports(spec: Option<&PortsSpec>, version: Version) -> Vec<Violation> {
    let ports = spec
        .and_then(|spec| spec.matches.as_ref())
        .map(|matches| &*matches.ports)
        .unwrap_or_default();
    let matches = Place::Root.field("spec");
    let matches = matches.field("matches");
    let path = matches.field("ports");
    let mut found = Found::default();
    if !ports.is_empty() && version < Version::V1Alpha4 {
        let message =
            format!("`{version}` has no ports; an API server that drops them makes the route match all ports");
        found.add(Rule::PortsVersion, path, message);
    }
    for (index, port) in ports.iter().enumerate() {
        found.port(Rule::RoutePort, path.index(index), port, "the route matches nothing");
    }
    found.0
}
