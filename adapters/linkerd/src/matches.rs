//! Matches of route groups, as matches of an `HTTPRoute`: one for each method.

use crate::native::{Header, HttpRouteMatch, Path};
use smi_adapter::adapter::{MatchReport, Translation};
use smi_adapter::diagnostic::Code;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use smi_adapter::smi_types::specs::METHODS;
use std::collections::BTreeSet;

/// The longest path, in bytes, that the CRD accepts.
pub(crate) const MAX_PATH: usize = 1024;
/// The longest header value, in bytes, that the CRD accepts.
pub(crate) const MAX_HEADER: usize = 4096;
/// The most header filters of one match that the CRD accepts.
const MAX_HEADERS: usize = 16;

/// The proxy that matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The proxy of the client, for splits.
    Client,
    /// The proxy of the server, for access. The proxy of the client has already handled the request, and the adapter
    /// adds a header filter to the match.
    Server,
}

/// Headers that belong to one connection. Proxies remove or change them between each other.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Side {
    fn max_headers(self) -> usize {
        match self {
            Self::Client => MAX_HEADERS,
            Self::Server => MAX_HEADERS - 1,
        }
    }

    /// Returns why a filter of `header` would not see the value that the client sent, if that is so.
    fn hides(self, header: &str) -> Option<&'static str> {
        match header {
            "host" => Some("HTTP/2 has no such header"),
            "l5d-client-id" => Some("the proxy sets it itself"),
            _ if self == Self::Client => None,
            _ if header.starts_with("l5d-") => Some("the proxies reserve headers with this prefix"),
            _ if HOP_BY_HOP.contains(&header) => Some("proxies change it in transit"),
            _ => None,
        }
    }
}

/// Translates a match. Returns no matches where Linkerd cannot express it; that is reported on the route group.
pub(crate) fn requests(matching: &HttpMatch, side: Side, translation: &mut Translation) -> Vec<HttpRouteMatch> {
    let mut parts = Parts(MatchReport::new(matching, translation), side);
    let path = match matching.path() {
        None => Some(Path::Prefix("/")),
        Some(pattern) => parts.path(pattern),
    };
    let headers = parts.headers(matching.headers());
    let methods = match matching.methods() {
        None => vec![None],
        Some(methods) => parts.methods(methods),
    };
    let Some(path) = path.filter(|_| !parts.0.is_rejected()) else {
        return Vec::new();
    };
    let request = |method| HttpRouteMatch {
        path: path.clone(),
        method,
        headers: headers.clone(),
        query: Vec::new(),
    };
    methods.into_iter().map(request).collect()
}

/// The translation of the parts of a match.
struct Parts<'a>(MatchReport<'a>, Side);

impl Parts<'_> {
    fn path(&mut self, pattern: &Pattern) -> Option<Path> {
        let field = self.0.field("pathRegex");
        self.anchored(pattern, MAX_PATH, field).map(Path::RegularExpression)
    }

    /// Returns the pattern, anchored at both ends, if it is short enough. Linkerd finds the leftmost-first match and
    /// requires it to span the text. So an alternative that is a prefix of another one would hide it without the group.
    fn anchored(&mut self, pattern: &Pattern, most: usize, field: FieldPath) -> Option<String> {
        let regex = format!("^(?:{})$", pattern.to_full_match(Engine::Rust));
        if regex.len() > most {
            let message = format!("pattern exceeds Linkerd's limit of {most} bytes; the match takes no request");
            self.0.reject(Code::Inexpressible, field, message);
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
            let message = "Linkerd supports only the nine standard methods; others are left out";
            self.0.report(Code::Inexpressible, list, message);
        }
        known
    }

    fn headers(&mut self, headers: &[HeaderMatch]) -> Vec<Header> {
        let list = self.0.field("headers");
        let most = self.1.max_headers();
        if headers.len() > most {
            let message = format!("Linkerd supports at most {most} header filters here; the match takes no request");
            self.0.reject(Code::Inexpressible, list.clone(), message);
        }
        let mut names = BTreeSet::new();
        let mut all = Vec::new();
        for header in headers {
            let field = list.clone().field(header.name());
            if let Some(why) = self.1.hides(header.name()) {
                let name = header.name();
                let message = format!("`{name}` cannot be matched: {why}; the match takes no request");
                self.0.reject(Code::Inexpressible, field, message);
            } else if !names.insert(header.name()) {
                let message = format!(
                    "Linkerd cannot filter `{}` twice in one match; the match takes no request",
                    header.name()
                );
                self.0.reject(Code::HeaderRepeated, field, message);
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
