//! Checks for objects that would change the route and are not modelled.

use super::hosts::{covers, qualified};
use super::not_modelled;
use super::registry::Registry;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::query::{Distribution, Endpoint};
use smi_conformance::NotModelledError;

/// Rejects objects that change the knowledge or behaviour of the client's sidecar. `root` is the namespace whose objects
/// apply to the whole mesh.
pub(super) fn reach(objects: &[NativeObject], root: &str, client: Option<&str>) -> Result<(), NotModelledError> {
    let reaches = |object: &NativeObject| {
        let namespace = object.key().namespace;
        namespace == root || client.is_none_or(|client| client == namespace)
    };
    for object in objects {
        let decides = match (object.kind.group(), object.kind.name()) {
            (_, "MeshConfig") | ("networking.istio.io", "ServiceEntry") => true,
            ("networking.istio.io", "Sidecar") | ("extensions.istio.io", "WasmPlugin" | "TrafficExtension") => {
                reaches(object)
            }
            ("networking.istio.io", "EnvoyFilter") => reaches(object) && patches_outbound(&object.spec),
            ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => has_service_parent(&object.spec),
            _ => false,
        };
        if decides {
            return not_modelled(object.reference().to_string());
        }
    }
    Ok(())
}

/// Rejects traffic policies for services that get a share, because calls to them may then fail.
pub(super) fn policies(
    objects: &[NativeObject],
    registry: &Registry<'_>,
    distribution: &Distribution,
) -> Result<(), NotModelledError> {
    let of_kind = |object: &&NativeObject| {
        object.kind.group() == "networking.istio.io" && object.kind.name() == "DestinationRule"
    };
    for object in objects.iter().filter(of_kind) {
        let namespace = object.key().namespace;
        let host = object.spec.get("host").and_then(Value::as_str).unwrap_or("*");
        let host = qualified(host, &namespace, registry.domain);
        let is_for = |(target, _): (&Endpoint, u128)| match target {
            Endpoint::Service { key, .. } => registry.get(key).is_none_or(|entry| covers(&host, &entry.host)),
            _ => false,
        };
        // Subsets alone have no effect on destinations without a subset.
        let only_subsets = object.spec.as_object().is_some_and(|fields| {
            fields
                .keys()
                .all(|field| matches!(field.as_str(), "host" | "subsets" | "exportTo"))
        });
        if !only_subsets && distribution.shares().any(is_for) {
            return not_modelled(object.reference().to_string());
        }
    }
    Ok(())
}

/// Returns `true` if any patch applies to more than inbound connections or gateways.
fn patches_outbound(spec: &Value) -> bool {
    let patches = spec.get("configPatches").and_then(Value::as_array);
    let elsewhere = |patch: &Value| {
        let context = patch.get("match").and_then(|found| found.get("context"));
        matches!(context.and_then(Value::as_str), Some("SIDECAR_INBOUND" | "GATEWAY"))
    };
    patches.is_none_or(|patches| !patches.iter().all(elsewhere))
}

fn has_service_parent(spec: &Value) -> bool {
    let parents = spec.get("parentRefs").and_then(Value::as_array).into_iter().flatten();
    let mut kinds = parents.map(|parent| parent.get("kind").and_then(Value::as_str));
    kinds.any(|kind| matches!(kind, Some("Service" | "ServiceEntry")))
}
