//! What routes can say wrongly.

use super::names::is_http_token;
use super::{Found, Rule, Violation, repeated};
use crate::headers::{HeaderForm, Headers};
use crate::path::FieldPath;
use crate::regex::Portable;
use crate::specs::{HTTPMatch, HTTPRouteGroup, METHODS, PortsSpec, TCPRoute, UDPRoute};
use crate::version::Version;
use std::collections::BTreeSet;

impl HTTPRouteGroup {
    /// What is wrong with the group by itself, in the order of its fields; nothing, if nothing is.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let path = self.matches_path();
        let mut found = Found::default();
        match self.matches.as_deref() {
            None => found.no_spec(FieldPath::root().field("spec")),
            Some([]) => found.add(
                Rule::NoMatches,
                path,
                "there are no matches, so no request fulfils the group",
            ),
            Some(matches) => {
                for (index, matching) in matches.iter().enumerate() {
                    self::matching(matching, self.version, &path.clone().index(index), &mut found);
                }
                for (index, name) in repeated(matches.iter().map(|matching| &*matching.name)) {
                    let message = format!("`{name}` is the name of a match before; either may be fulfilled");
                    found.add(Rule::MatchRepeated, path.clone().index(index).field("name"), message);
                }
            }
        }
        found.0
    }
}

fn matching(matching: &HTTPMatch, version: Version, path: &FieldPath, found: &mut Found) {
    let HTTPMatch {
        name,
        path_regex,
        methods,
        headers,
    } = matching;
    if name.is_empty() {
        found.add(
            Rule::MatchName,
            path.clone().field("name"),
            "there is no name to select the match by",
        );
    }
    if path_regex.is_empty() && methods.is_empty() && headers.is_empty() {
        let message = "nothing but a name is said, so every request fulfils the match";
        found.add(Rule::MatchEverything, path.clone(), message);
    }
    pattern(path_regex, path.clone().field("pathRegex"), found);
    for (index, method) in methods.iter().enumerate() {
        if method != "*" && !METHODS.contains(&method.as_str()) {
            let message = format!("`{method}` is no method that the API knows; it is compared as it stands");
            found.add(Rule::MethodUnknown, path.clone().field("methods").index(index), message);
        }
    }
    self::headers(headers, version, &path.clone().field("headers"), found);
}

fn headers(headers: &Headers, version: Version, path: &FieldPath, found: &mut Found) {
    if !headers.is_empty() && version == Version::V1Alpha1 {
        let message = format!("`{version}` has no headers; where they are dropped, more requests fulfil the match");
        found.add(Rule::HeadersVersion, path.clone(), message);
    }
    if headers.lost {
        let message = "a header filter got lost: a map without an entry, or a value that is no text";
        found.add(Rule::HeadersLost, path.clone(), message);
    }
    let mut seen = BTreeSet::new();
    for (index, (name, value)) in headers.filters.iter().enumerate() {
        let path = match headers.form {
            HeaderForm::List => path.clone().index(index).field(name.clone()),
            HeaderForm::Map => path.clone().field(name.clone()),
        };
        if !is_http_token(name) {
            found.add(Rule::HeaderName, path.clone(), format!("`{name}` is no header name"));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            let message = format!("`{name}` is filtered before; both must hold, which some meshes cannot say");
            found.add(Rule::HeaderRepeated, path.clone(), message);
        }
        pattern(value, path, found);
    }
}

fn pattern(regex: &str, path: FieldPath, found: &mut Found) {
    if let Err(error) = Portable::parse(regex) {
        found.add(Rule::PatternNotPortable, path, format!("`{regex}` is {error}"));
    }
}

impl TCPRoute {
    /// What is wrong with the route by itself, in the order of its fields; nothing, if nothing is.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        ports(self.spec.as_ref(), self.version)
    }
}

impl UDPRoute {
    /// What is wrong with the route by itself, in the order of its fields; nothing, if nothing is.
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
        .map(|matches| &*matches.ports);
    let ports = ports.unwrap_or_default();
    let path = FieldPath::from("spec.matches.ports");
    let mut found = Found::default();
    if !ports.is_empty() && version < Version::V1Alpha4 {
        let message = format!("`{version}` has no ports; where they are dropped, all ports are meant");
        found.add(Rule::PortsVersion, path.clone(), message);
    }
    for (index, port) in ports.iter().enumerate() {
        found.port(Rule::RoutePort, path.clone().index(index), port);
    }
    found.0
}
