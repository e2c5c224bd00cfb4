//! Parsing of requests by the client's sidecar.

use super::headers::lines;
use super::not_modelled;
use super::path::{Normal, normalise};
use super::spec::HttpMatch;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// Methods that Envoy's HTTP/1 parser supports. It does not accept other methods as HTTP.
const METHODS: [&str; 34] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "M-SEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
    "CONNECT",
];

/// The outcome of parsing a request.
#[derive(Debug)]
pub(super) enum Received {
    /// The request is routed.
    Accepted(ParsedRequest),
    /// The proxy answers with this status.
    Rejected(u16),
}

/// A request with a normalised path.
#[derive(Debug)]
pub(super) struct ParsedRequest {
    pub(super) method: String,
    /// The host named by the request, if any.
    pub(super) authority: Option<String>,
    pub(super) path: String,
    /// The part after the `?`, if any.
    query: Option<String>,
    /// Names in lower case, with trimmed values.
    headers: Vec<(String, String)>,
}

impl Received {
    pub(super) fn new(request: &Request) -> Result<Self, NotModelledError> {
        let method = &request.method;
        if !is_known(method) {
            return not_modelled(format!(
                "the method `{method}`, which the sidecar may not recognise as HTTP"
            ));
        }
        if method == "CONNECT" {
            return not_modelled("CONNECT");
        }
        Self::with_any_method(request)
    }

    /// Parses a request like HTTP/2, which accepts every method.
    pub(super) fn with_any_method(request: &Request) -> Result<Self, NotModelledError> {
        let method = request.method.clone();
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect::<Result<Vec<_>, _>>()?;
        if method == "OPTIONS" && request.path == "*" {
            return Ok(Self::Rejected(404));
        }
        let mut hosts = headers.iter().filter(|(name, _)| name == "host");
        let mut authority = hosts.next().map(|(_, value)| value.clone());
        if hosts.next().is_some() || authority.as_deref() == Some("") {
            return not_modelled("an empty or repeated host");
        }
        let mut target = request.path.as_str();
        if let Some(absolute) = target.strip_prefix("http://") {
            // The host of an absolute target overrides the header.
            let (host, path) = absolute.split_at(absolute.find(['/', '?', '#']).unwrap_or(absolute.len()));
            if host.is_empty() || host.contains('@') {
                return not_modelled("an absolute target without a plain host");
            }
            (authority, target) = (Some(host.to_owned()), path);
        }
        if !authority.iter().all(|name| name.bytes().all(is_of_authority)) {
            return Ok(Self::Rejected(400));
        }
        let (path, query) = match normalise(target)? {
            Normal::Rejected(status) => return Ok(Self::Rejected(status)),
            Normal::Path(path, query) => (path, query),
        };
        let parsed = ParsedRequest {
            method,
            authority,
            path,
            query,
            headers,
        };
        let websocket = |value: &&str| value.eq_ignore_ascii_case("websocket");
        if parsed.is_upgrade() && !parsed.sent("upgrade").iter().all(websocket) {
            return not_modelled("an upgrade to a protocol other than WebSocket");
        }
        Ok(Self::Accepted(parsed))
    }
}

/// Returns `true` if Envoy's HTTP/1 parser supports the method.
pub(super) fn is_known(method: &str) -> bool {
    METHODS.contains(&method)
}

/// Returns `true` if Envoy accepts the byte in an authority. It answers all others with status 400.
fn is_of_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(&byte)
}

/// Returns `true` if a text is a token of HTTP.
pub(super) fn is_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_token)
}

fn header(name: &str, value: &str) -> Result<(String, String), NotModelledError> {
    if !is_token(name) {
        return not_modelled(format!("a header named `{name}`"));
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return not_modelled(format!("a value of `{name}` with control characters"));
    }
    Ok((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()))
}

impl ParsedRequest {
    /// Returns the values of a header as they were sent, one for each line; `name` is in lower case.
    pub(super) fn sent(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(own, _)| own == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the path with the query, if any.
    pub(super) fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Returns `true` if `Connection` lists the header, which is then limited to the next hop.
    pub(super) fn is_nominated(&self, name: &str) -> bool {
        let mut tokens = self.sent("connection").into_iter().flat_map(|value| value.split(','));
        tokens.any(|token| token.trim().eq_ignore_ascii_case(name))
    }

    /// Returns `true` if the request asks for another protocol. Offers of HTTP/2 are ignored.
    pub(super) fn is_upgrade(&self) -> bool {
        let offers = self.sent("upgrade");
        self.is_nominated("upgrade") && offers.iter().any(|value| !value.eq_ignore_ascii_case("h2c"))
    }

    /// Returns `true` if `condition` holds. A part that certainly fails decides, even if other parts are not modelled.
    pub(super) fn fulfils(&self, condition: &HttpMatch) -> Result<bool, NotModelledError> {
        let mut parts = Vec::new();
        if let Some(uri) = &condition.uri {
            parts.push(uri.matches(&self.path, condition.ignore_uri_case));
        }
        let whole = [
            (":method", &condition.method),
            (":authority", &condition.authority),
            (":scheme", &condition.scheme),
        ];
        let named = whole
            .into_iter()
            .filter_map(|(name, pattern)| Some((name, pattern.as_ref()?)));
        let headers = condition.headers.iter().map(|(name, pattern)| (name.as_str(), pattern));
        for (name, pattern) in named.chain(headers) {
            parts.push(lines(self, name).and_then(|lines| lines.match_any(pattern)));
        }
        for (name, pattern) in &condition.without_headers {
            parts.push(lines(self, name).and_then(|lines| lines.match_none(pattern)));
        }
        if !condition.query_params.is_empty() {
            parts.push(not_modelled("a match on query parameters"));
        }
        if let Some(field) = condition.rest.keys().find(|field| *field != "statPrefix") {
            parts.push(not_modelled(format!("a match with the field `{field}`")));
        }
        if parts.contains(&Ok(false)) {
            return Ok(false);
        }
        parts.into_iter().find(Result::is_err).unwrap_or(Ok(true))
    }
}
