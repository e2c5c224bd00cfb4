//! The headers of a request as routes see them in the client's sidecar: it adds some and takes others away.

use super::not_modelled;
use super::pattern::Pattern;
use super::request::Seen;
use smi_conformance::NotModelled;

/// The lines of one header, or that the proxy makes one up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// These values, one for each line.
    Given(Vec<String>),
    /// One line with a value that nobody can know.
    Generated,
}

impl Lines {
    fn none() -> Self {
        Self::Given(Vec::new())
    }

    /// Whether the header is there and any one of its lines is matched.
    pub(super) fn match_any(&self, pattern: &Pattern) -> Result<bool, NotModelled> {
        match self {
            Self::Generated if pattern.is_anything() => Ok(true),
            Self::Generated => not_modelled("a match on a value that the proxy makes up"),
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

    /// Whether the header is *not* matched, as `withoutHeaders` asks: an absent one counts as an empty
    /// value, but for a match on presence.
    pub(super) fn match_none(&self, pattern: &Pattern) -> Result<bool, NotModelled> {
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

/// The lines of the header `name`, in any case, when routes are matched.
pub(super) fn lines(seen: &Seen, name: &str) -> Result<Lines, NotModelled> {
    let name = name.to_ascii_lowercase();
    let sent = seen.sent(&name);
    let one = |value: &str| Ok(Lines::Given(vec![value.to_owned()]));
    match name.as_str() {
        "host" | ":authority" => match &seen.authority {
            Some(authority) => one(authority),
            None => not_modelled("a match on the authority, which the request does not tell"),
        },
        ":method" => one(&seen.method),
        ":scheme" if seen.sent("x-forwarded-proto").is_empty() => one("http"),
        _ if name.starts_with([':', '@']) => not_modelled(format!("a match on `{name}`")),
        "x-request-id" | "x-forwarded-proto" if seen.is_nominated(&name) => {
            not_modelled(format!("`{name}` named by `Connection`"))
        }
        "x-request-id" if sent.is_empty() => Ok(Lines::Generated),
        "x-forwarded-proto" if sent.is_empty() => one("http"),
        "connection" | "upgrade" if seen.is_upgrade() => not_modelled("a match on the headers of an upgrade"),
        "te" if sent == ["trailers"] => one("trailers"),
        "te" if sent.iter().any(|value| value.to_ascii_lowercase().contains("trailers")) => {
            not_modelled("a match on `te` with trailers and more")
        }
        // What is for one hop alone, or set by the server's side, is taken away from the application.
        "connection"
        | "upgrade"
        | "te"
        | "keep-alive"
        | "proxy-connection"
        | "x-envoy-internal"
        | "x-forwarded-client-cert" => Ok(Lines::none()),
        "cookie" if sent.len() > 1 => not_modelled("a match on several lines of cookies"),
        "transfer-encoding" if !sent.is_empty() => not_modelled("a match on `transfer-encoding`"),
        _ if seen.is_nominated(&name) => Ok(Lines::none()),
        _ if name.starts_with("x-envoy-") && !is_kept(&name) && !sent.is_empty() => {
            not_modelled(format!("a match on `{name}`"))
        }
        _ => Ok(Lines::Given(sent.into_iter().map(str::to_owned).collect())),
    }
}

/// Headers of Envoy's own that the client's sidecar adds only after it chose a route, and does not take
/// away from the application.
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
