//! One match of a route group as matches of an `HTTPRoute`: one for each method.

use crate::native::{Header, HttpRouteMatch, Path};
use smi_adapter::adapter::{Faults, Translation};
use smi_adapter::diagnostic::Code;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use smi_adapter::smi_types::specs::METHODS;
use std::collections::BTreeSet;

/// What the CRD takes, in bytes or in number.
pub(crate) const MAX_PATH: usize = 1024;
pub(crate) const MAX_HEADER: usize = 4096;
const MAX_HEADERS: usize = 16;

/// Which proxy looks at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The client's, for splits.
    Client,
    /// The server's, for access. The client's proxy has had the request before, and a filter of our own joins the match.
    Server,
}

/// Headers that belong to one connection. Proxies take them off or change them between each other.
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

    /// Why a filter of a header would not see what the client sent.
    fn hides(self, header: &str) -> Option<&'static str> {
        match header {
            "host" => Some("HTTP/2 has no such header"),
            "l5d-client-id" => Some("the proxy sets it itself"),
            _ if self == Self::Client => None,
            _ if header.starts_with("l5d-") => Some("the proxies use headers of such names among themselves"),
            _ if HOP_BY_HOP.contains(&header) => Some("proxies change it on the way"),
            _ => None,
        }
    }
}

/// The matches, or none where Linkerd cannot say it: then it is reported on its route group.
pub(crate) fn requests(matching: &HttpMatch, side: Side, translation: &mut Translation) -> Vec<HttpRouteMatch> {
    let mut parts = Parts(Faults::new(matching, translation), side);
    let path = match matching.path() {
        None => Some(Path::Prefix("/")),
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
        query: Vec::new(),
    };
    methods.into_iter().map(request).collect()
}

/// The parts of a match, in Linkerd's words.
struct Parts<'a>(Faults<'a>, Side);

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
        let most = self.1.max_headers();
        if headers.len() > most {
            let message = format!("Linkerd takes at most {most} header filters here; the match takes no request");
            self.0.fault(Code::Inexpressible, list.clone(), message);
        }
        let mut names = BTreeSet::new();
        let mut all = Vec::new();
        for header in headers {
            let field = list.clone().field(header.name().to_owned());
            if let Some(why) = self.1.hides(header.name()) {
                let name = header.name();
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
