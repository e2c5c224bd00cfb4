//! Request headers at the routes of the client's sidecar, which adds some headers and removes others.

use super::not_modelled;
use super::pattern::Pattern;
use super::request::ParsedRequest;
use smi_conformance::NotModelledError;

/// The lines of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// Known values, one for each line.
    Given(Vec<String>),
    /// A single line with an unknown value that the proxy generates.
    Generated,
}

impl Lines {
    fn none() -> Self {
        Self::Given(Vec::new())
    }

    /// Returns `true` if the header is present and any of its lines matches.
    pub(super) fn match_any(&self, pattern: &Pattern) -> Result<bool, NotModelledError> {
        match self {
            Self::Generated if pattern.is_anything() => Ok(true),
            Self::Generated => not_modelled("a match on a value that the proxy generates"),
            Self::Given(lines) => {
                for line in lines {
                    if pattern.matches(line, false)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// Returns `true` if the header does *not* match, as `withoutHeaders` requires. An absent header counts as an empty
    /// value, except for a match on presence.
    pub(super) fn match_none(&self, pattern: &Pattern) -> Result<bool, NotModelledError> {
        if let (Self::Given(lines), false) = (self, *pattern == Pattern::Present) {
            if lines.is_empty() {
                return Ok(!pattern.matches("", false)?);
            }
            let mut results = lines.iter().map(|line| pattern.matches(line, false));
            let first = results.next().transpose()?.unwrap_or_default();
            for result in results {
                if result? != first {
                    return not_modelled("a negated match on a repeated header whose lines differ");
                }
            }
            return Ok(!first);
        }
        self.match_any(pattern).map(|matched| !matched)
    }
}

/// Returns the lines of a header at the time of route matching; `name` is case-insensitive.
pub(super) fn lines(parsed: &ParsedRequest, name: &str) -> Result<Lines, NotModelledError> {
    let name = name.to_ascii_lowercase();
    let sent = parsed.sent(&name);
    let one = |value: &str| Ok(Lines::Given(vec![value.to_owned()]));
    match name.as_str() {
        "host" | ":authority" => match &parsed.authority {
            Some(authority) => one(authority),
            None => not_modelled("a match on the authority, which the request does not contain"),
        },
        ":method" => one(&parsed.method),
        ":scheme" if parsed.sent("x-forwarded-proto").is_empty() => one("http"),
        _ if name.starts_with([':', '@']) => not_modelled(format!("a match on `{name}`")),
        "x-request-id" | "x-forwarded-proto" if parsed.is_nominated(&name) => {
            not_modelled(format!("`{name}` listed in `Connection`"))
        }
        "x-request-id" if sent.is_empty() => Ok(Lines::Generated),
        "x-forwarded-proto" if sent.is_empty() => one("http"),
        "connection" | "upgrade" if parsed.is_upgrade() => not_modelled("a match on the headers of an upgrade"),
        "te" if sent == ["trailers"] => one("trailers"),
        "te" if sent.iter().any(|value| value.to_ascii_lowercase().contains("trailers")) => {
            not_modelled("a match on `te` with trailers and other values")
        }
        // The sidecar removes the application's hop-by-hop headers and headers that the server's side sets.
        "connection"
        | "upgrade"
        | "te"
        | "keep-alive"
        | "proxy-connection"
        | "x-envoy-internal"
        | "x-forwarded-client-cert" => Ok(Lines::none()),
        "cookie" if sent.len() > 1 => not_modelled("a match on several lines of cookies"),
        "transfer-encoding" if !sent.is_empty() => not_modelled("a match on `transfer-encoding`"),
        _ if parsed.is_nominated(&name) => Ok(Lines::none()),
        _ if name.starts_with("x-envoy-") && !is_kept(&name) && !sent.is_empty() => {
            not_modelled(format!("a match on `{name}`"))
        }
        _ => Ok(Lines::Given(sent.into_iter().map(str::to_owned).collect())),
    }
}

/// Returns `true` for Envoy's own headers that the client's sidecar adds only after it has selected a route, and does not
/// remove from the application's request.
fn is_kept(name: &str) -> bool {
    [
        "x-envoy-attempt-count",
        "x-envoy-decorator-operation",
        "x-envoy-external-address",
        "x-envoy-original-path",
        "x-envoy-peer-metadata",
    ]
    .contains(&name)
}
