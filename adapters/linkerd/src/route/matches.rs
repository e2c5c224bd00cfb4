//! One match of a route group as matches of an `HTTPRoute`: one for each method.

use crate::native::{Header, HttpRouteMatch, Path};
use smi_adapter::adapter::{Faults, Translation};
use smi_adapter::diagnostic::Code;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeSet;

/// What the CRD takes, in bytes or in number.
const MAX_PATH: usize = 1024;
const MAX_HEADER: usize = 4096;
const MAX_HEADERS: usize = 16;
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

/// Headers of which a filter does not see what the client sent, and why.
const OTHER: [(&str, &str); 2] = [
    ("host", "HTTP/2 has no such header"),
    ("l5d-client-id", "the proxy sets it itself"),
];

/// The matches, or none where Linkerd cannot say it: then it is reported on its route group.
pub(super) fn requests(matching: &HttpMatch, translation: &mut Translation) -> Vec<HttpRouteMatch> {
    let mut parts = Parts(Faults::new(matching, translation));
    let path = match matching.path() {
        None => Some(Path::PathPrefix("/")),
        Some(pattern) => parts.path(pattern),
    };
    let headers = parts.headers(matching.headers());
    let methods = match matching.methods() {
        None => vec![None],
        Some(methods) => parts.methods(methods),
    };
    let Some(path) = path.filter(|_| !parts.0.any()) else {
        return Vec::new();
    };
    let request = |method| HttpRouteMatch {
        path: path.clone(),
        method,
        headers: headers.clone(),
    };
    methods.into_iter().map(request).collect()
}

/// The parts of a match, in Linkerd's words.
struct Parts<'a>(Faults<'a>);

impl Parts<'_> {
    fn path(&mut self, pattern: &Pattern) -> Option<Path> {
        let field = self.0.field("pathRegex");
        self.anchored(pattern, MAX_PATH, field).map(Path::RegularExpression)
    }

    /// Linkerd takes the leftmost-first match and wants it to span the text: without the group an alternative
    /// that is a beginning of another would hide it.
    fn anchored(&mut self, pattern: &Pattern, most: usize, field: FieldPath) -> Option<String> {
        let regex = format!("^(?:{})$", pattern.to_full_match(Engine::Rust));
        if regex.len() > most {
            let message = format!("Linkerd takes no pattern of more than {most} bytes; the match takes no request");
            self.0.fault(Code::Inexpressible, field, message);
            return None;
        }
        Some(regex)
    }

    fn methods(&mut self, methods: &BTreeSet<String>) -> Vec<Option<String>> {
        let known: Vec<Option<String>> = methods
            .iter()
            .filter(|method| METHODS.contains(&method.as_str()))
            .map(|method| Some(method.clone()))
            .collect();
        if known.len() < methods.len() {
            let list = self.0.field("methods");
            let message = "Linkerd knows the nine standard methods only; others are left out";
            self.0.note(Code::Inexpressible, list, message);
        }
        known
    }

    fn headers(&mut self, headers: &[HeaderMatch]) -> Vec<Header> {
        let list = self.0.field("headers");
        if headers.len() > MAX_HEADERS {
            let message = format!("Linkerd takes at most {MAX_HEADERS} header filters; the match takes no request");
            self.0.fault(Code::Inexpressible, list.clone(), message);
        }
        let mut names = BTreeSet::new();
        let mut all = Vec::new();
        for header in headers {
            let field = list.clone().field(header.name());
            if let Some((name, why)) = OTHER.iter().find(|(name, _)| *name == header.name()) {
                let message = format!("`{name}` cannot be matched: {why}; the match takes no request");
                self.0.fault(Code::Inexpressible, field, message);
            } else if !names.insert(header.name()) {
                let message = format!(
                    "Linkerd cannot filter `{}` twice in one match; it takes no request",
                    header.name()
                );
                self.0.fault(Code::HeaderRepeated, field, message);
            } else if let Some(value) = self.anchored(header.value(), MAX_HEADER, field) {
                all.push(Header {
                    name: header.name().to_owned(),
                    kind: "RegularExpression",
                    value,
                });
            }
        }
        all
    }
}
