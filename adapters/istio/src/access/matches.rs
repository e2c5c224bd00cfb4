//! One match of a route group: in Istio's own words where they say the same, else as what a filter looks for.

use super::texts::{Place, Values, is_literal, values};
use crate::Regex;
use crate::native::authorization::{Condition, Listed};
use crate::native::envoy_filter::{Permission, Text};
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeSet;

/// Headers of which a filter does not see what the client sent, and why; measured on Envoy 1.40.
const REWRITTEN: [(&str, &str); 8] = [
    ("x-request-id", "the proxy adds it to every request"),
    ("x-forwarded-proto", "the proxy adds it to every request"),
    ("x-forwarded-client-cert", "the proxy writes it anew for every peer"),
    ("connection", "the proxy removes it"),
    ("keep-alive", "the proxy removes it"),
    ("proxy-connection", "the proxy removes it"),
    ("te", "the proxy removes it"),
    ("upgrade", "the proxy removes it"),
];

/// Headers of one hop only, and those of Envoy itself.
const HOP: &str = "transfer-encoding";
const ENVOY: &str = "x-envoy-";

/// What Istio can say of a match.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) said: Option<Said>,
    /// Why nothing is said, and of which field.
    pub(super) faults: Vec<(FieldPath, String)>,
}

#[derive(Debug)]
pub(super) enum Said {
    Native(Native),
    Filter(Permission),
}

impl Said {
    pub(super) fn native(&self) -> Option<&Native> {
        match self {
            Self::Native(native) => Some(native),
            Self::Filter(_) => None,
        }
    }

    pub(super) fn permission(&self) -> Option<&Permission> {
        match self {
            Self::Native(_) => None,
            Self::Filter(permission) => Some(permission),
        }
    }
}

/// A match without its ports.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) methods: Listed<String>,
    /// `None` is any path.
    pub(super) paths: Option<Listed<String>>,
    /// All of which must hold.
    pub(super) headers: Vec<Condition>,
}

pub(super) fn encode(matching: &HttpMatch, regex: Regex) -> Encoded {
    let field = |name: &'static str| matching.field().clone().field(name);
    let header_field = |header: &HeaderMatch| field("headers").field(header.name().to_owned());
    let rewritten: Vec<_> = matching
        .headers()
        .iter()
        .filter_map(|header| Some((header_field(header), rewritten(header.name())?)))
        .collect();
    let mut faults = rewritten.clone();
    let paths = match matching.path().map(|path| values(path, Place::Path)) {
        None | Some(Ok(Values::Any)) => None,
        Some(Ok(Values::These(paths))) => Some(paths),
        Some(Err(why)) => {
            faults.push((field("pathRegex"), why));
            None
        }
    };
    let methods = methods(matching.methods()).unwrap_or_else(|why| {
        faults.push((field("methods"), why));
        any()
    });
    let mut headers = Vec::new();
    for header in matching.headers() {
        match values(header.value(), Place::Header) {
            Ok(values) => headers.push(condition(header.name(), values)),
            Err(why) => faults.push((header_field(header), why)),
        }
    }
    let said = if faults.is_empty() {
        Some(Said::Native(Native {
            methods,
            paths,
            headers,
        }))
    } else if regex == Regex::EnvoyFilter && rewritten.is_empty() {
        faults.clear();
        Some(Said::Filter(permission(matching)))
    } else {
        None
    };
    let faults = if regex == Regex::EnvoyFilter { rewritten } else { faults };
    Encoded { said, faults }
}

/// Any value at all, of a field that must be there.
pub(super) fn any() -> Listed<String> {
    Listed::one("*".to_owned())
}

pub(super) fn condition(header: &str, values: Values) -> Condition {
    Condition {
        key: format!("request.headers[{header}]"),
        values: match values {
            Values::Any => any(),
            Values::These(values) => values,
        },
    }
}

fn methods(methods: Option<&BTreeSet<String>>) -> Result<Listed<String>, String> {
    let Some(methods) = methods else { return Ok(any()) };
    if let Some(method) = methods.iter().find(|method| !is_literal(method)) {
        return Err(format!("Istio reads the `*` of the method `{method}` as any text"));
    }
    Listed::new(methods.iter().cloned().collect()).ok_or_else(|| "there is no method".to_owned())
}

fn rewritten(header: &str) -> Option<String> {
    let known = REWRITTEN.iter().find(|(name, _)| *name == header).map(|(_, why)| *why);
    let why = match known {
        Some(why) => why,
        None if header == HOP => "it is between a client and its proxy only",
        None if header.starts_with(ENVOY) => "the proxies add and remove headers of this name",
        None => return None,
    };
    Some(format!("`{header}` cannot be matched: {why}"))
}

/// The match for a filter of Envoy, which has regular expressions.
fn permission(matching: &HttpMatch) -> Permission {
    let header = |name: &str, string_match| Permission::Header {
        name: name.to_owned(),
        string_match,
    };
    let mut all = Vec::new();
    all.extend(matching.path().map(|path| Permission::UrlPath { path: whole(path) }));
    if let Some(methods) = matching.methods() {
        let methods = methods
            .iter()
            .map(|method| header(":method", Text::Exact(method.clone())));
        all.push(Permission::any(methods.collect()));
    }
    let headers = matching.headers().iter();
    all.extend(headers.map(|filter| header(filter.name(), whole(filter.value()))));
    Permission::all(all)
}

/// Envoy refuses an empty expression, and with it the whole listener.
fn whole(pattern: &Pattern) -> Text {
    let regex = pattern.to_full_match(Engine::Re2);
    Text::SafeRegex {
        regex: if regex.is_empty() { "(?:)".to_owned() } else { regex },
    }
}
