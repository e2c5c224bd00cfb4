//! The headers of a request as policies see them in the server's sidecar.

use super::super::headers::{self, Lines};
use super::super::request::Seen;
use super::arrival::Arrival;
use super::logic::any;
use super::not_modelled;
use super::text::{Text, is_in_any_case};
use smi_conformance::NotModelled;

/// Whether any line of the header `name` is of the form `value`. `*` is for a header that is there, be it
/// empty.
pub(super) fn is(arrival: &Arrival<'_>, seen: &Seen, name: &str, value: &str) -> Result<bool, NotModelled> {
    let form = Text::new(value)?;
    matches(arrival, seen, name, form == Text::Anything, |line| {
        Ok(form.matches(line))
    })
}

/// Whether the authority, with its port if it has one, is of the form `value` in any case.
pub(super) fn is_host(arrival: &Arrival<'_>, seen: &Seen, value: &str) -> Result<bool, NotModelled> {
    matches(arrival, seen, ":authority", value == "*", |line| {
        is_in_any_case(value, line)
    })
}

/// Whether any line of the header `name` is matched by `is`, which takes every line if it `is_anything`.
pub(super) fn matches(
    arrival: &Arrival<'_>,
    seen: &Seen,
    name: &str,
    is_anything: bool,
    is: impl Fn(&str) -> Result<bool, NotModelled>,
) -> Result<bool, NotModelled> {
    let name = name.to_ascii_lowercase();
    let sent = seen.sent(&name);
    if name == "cookie" && sent.len() > 1 && !seen.is_nominated(&name) {
        // HTTP/2 joins them, HTTP/1 does not.
        let joined = is(&sent.join("; "));
        let single = any(sent.iter().map(|line| is(line)));
        if joined != single {
            return not_modelled("a match on several lines of cookies");
        }
        return joined;
    }
    match lines(arrival, seen, &name)? {
        Lines::Generated if is_anything => Ok(true),
        Lines::Generated => not_modelled(format!("a match on the value of `{name}`, which the proxy makes up")),
        Lines::Given(lines) => any(lines.iter().map(|line| is(line))),
    }
}

/// The lines of the header `name`, in lower case.
fn lines(arrival: &Arrival<'_>, seen: &Seen, name: &str) -> Result<Lines, NotModelled> {
    let has_certificate = arrival.client.is_some();
    match name {
        ":path" => Ok(Lines::Given(vec![seen.target()])),
        // What the certificate says is added to whatever the client says; nothing is left without one.
        "x-forwarded-client-cert" if seen.is_nominated(name) => not_modelled(format!("`{name}` named by `Connection`")),
        "x-forwarded-client-cert" if has_certificate => Ok(Lines::Generated),
        // It is `http` from a sidecar, and `https` from who speaks TLS itself.
        "x-forwarded-proto" | ":scheme"
            if has_certificate
                && seen.sent("x-forwarded-proto").is_empty()
                && !seen.is_nominated("x-forwarded-proto") =>
        {
            Ok(Lines::Generated)
        }
        // Tracing writes into what has the form of a UUID.
        "x-request-id" if seen.sent(name).iter().any(|value| value.len() == 36) => Ok(Lines::Generated),
        "x-envoy-decorator-operation" if !seen.sent(name).is_empty() => {
            not_modelled(format!("a match on `{name}`, which tracing takes away"))
        }
        _ => headers::lines(seen, name),
    }
}

#[cfg(test)]
mod tests;
