//! Matches of an `HTTPRoute` and their specificity.

use super::fields::{Fields, Read, ReadError, is_header_value, is_token, rejected, unmodelled};
use super::query::values;
use super::route::Api;
use regex::Regex;
use serde_json::Value;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A match of requests. All of its parts must hold.
#[derive(Debug)]
pub(super) struct Match {
    path: Option<Path>,
    method: Option<String>,
    headers: Vec<(String, Pattern)>,
    queries: Vec<(String, Pattern)>,
}

/// The proxy that evaluates a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proxy {
    /// The proxy of the client.
    Client,
    /// The proxy of the server. Before it evaluates routes, it writes the identity of the client into `l5d-client-id`.
    Server,
}

#[derive(Debug)]
enum Path {
    Exact(String),
    Prefix(String),
    Regex(Rc<Regex>),
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    Regex(Rc<Regex>),
}

/// The specificity of a match of a request. The greatest one wins, regardless of the order of rules. Fields are compared
/// in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Summary {
    /// The length of the matched path, for all types of paths. A regular expression matches the whole path.
    path: usize,
    /// The number of headers in the match.
    headers: usize,
    /// The number of query parameters in the match.
    queries: usize,
    /// `true` if the match has a method.
    method: bool,
}

impl Summary {
    /// The specificity of a rule without matches, and of an empty match: that of the prefix `/`.
    pub(super) const ANYTHING: Self = Self {
        path: 1,
        headers: 0,
        queries: 0,
        method: false,
    };
}

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

/// Hop-by-hop headers, and `host`, which only HTTP/1 has. The values that the router sees depend on the version of HTTP
/// and on other proxies.
const UNSTABLE: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

impl Match {
    /// Reads a match. A pattern that does not compile is rejected.
    pub(super) fn read(value: &Value, api: Api) -> Read<Self> {
        let fields = Fields::of(value, "match", &["path", "method", "headers", "queryParams"])?;
        let path = fields.value("path").map(|path| Path::read(path, api)).transpose()?;
        let method = match fields.text("method", 0..=usize::MAX)? {
            Some(method) if METHODS.contains(&method) => Some(method.to_owned()),
            Some(method) => return rejected(format!("the method {method} is not supported")),
            None => None,
        };
        let mut headers = Vec::new();
        for (name, pattern) in named(fields, "headers", 4096)? {
            if !is_token(name) {
                return rejected(format!("the header name {name} is invalid"));
            }
            headers.push((name.to_ascii_lowercase(), pattern));
        }
        let queries = named(fields, "queryParams", 1024)?
            .into_iter()
            .map(|(name, pattern)| (name.to_owned(), pattern))
            .collect();
        Ok(Self {
            path,
            method,
            headers,
            queries,
        })
    }

    /// Returns the specificity of the match, if it takes `request`.
    pub(super) fn summary(&self, request: &Request, proxy: Proxy) -> Result<Option<Summary>, NotModelledError> {
        let mut summary = Summary::ANYTHING;
        if let Some(method) = &self.method {
            if *method != request.method {
                return Ok(None);
            }
            summary.method = true;
        }
        if let Some(path) = &self.path {
            let Some(length) = path.length(path_of(request)) else {
                return Ok(None);
            };
            summary.path = length;
        }
        for (name, pattern) in &self.headers {
            let set_by_proxy = proxy == Proxy::Server && name == "l5d-client-id";
            if UNSTABLE.contains(&name.as_str()) || (name.starts_with("l5d-") && !set_by_proxy) {
                return Err(NotModelledError(format!("a match on the header {name}")));
            }
            let mut lines = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            if !lines.any(|(_, value)| pattern.accepts(value)) {
                return Ok(None);
            }
        }
        summary.headers = self.headers.len();
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        for (name, pattern) in &self.queries {
            if !values(query, name)?.iter().any(|value| pattern.accepts(value)) {
                return Ok(None);
            }
        }
        summary.queries = self.queries.len();
        Ok(Some(summary))
    }
}

/// Returns the path without the query. As in a URI, an absent path is `/`.
fn path_of(request: &Request) -> &str {
    let path = request.path.split_once('?').map_or(&*request.path, |(path, _)| path);
    if path.is_empty() { "/" } else { path }
}

/// Returns the items of a list that is keyed by name. An API server rejects repeated names; names that differ only in
/// case are different.
fn named<'a>(fields: Fields<'a>, list: &'static str, longest: usize) -> Read<Vec<(&'a str, Pattern)>> {
    let mut items: Vec<(&str, Pattern)> = Vec::new();
    for item in fields.list(list, 16)?.unwrap_or_default() {
        let item = Fields::of(item, list, &["name", "type", "value"])?;
        let name = item.required("name", 1..=256)?;
        let value = item.required("value", 1..=longest)?;
        if items.iter().any(|(other, _)| *other == name) {
            return rejected(format!("{list} contains {name} twice"));
        }
        let pattern = match item.text("type", 0..=usize::MAX)? {
            None | Some("Exact") if is_header_value(value) => Pattern::Exact(value.to_owned()),
            Some("RegularExpression") => Pattern::Regex(compile(value)?),
            _ => return rejected(format!("type or value of {name} in {list} is invalid")),
        };
        items.push((name, pattern));
    }
    Ok(items)
}

thread_local! {
    /// A cache of compiled patterns: the same routes are read for every request.
    static CACHE: RefCell<BTreeMap<String, Rc<Regex>>> = RefCell::default();
}

/// The most patterns in the cache.
const CACHE_SIZE: usize = 1000;

/// Compiles a pattern, or returns it from the cache.
pub(super) fn compile(pattern: &str) -> Read<Rc<Regex>> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(regex) = cache.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let regex = Regex::new(pattern)
            .map_err(|error| ReadError::Rejected(format!("the pattern {pattern} does not compile: {error}")))?;
        if cache.len() >= CACHE_SIZE {
            cache.clear();
        }
        Ok(Rc::clone(cache.entry(pattern.to_owned()).or_insert(Rc::new(regex))))
    })
}

/// Returns `true` if the leftmost match, as found by `find`, spans `text`. It is not enough that *some* match does:
/// `/a|/ab` does not take `/ab`.
fn spans(regex: &Regex, text: &str) -> bool {
    regex.find(text).is_some_and(|found| found.range() == (0..text.len()))
}

impl Pattern {
    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == value,
            // The proxy skips values that are not visible ASCII.
            Self::Regex(regex) => value.bytes().all(|b| b == b'\t' || (b' '..0x7f).contains(&b)) && spans(regex, value),
        }
    }
}

impl Path {
    fn read(value: &Value, api: Api) -> Read<Self> {
        let fields = Fields::of(value, "path", &["type", "value"])?;
        let value = fields.text("value", 0..=1024)?.unwrap_or("/");
        let kind = fields.text("type", 0..=usize::MAX)?.unwrap_or("PathPrefix");
        if kind == "RegularExpression" {
            return Ok(Self::Regex(compile(value)?));
        }
        if !value.starts_with('/') {
            return rejected(format!("the path {value} is not absolute"));
        }
        if api == Api::Gateway && !is_plain_path(value) {
            return rejected(format!("the path {value} is not plain"));
        }
        match kind {
            "Exact" => Ok(Self::Exact(value.to_owned())),
            "PathPrefix" if value.trim_end_matches('/').is_empty() && value != "/" => {
                unmodelled("a path prefix of several slashes")
            }
            "PathPrefix" => Ok(Self::Prefix(value.to_owned())),
            _ => rejected(format!("the path type {kind} is not supported")),
        }
    }

    /// Returns the length of the match, if the path matches. Paths are not normalised.
    fn length(&self, path: &str) -> Option<usize> {
        match self {
            Self::Exact(wanted) => (wanted == path).then_some(path.len()),
            Self::Regex(regex) => spans(regex, path).then_some(path.len()),
            Self::Prefix(prefix) if prefix == "/" => Some(1),
            Self::Prefix(prefix) => {
                let prefix = prefix.trim_end_matches('/');
                let rest = path.trim_end_matches('/').strip_prefix(prefix)?;
                (rest.is_empty() || rest.starts_with('/')).then_some(prefix.len())
            }
        }
    }
}

/// Returns `true` if an exact path or a prefix meets the requirements of the CRD of Gateway API.
fn is_plain_path(path: &str) -> bool {
    let forbidden = ["//", "/./", "/../", "%2f", "%2F", "#"];
    let mut parts = path.split('%');
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&b))
    };
    !forbidden.iter().any(|forbidden| path.contains(forbidden))
        && !path.ends_with("/..")
        && !path.ends_with("/.")
        && parts.next().is_some_and(plain)
        && parts.all(|part| plain(part) && part.len() > 1 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
