//! Which requests a match of an `HTTPRoute` takes, and how specific it is.

use super::fields::{Fault, Fields, Read, is_header_value, is_token, refused, unmodelled};
use super::query::values;
use super::route::Api;
use regex::Regex;
use serde_json::Value;
use smi_adapter::probe::Request;
use smi_conformance::NotModelled;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One match: all of its parts must hold.
#[derive(Debug)]
pub(super) struct Match {
    path: Option<Path>,
    method: Option<String>,
    headers: Vec<(String, Pattern)>,
    queries: Vec<(String, Pattern)>,
}

/// Whose routes a match is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Those of the client's proxy.
    Client,
    /// Those of the server's proxy, which says in `l5d-client-id` who the client is before it asks them.
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

/// How specific a match was. The greatest one wins, whatever the order of rules; fields count in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Summary {
    /// Length of the path that was matched, of whichever type; a regular expression matches all of it.
    path: usize,
    /// How many headers were asked for.
    headers: usize,
    /// How many query parameters were asked for.
    queries: usize,
    /// Whether a method was asked for.
    method: bool,
}

impl Summary {
    /// Of a rule without matches, and of a match without a path: as specific as the prefix `/`.
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

/// Headers of a hop, and `host`, which only HTTP/1 has: what the router sees of them depends on the
/// version of HTTP and on other proxies.
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
    /// Reads a match. A pattern that does not compile is refused.
    pub(super) fn read(value: &Value, api: Api) -> Read<Self> {
        let fields = Fields::of(value, "match", &["path", "method", "headers", "queryParams"])?;
        let path = fields.value("path").map(|path| Path::read(path, api)).transpose()?;
        let method = match fields.text("method", 0..=usize::MAX)? {
            Some(method) if METHODS.contains(&method) => Some(method.to_owned()),
            Some(method) => return refused(format!("the method {method}")),
            None => None,
        };
        let mut headers = Vec::new();
        for (name, pattern) in named(fields, "headers", 4096)? {
            if !is_token(name) {
                return refused(format!("the header name {name}"));
            }
            headers.push((name.to_ascii_lowercase(), pattern));
        }
        let queries = named(fields, "queryParams", 1024)?.into_iter();
        let queries = queries.map(|(name, pattern)| (name.to_owned(), pattern)).collect();
        Ok(Self {
            path,
            method,
            headers,
            queries,
        })
    }

    /// How specifically it takes `request`, if it does.
    pub(super) fn summary(&self, request: &Request, proxy: Proxy) -> Result<Option<Summary>, NotModelled> {
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
            let told = proxy == Proxy::Server && name == "l5d-client-id";
            if UNSTABLE.contains(&name.as_str()) || (name.starts_with("l5d-") && !told) {
                return Err(NotModelled(format!("a match on the header {name}")));
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

/// The path without the query, as a URI has it: an absent path is `/`.
fn path_of(request: &Request) -> &str {
    let path = request.path.split_once('?').map_or(&*request.path, |(path, _)| path);
    if path.is_empty() { "/" } else { path }
}

/// The items of a list that is keyed by name. An API server takes no name twice; case makes another name.
fn named<'a>(fields: Fields<'a>, list: &'static str, longest: usize) -> Read<Vec<(&'a str, Pattern)>> {
    let mut items: Vec<(&str, Pattern)> = Vec::new();
    for item in fields.list(list, 16)?.unwrap_or_default() {
        let item = Fields::of(item, list, &["name", "type", "value"])?;
        let name = item.required("name", 1..=256)?;
        let value = item.required("value", 1..=longest)?;
        if items.iter().any(|(other, _)| *other == name) {
            return refused(format!("{name} twice in {list}"));
        }
        let pattern = match item.text("type", 0..=usize::MAX)? {
            None | Some("Exact") if is_header_value(value) => Pattern::Exact(value.to_owned()),
            Some("RegularExpression") => Pattern::Regex(compile(value)?),
            _ => return refused(format!("type or value of {name} in {list}")),
        };
        items.push((name, pattern));
    }
    Ok(items)
}

thread_local! {
    /// What was compiled: the same routes are read for every request.
    static COMPILED: RefCell<BTreeMap<String, Rc<Regex>>> = RefCell::default();
}

/// How many compiled patterns are kept.
const KEPT: usize = 1000;

/// Compiles a pattern, or takes what was compiled of it before.
pub(super) fn compile(pattern: &str) -> Read<Rc<Regex>> {
    COMPILED.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let regex = Regex::new(pattern).map_err(|error| Fault::Refused(format!("the pattern {pattern}: {error}")))?;
        if kept.len() >= KEPT {
            kept.clear();
        }
        Ok(Rc::clone(kept.entry(pattern.to_owned()).or_insert(Rc::new(regex))))
    })
}

/// Whether the leftmost match, as `find` gives it, spans `text`. It is not asked whether *some* match does:
/// `/a|/ab` does not take `/ab`.
fn spans(regex: &Regex, text: &str) -> bool {
    regex.find(text).is_some_and(|found| found.range() == (0..text.len()))
}

impl Pattern {
    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == value,
            // The proxy passes over values that are not visible ASCII.
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
            return refused(format!("the path {value} is not absolute"));
        }
        if api == Api::Gateway && !is_plain_path(value) {
            return refused(format!("the path {value}"));
        }
        match kind {
            "Exact" => Ok(Self::Exact(value.to_owned())),
            "PathPrefix" if value.trim_end_matches('/').is_empty() && value != "/" => {
                unmodelled("a path prefix of several slashes")
            }
            "PathPrefix" => Ok(Self::Prefix(value.to_owned())),
            _ => refused(format!("the path type {kind}")),
        }
    }

    /// The length that was matched, if it matches. No path is normalised.
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

/// What Gateway API's CRD demands of exact paths and prefixes.
fn is_plain_path(path: &str) -> bool {
    let odd = ["//", "/./", "/../", "%2f", "%2F", "#"];
    let mut parts = path.split('%');
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(&b))
    };
    !odd.iter().any(|odd| path.contains(odd))
        && !path.ends_with("/..")
        && !path.ends_with("/.")
        && parts.next().is_some_and(plain)
        && parts.all(|part| plain(part) && part.len() > 1 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
