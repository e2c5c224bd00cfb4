//! Encoding of a match of a route group: as an operation and conditions of a policy if they are equivalent, otherwise as
//! a permission for a filter.

use super::values::{RequestPart, Values, is_literal, values};
use crate::Regex;
use crate::native::authorization::{Condition, NonEmpty};
use crate::native::envoy_filter::{Permission, Text};
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeSet;

/// Headers whose value at the policy differs from the one that the client sent, each with the reason. Measured on Envoy
/// 1.40.
const REWRITTEN: [(&str, &str); 8] = [
    ("x-request-id", "the proxy adds it to every request"),
    ("x-forwarded-proto", "the proxy adds it to every request"),
    ("x-forwarded-client-cert", "the proxy rewrites it for every peer"),
    ("connection", "the proxy removes it"),
    ("keep-alive", "the proxy removes it"),
    ("proxy-connection", "the proxy removes it"),
    ("te", "the proxy removes it"),
    ("upgrade", "the proxy removes it"),
];

/// A header that is limited to one hop.
const HOP: &str = "transfer-encoding";
/// The prefix of Envoy's own headers.
const ENVOY: &str = "x-envoy-";

/// The result of encoding a match.
#[derive(Debug)]
pub(super) struct Encoded {
    /// The encoding, or `None` if the match is inexpressible.
    pub(super) encoding: Option<Encoding>,
    /// The inexpressible fields, each with the reason.
    pub(super) inexpressible: Vec<(FieldPath, String)>,
}

/// An equivalent of a match.

#[derive(Debug)]
pub(super) enum Encoding {
    Native(NativeMatch),
    Filter(Permission),
}

impl Encoding {
    pub(super) fn native(&self) -> Option<&NativeMatch> {
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
pub(super) struct NativeMatch {
    pub(super) methods: NonEmpty<String>,
    /// The paths; `None` stands for any path.
    pub(super) paths: Option<NonEmpty<String>>,
    /// The conditions on headers, all of which have to hold.
    pub(super) headers: Vec<Condition>,
}

pub(super) fn encode(matching: &HttpMatch, regex: Regex) -> Encoded {
    let field = |name: &'static str| matching.field().clone().field(name);
    let header_field = |header: &HeaderMatch| field("headers").field(header.name());
    let rewritten: Vec<_> = matching
        .headers()
        .iter()
        .filter_map(|header| Some((header_field(header), rewritten(header.name())?)))
        .collect();
    let mut inexpressible = rewritten.clone();
    let paths = match matching.path().map(|path| values(path, RequestPart::Path)) {
        None | Some(Ok(Values::Any)) => None,
        Some(Ok(Values::These(paths))) => Some(paths),
        Some(Err(reason)) => {
            inexpressible.push((field("pathRegex"), reason));
            None
        }
    };
    let methods = methods(matching.methods()).unwrap_or_else(|reason| {
        inexpressible.push((field("methods"), reason));
        any()
    });
    let mut headers = Vec::new();
    for header in matching.headers() {
        match values(header.value(), RequestPart::Header) {
            Ok(values) => headers.push(condition(header.name(), values)),
            Err(reason) => inexpressible.push((header_field(header), reason)),
        }
    }
    let encoding = if inexpressible.is_empty() {
        Some(Encoding::Native(NativeMatch {
            methods,
            paths,
            headers,
        }))
    } else if regex == Regex::EnvoyFilter && rewritten.is_empty() {
        inexpressible.clear();
        Some(Encoding::Filter(permission(matching)))
    } else {
        None
    };
    let inexpressible = if regex == Regex::EnvoyFilter {
        rewritten
    } else {
        inexpressible
    };
    Encoded {
        encoding,
        inexpressible,
    }
}

/// Returns the values that match any value of a field that is present.
pub(super) fn any() -> NonEmpty<String> {
    NonEmpty::one("*".to_owned())
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

fn methods(methods: Option<&BTreeSet<String>>) -> Result<NonEmpty<String>, String> {
    let Some(methods) = methods else { return Ok(any()) };
    if let Some(method) = methods.iter().find(|method| !is_literal(method)) {
        return Err(format!("Istio treats the `*` of method `{method}` as a wildcard"));
    }
    NonEmpty::new(methods.iter().cloned().collect()).ok_or_else(|| "the list of methods is empty".to_owned())
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

/// Returns the permission for a filter of Envoy, which supports regular expressions.
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

/// Returns the condition that a complete string matches a pattern. Envoy rejects an empty expression, and with it the
/// whole listener.
fn whole(pattern: &Pattern) -> Text {
    let regex = pattern.to_full_match(Engine::Re2);
    Text::SafeRegex {
        regex: if regex.is_empty() { "(?:)".to_owned() } else { regex },
    }
}
