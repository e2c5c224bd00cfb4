//! The `ServiceProfile` that applies to a client, and its overrides.

use super::fields::{Fields, Read, ReadError, rejected, unmodelled};
use super::matches::compile;
use super::quantity::milli;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{ObjectKey, is_dns_label};
use smi_adapter::query::Endpoint;
use smi_conformance::{MeshWorld, NotModelledError};

/// The effect of a profile. An empty profile leaves all decisions to routes.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// `true` if it has routes, for metrics and retries. They do not change the destination, but HTTP routes are ignored.
    pub(super) has_routes: bool,
    /// The endpoints of its overrides. The proxy drops those with weight zero when it reads them.
    pub(super) endpoints: Vec<(Endpoint, u32)>,
}

/// Returns the profile for `service` that applies to clients in the namespace `client`. A profile in the namespace of
/// the client, even an empty one, takes precedence over a profile in the namespace of the service.
pub(super) fn profile(
    objects: &[NativeObject],
    world: &MeshWorld,
    service: &ObjectKey,
    port: u16,
    client: Option<&str>,
) -> Result<Profile, NotModelledError> {
    let name = format!("{}.{}.svc.{}", service.name, service.namespace, world.cluster_domain);
    let named = |object: &&NativeObject| {
        object.kind.group() == "linkerd.io" && object.kind.name() == "ServiceProfile" && object.key().name == name
    };
    let profiles: Vec<_> = objects.iter().filter(named).collect();
    let of = |namespace: &str| profiles.iter().find(|profile| profile.key().namespace == namespace);
    let own = match client {
        Some(client) => of(client),
        None if profiles
            .iter()
            .all(|profile| profile.key().namespace == service.namespace) =>
        {
            None
        }
        None => {
            return Err(NotModelledError(
                "a ServiceProfile for clients in an unknown namespace".into(),
            ));
        }
    };
    let Some(object) = own.or_else(|| of(&service.namespace)) else {
        return Ok(Profile::default());
    };
    match Profile::read(object, &world.cluster_domain, port) {
        Ok(profile) => Ok(profile),
        Err(ReadError::Rejected(why) | ReadError::Unmodelled(why)) => {
            Err(NotModelledError(format!("{why} ({})", object.reference())))
        }
    }
}

impl Profile {
    fn read(object: &NativeObject, domain: &str, port: u16) -> Read<Self> {
        if object.kind.version() != "v1alpha2" {
            return unmodelled(format!("a ServiceProfile of {}", object.kind.version()));
        }
        let known = ["routes", "dstOverrides", "retryBudget", "opaquePorts"];
        let fields = Fields::of(&object.spec, "spec", &known)?;
        if fields.value("opaquePorts").is_some() {
            // The CRD requires a list, but the controller decodes a map.
            return unmodelled("opaquePorts");
        }
        let routes = fields.list("routes", usize::MAX)?.unwrap_or_default();
        for route in routes {
            let known = ["name", "condition", "isRetryable", "timeout", "responseClasses"];
            match Fields::of(route, "route", &known)?.value("condition") {
                Some(condition) => check_condition(condition)?,
                None => return unmodelled("a route without a condition"),
            }
        }
        let mut endpoints = Vec::new();
        for destination in fields.list("dstOverrides", usize::MAX)?.unwrap_or_default() {
            let fields = Fields::of(destination, "dstOverride", &["authority", "weight"])?;
            let endpoint = endpoint(fields.required("authority", 1..=usize::MAX)?, domain, port)?;
            let weight = weight(fields.value("weight"))?;
            if weight > 0 {
                endpoints.push((endpoint, weight));
            }
        }
        Ok(Self {
            has_routes: !routes.is_empty(),
            endpoints,
        })
    }
}

/// Checks a condition. Invalid conditions are not modelled: one can invalidate the whole profile.
fn check_condition(value: &Value) -> Read<()> {
    let known = ["pathRegex", "method", "all", "any", "not"];
    let fields = Fields::of(value, "condition", &known)?;
    let known = known.iter().filter(|name| fields.value(name).is_some()).count();
    if known == 0 {
        return unmodelled("an empty condition");
    }
    fields.text("method", 1..=usize::MAX)?;
    if fields
        .text("pathRegex", 1..=usize::MAX)?
        .is_some_and(|pattern| compile(pattern).is_err())
    {
        return unmodelled("a pathRegex that does not compile");
    }
    for list in ["all", "any"] {
        for condition in fields.list(list, usize::MAX)?.unwrap_or_default() {
            check_condition(condition)?;
        }
    }
    fields.value("not").map_or(Ok(()), check_condition)
}

/// Returns the service of an authority. The default port is the one that the client called. The service does not have to
/// exist.
fn endpoint(authority: &str, domain: &str, called: u16) -> Read<Endpoint> {
    let (host, port) = match authority.split_once(':') {
        None => (authority, called),
        Some((host, port)) => match port.parse() {
            Ok(port) if port > 0 => (host, port),
            _ => return unmodelled(format!("the authority {authority}")),
        },
    };
    let short = host.strip_suffix(domain).and_then(|host| host.strip_suffix(".svc."));
    match short.unwrap_or(host).split_once('.') {
        Some((name, namespace)) if is_dns_label(name) && is_dns_label(namespace) => Ok(Endpoint::Service {
            key: ObjectKey::new(namespace, name),
            port,
        }),
        _ => unmodelled(format!("the authority {authority}")),
    }
}

/// Returns a quantity in ten-thousandths, truncated to 32 bits.
fn weight(value: Option<&Value>) -> Read<u32> {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return rejected("weight of dstOverride is not a quantity"),
    };
    let Some(weight) = milli(&text).and_then(|milli| milli.checked_mul(10)) else {
        return unmodelled(format!("the weight {text}"));
    };
    u32::try_from(weight.rem_euclid(1 << 32)).or_else(|_| unmodelled(format!("the weight {text}")))
}

#[cfg(test)]
mod tests;
