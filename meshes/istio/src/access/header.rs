//! Request headers at the policies of the server's sidecar.

use super::super::headers::{self, Lines};
use super::super::request::ParsedRequest;
use super::context::Context;
use super::logic::any;
use super::not_modelled;
use super::text::{Text, is_in_any_case};
use smi_conformance::NotModelledError;

/// Returns `true` if any line of the header `name` matches `value`. `*` matches a header that is present, even if it is
/// empty.
pub(super) fn is(
    context: &Context<'_>,
    parsed: &ParsedRequest,
    name: &str,
    value: &str,
) -> Result<bool, NotModelledError> {
    let form = Text::new(value)?;
    matches(context, parsed, name, form == Text::Anything, |line| {
        Ok(form.matches(line))
    })
}

/// Returns `true` if the authority, including its port if any, matches `value`, ignoring case.
pub(super) fn is_host(context: &Context<'_>, parsed: &ParsedRequest, value: &str) -> Result<bool, NotModelledError> {
    matches(context, parsed, ":authority", value == "*", |line| {
        is_in_any_case(value, line)
    })
}

/// Returns `true` if `is` accepts any line of the header `name`. `is_anything` states that `is` accepts every line.
pub(super) fn matches(
    context: &Context<'_>,
    parsed: &ParsedRequest,
    name: &str,
    is_anything: bool,
    is: impl Fn(&str) -> Result<bool, NotModelledError>,
) -> Result<bool, NotModelledError> {
    let name = name.to_ascii_lowercase();
    let sent = parsed.sent(&name);
    if name == "cookie" && sent.len() > 1 && !parsed.is_nominated(&name) {
        // HTTP/2 joins the lines, HTTP/1 does not.
        let joined = is(&sent.join("; "));
        let single = any(sent.iter().map(|line| is(line)));
        if joined != single {
            return not_modelled("a match on several lines of cookies");
        }
        return joined;
    }
    match lines(context, parsed, &name)? {
        Lines::Generated if is_anything => Ok(true),
        Lines::Generated => not_modelled(format!("a match on the value of `{name}`, which the proxy generates")),
        Lines::Given(lines) => any(lines.iter().map(|line| is(line))),
    }
}

/// Returns the lines of a header; `name` is in lower case.
fn lines(context: &Context<'_>, parsed: &ParsedRequest, name: &str) -> Result<Lines, NotModelledError> {
    let has_certificate = context.client.is_some();
    match name {
        ":path" => Ok(Lines::Given(vec![parsed.target()])),
        // The proxy appends the certificate to the client's value. Without a certificate it removes the header.
        "x-forwarded-client-cert" if parsed.is_nominated(name) => {
            not_modelled(format!("`{name}` listed in `Connection`"))
        }
        "x-forwarded-client-cert" if has_certificate => Ok(Lines::Generated),
        // The value is `http` from a sidecar, and `https` from a client that originates TLS itself.
        "x-forwarded-proto" | ":scheme"
            if has_certificate
                && parsed.sent("x-forwarded-proto").is_empty()
                && !parsed.is_nominated("x-forwarded-proto") =>
        {
            Ok(Lines::Generated)
        }
        // Tracing modifies values in the form of a UUID.
        "x-request-id" if parsed.sent(name).iter().any(|value| value.len() == 36) => Ok(Lines::Generated),
        "x-envoy-decorator-operation" if !parsed.sent(name).is_empty() => {
            not_modelled(format!("a match on `{name}`, which tracing removes"))
        }
        _ => headers::lines(parsed, name),
    }
}

#[cfg(test)]
mod tests;
