//! Interpretation of requests by the server's sidecar, for any version of HTTP.

use super::super::request::{ParsedRequest, Received, is_known, is_token};
use super::not_modelled;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// The sidecar's interpretation of a request.
#[derive(Debug)]
pub(super) enum Reading {
    /// A request that policies evaluate.
    Accepted(ParsedRequest),
    /// HTTP that the proxy answers itself, with an error.
    Rejected,
    /// Malformed HTTP. A port declared as HTTP rejects it, but an inspector may handle it as bytes.
    Malformed,
    /// A request with a method that only HTTP/2 supports. With HTTP/1, an inspector recognises it, and the proxy answers
    /// with an error.
    OnlyHttp2(ParsedRequest),
}

impl Reading {
    pub(super) fn of(request: &Request) -> Result<Self, NotModelledError> {
        if !is_token(&request.method) {
            return not_modelled("an invalid method");
        }
        let target = request.path.as_str();
        if request.method == "CONNECT" {
            // No route matches it, regardless of the policies.
            return Ok(Self::Rejected);
        }
        let is_known = is_known(&request.method);
        let is_path = target.is_empty() || target.starts_with(['/', '?', '#']) || target.contains("://");
        let is_target = is_path || (request.method == "OPTIONS" && target == "*");
        if !is_target || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self::Malformed);
        }
        Ok(match Received::with_any_method(request)? {
            Received::Accepted(parsed) if is_known => Self::Accepted(parsed),
            Received::Accepted(parsed) => Self::OnlyHttp2(parsed),
            Received::Rejected(_) => Self::Rejected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, path: &str) -> &'static str {
        let request = Request {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
        };
        match Reading::of(&request) {
            Ok(Reading::Accepted(_)) => "accepted",
            Ok(Reading::Rejected) => "rejected",
            Ok(Reading::Malformed) => "malformed",
            Ok(Reading::OnlyHttp2(_)) => "http2",
            Err(_) => "unknown",
        }
    }

    #[test]
    fn interprets_requests() {
        for (method, path, reading) in [
            ("GET", "/a", "accepted"),
            ("GET", "", "accepted"),
            ("GET", "http://h/a", "accepted"),
            ("GET", "https://h/a", "unknown"),
            ("GET", "/a%00", "rejected"),
            ("FOO", "/a%00", "rejected"),
            ("OPTIONS", "*", "rejected"),
            ("CONNECT", "h:80", "rejected"),
            ("GET", "*", "malformed"),
            ("GET", "a", "malformed"),
            ("GET", "/a b", "malformed"),
            ("GET", "/é", "malformed"),
            ("get", "/a", "http2"),
            ("FOO", "/a", "http2"),
            ("G@T", "/a", "unknown"),
            ("", "/a", "unknown"),
        ] {
            assert_eq!(read(method, path), reading, "{method} {path}");
        }
    }
}
