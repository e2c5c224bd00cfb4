//! How the sidecar reads a request, of whatever version of HTTP it is.

use super::super::request::{Received, Seen, is_known};
use super::not_modelled;
use smi_adapter::probe::Request;
use smi_conformance::NotModelled;

/// What the sidecar makes of a request.
#[derive(Debug)]
pub(super) enum Reading {
    /// It is judged.
    Taken(Seen),
    /// It is HTTP that the proxy answers itself, with an error.
    Refused,
    /// It is no HTTP: refused by whoever expects it, but maybe bytes to an inspector.
    Malformed,
    /// HTTP/1 does not know its method, HTTP/2 does.
    OnlyHttp2(Seen),
}

impl Reading {
    pub(super) fn of(request: &Request) -> Result<Self, NotModelled> {
        if request.method.is_empty() || !request.method.bytes().all(|byte| byte.is_ascii_graphic()) {
            return not_modelled("a method that is none");
        }
        let target = request.path.as_str();
        if request.method == "CONNECT" {
            // No route takes it, whatever the policies say.
            return Ok(Self::Refused);
        }
        let is_known = is_known(&request.method);
        let is_path = target.is_empty() || target.starts_with(['/', '?', '#']) || target.contains("://");
        let is_target = is_path || (request.method == "OPTIONS" && target == "*");
        if !is_target || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self::Malformed);
        }
        Ok(match Received::whatever_its_method(request)? {
            Received::Taken(seen) if is_known => Self::Taken(seen),
            Received::Taken(seen) => Self::OnlyHttp2(seen),
            Received::Refused(_) if is_known => Self::Refused,
            Received::Refused(_) => Self::Malformed,
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
            Ok(Reading::Taken(_)) => "taken",
            Ok(Reading::Refused) => "refused",
            Ok(Reading::Malformed) => "malformed",
            Ok(Reading::OnlyHttp2(_)) => "http2",
            Err(_) => "unknown",
        }
    }

    #[test]
    fn requests_are_read() {
        for (method, path, reading) in [
            ("GET", "/a", "taken"),
            ("GET", "", "taken"),
            ("GET", "http://h/a", "taken"),
            ("GET", "https://h/a", "unknown"),
            ("GET", "/a%00", "refused"),
            ("FOO", "/a%00", "malformed"),
            ("OPTIONS", "*", "refused"),
            ("CONNECT", "h:80", "refused"),
            ("GET", "*", "malformed"),
            ("GET", "a", "malformed"),
            ("GET", "/a b", "malformed"),
            ("GET", "/é", "malformed"),
            ("get", "/a", "http2"),
            ("FOO", "/a", "http2"),
            ("", "/a", "unknown"),
        ] {
            assert_eq!(read(method, path), reading, "{method} {path}");
        }
    }
}
