//! Parts that lead no request elsewhere, as long as they are sound.

use super::fields::{Fields, Read, is_header_value, is_token, refused, unmodelled};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;
use smi_adapter::probe::Request;
use smi_conformance::NotModelled;

/// Changing headers of a request that was routed already changes no way. A redirect answers with the status that
/// is returned. Other filters are not modelled.
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
                return refused(format!("{name} in requestHeaderModifier"));
            }
        }
    }
    for name in modifier.list("remove", 16)?.unwrap_or_default() {
        if !name.as_str().is_some_and(is_token) {
            return unmodelled("an odd name in requestHeaderModifier");
        }
    }
    Ok(None)
}

/// The status of a redirect to another host.
fn check_redirect(redirect: &Value) -> Read<u16> {
    let fields = Fields::of(redirect, "requestRedirect", &["hostname", "statusCode"])?;
    if !fields.text("hostname", 1..=253)?.is_some_and(is_dns_subdomain) {
        return unmodelled("a redirect to the same host or an odd one");
    }
    match fields.integer("statusCode", 0..=u32::MAX)? {
        None | Some(302) => Ok(302),
        Some(301) => Ok(301),
        Some(status) => unmodelled(format!("a redirect of status {status}")),
    }
}

/// A timeout ends requests but leads none elsewhere; a duration that does not parse is not modelled.
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

/// Whether a proxy takes the request at all, which is not modelled.
pub(super) fn check_request(request: &Request) -> Result<&Request, NotModelled> {
    let target = |b: u8| b.is_ascii_graphic() && !b"#<>\\^`".contains(&b);
    let path = &*request.path;
    if !(path.is_empty() || path == "*" || path.starts_with('/')) || !path.bytes().all(target) {
        return Err(NotModelled(format!("the request target {path}")));
    }
    if request.method == "CONNECT" || !is_token(&request.method) {
        return Err(NotModelled(format!("the method {}", request.method)));
    }
    for (name, value) in &request.headers {
        if !is_token(name) || !is_header_value(value) {
            return Err(NotModelled(format!("the header {name}")));
        }
    }
    Ok(request)
}
