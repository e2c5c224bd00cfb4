//! Interpretation of requests by the server's sidecar, for any version of HTTP.

use super::super::request::{ParsedRequest, Received, is_token};
use super::not_modelled;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// The sidecar's interpretation of a request.
#[derive(Debug)]
pub(super) enum Reading {
    /// A request that policies evaluate. Requests with methods that only HTTP/2 supports are among them: with HTTP/1, the
    /// proxy answers them with an error, whatever the policies say.
    Accepted(ParsedRequest),
    /// HTTP that the proxy answers itself, with an error.
    Rejected,
    /// Malformed HTTP. A port declared as HTTP rejects it, but an inspector may handle it as bytes.
    Malformed,
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
        let is_path = target.is_empty() || target.starts_with(['/', '?', '#']) || target.contains("://");
        let is_target = is_path || (request.method == "OPTIONS" && target == "*");
        if !is_target || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self::Malformed);
        }
        Ok(match Received::with_any_method(request)? {
            Received::Accepted(parsed) => Self::Accepted(parsed),
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
            ("get", "/a", "accepted"),
            ("FOO", "/a", "accepted"),
            ("G@T", "/a", "unknown"),
            ("", "/a", "unknown"),
        ] {
            assert_eq!(read(method, path), reading, "{method} {path}");
        }
    }
}
