//! Checks of parts that do not change the destination of a request, as long as they are valid.

use super::fields::{Fields, Read, is_header_value, is_token, rejected, unmodelled};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// Checks a filter and returns the status of a redirect. Filters apply after routing, so a change of headers does not
/// affect the destination. Filters other than these two are not modelled.
pub(super) fn check_filter(filter: &Value) -> Read<Option<u16>> {
    let fields = Fields::of(filter, "filter", &["type", "requestHeaderModifier", "requestRedirect"])?;
    match (fields.text("type", 0..=usize::MAX)?, fields.value("requestRedirect")) {
        (Some("RequestHeaderModifier"), None) => {}
        (Some("RequestRedirect"), Some(redirect)) if fields.value("requestHeaderModifier").is_none() => {
            return check_redirect(redirect).map(Some);
        }
        _ => return unmodelled("a filter other than RequestHeaderModifier and RequestRedirect"),
    }
    let Some(modifier) = fields.value("requestHeaderModifier") else {
        return unmodelled("a filter without content");
    };
    let modifier = Fields::of(modifier, "requestHeaderModifier", &["set", "add", "remove"])?;
    for list in ["set", "add"] {
        for item in modifier.list(list, 16)?.unwrap_or_default() {
            let item = Fields::of(item, "header", &["name", "value"])?;
            let name = item.required("name", 1..=256)?;
            if !is_token(name) || !is_header_value(item.required("value", 1..=4096)?) {
                return rejected(format!("name or value of {name} in requestHeaderModifier is invalid"));
            }
        }
    }
    for name in modifier.list("remove", 16)?.unwrap_or_default() {
        if !name.as_str().is_some_and(is_token) {
            return unmodelled("an invalid name in requestHeaderModifier");
        }
    }
    Ok(None)
}

/// Returns the status of a redirect to another host.
fn check_redirect(redirect: &Value) -> Read<u16> {
    let fields = Fields::of(redirect, "requestRedirect", &["hostname", "statusCode"])?;
    if !fields.text("hostname", 1..=253)?.is_some_and(is_dns_subdomain) {
        return unmodelled("a redirect to the same host or to an invalid one");
    }
    match fields.integer("statusCode", 0..=u32::MAX)? {
        None | Some(302) => Ok(302),
        Some(301) => Ok(301),
        Some(status) => unmodelled(format!("a redirect of status {status}")),
    }
}

/// Checks timeouts. They end requests but do not change their destination. An invalid duration is not modelled.
pub(super) fn check_timeouts(value: &Value) -> Read<()> {
    let fields = Fields::of(value, "timeouts", &["request", "backendRequest"])?;
    for name in ["request", "backendRequest"] {
        let Some(text) = fields.text(name, 0..=usize::MAX)? else {
            continue;
        };
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        if !(1..=5).contains(&(text.len() - unit.len())) || !["h", "m", "s", "ms"].contains(&unit) {
            return unmodelled(format!("the duration {text}"));
        }
    }
    Ok(())
}

/// Returns the request if every proxy accepts it. The treatment of other requests is not modelled.
pub(super) fn check_request(request: &Request) -> Result<&Request, NotModelledError> {
    let target = |b: u8| b.is_ascii_graphic() && !b"#<>\\^`".contains(&b);
    let path = &*request.path;
    if !(path.is_empty() || path == "*" || path.starts_with('/')) || !path.bytes().all(target) {
        return Err(NotModelledError(format!("the request target {path}")));
    }
    if request.method == "CONNECT" || !is_token(&request.method) {
        return Err(NotModelledError(format!("the method {}", request.method)));
    }
    for (name, value) in &request.headers {
        if !is_token(name) || !is_header_value(value) {
            return Err(NotModelledError(format!("the header {name}")));
        }
    }
    Ok(request)
}
