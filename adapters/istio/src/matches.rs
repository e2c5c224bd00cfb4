//! Encoding of a match of a route group as a match of a `VirtualService`.

use crate::native::{HttpMatchRequest, StringMatch};
use smi_adapter::adapter::{MatchReport, Translation};
use smi_adapter::diagnostic::Code;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::pattern::{Engine, Pattern};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// The longest regular expression that Istio's webhook accepts, in bytes.
const MAX_REGEX: usize = 1024;

/// Headers whose value at the route differs from the one that the client sent, each with the reason. Measured on Envoy
/// 1.40.
const REWRITTEN: [(&str, &str); 13] = [
    ("x-request-id", "the proxy adds it to every request"),
    ("x-forwarded-proto", "the proxy adds it to every request"),
    ("x-forwarded-client-cert", "the proxy removes it"),
    ("x-envoy-internal", "the proxy removes it"),
    ("connection", "the proxy removes it"),
    ("keep-alive", "the proxy removes it"),
    ("proxy-connection", "the proxy removes it"),
    ("te", "the proxy removes it"),
    ("upgrade", "the proxy removes it"),
    ("uri", "Istio ignores conditions on this name"),
    ("scheme", "Istio ignores conditions on this name"),
    ("method", "Istio ignores conditions on this name"),
    ("authority", "Istio ignores conditions on this name"),
];

/// Encodes a match. If Istio cannot express it, reports that on the route group and returns `None`.
pub(super) fn request(matching: &HttpMatch, translation: &mut Translation) -> Option<HttpMatchRequest> {
    let mut parts = Parts(MatchReport::new(matching, translation));
    let uri = matching.path().and_then(|path| parts.regex("pathRegex", path));
    let method = matching.methods().and_then(|methods| parts.methods(methods));
    let headers = parts.headers(matching.headers());
    (!parts.0.is_rejected()).then_some(HttpMatchRequest {
        uri,
        method,
        headers,
        ..HttpMatchRequest::default()
    })
}

/// Encodes the parts of a match.
struct Parts<'a>(MatchReport<'a>);

impl Parts<'_> {
    fn regex(&mut self, field: &'static str, pattern: &Pattern) -> Option<StringMatch> {
        let field = self.0.field(field);
        self.bounded(pattern.to_full_match(Engine::Re2), field)
    }

    fn bounded(&mut self, regex: String, field: FieldPath) -> Option<StringMatch> {
        if regex.len() > MAX_REGEX {
            let message =
                format!("Istio supports patterns of up to {MAX_REGEX} bytes only; no request fulfils the match");
            self.0.reject(Code::Inexpressible, field, message);
            return None;
        }
        // Istio rejects an empty expression.
        let regex = if regex.is_empty() { "(?:)".to_owned() } else { regex };
        Some(StringMatch::Regex(regex))
    }

    fn methods(&mut self, methods: &BTreeSet<String>) -> Option<StringMatch> {
        if let (1, Some(only)) = (methods.len(), methods.first()) {
            return Some(StringMatch::Exact(only.clone()));
        }
        let methods: Vec<String> = methods.iter().map(|method| quoted(method)).collect();
        let field = self.0.field("methods");
        self.bounded(methods.join("|"), field)
    }

    fn headers(&mut self, headers: &[HeaderMatch]) -> BTreeMap<String, StringMatch> {
        let list = self.0.field("headers");
        let mut all = BTreeMap::new();
        for header in headers {
            let field = list.clone().field(header.name());
            if let Some((name, why)) = REWRITTEN.iter().find(|(name, _)| *name == header.name()) {
                let message = format!("header `{name}` cannot be matched: {why}; no request fulfils the match");
                self.0.reject(Code::Inexpressible, field, message);
                continue;
            }
            let regex = header.value().to_full_match(Engine::Re2);
            let Some(value) = self.bounded(regex, field.clone()) else {
                continue;
            };
            if all.insert(header.name().to_owned(), value).is_some() {
                let message = format!(
                    "Istio supports only one condition on header `{}` in a match; no request fulfils the match",
                    header.name()
                );
                self.0.reject(Code::HeaderRepeated, field, message);
            }
        }
        all
    }
}

/// Returns a regular expression that matches exactly this method, which is an HTTP token.
fn quoted(method: &str) -> String {
    let mut quoted = String::new();
    for c in method.chars() {
        if !c.is_ascii_alphanumeric() && c != '_' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// Returns the name of a route, which appears in access logs. Names of matches are free text, so other characters are
/// replaced.
pub(super) fn route_name(split: &str, matching: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    let matching: String = matching.chars().take(63).map(plain).collect();
    format!("{split}/{matching}")
}
