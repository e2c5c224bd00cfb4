//! Checks for objects that would change the decision and are not modelled.

use super::not_modelled;
use super::selection::unclear;
use super::workload::Workload;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;

/// Rejects objects that change the behaviour of the pod's sidecar.
pub(super) fn reach(objects: &[NativeObject], root: &str, workload: &Workload<'_>) -> Result<(), NotModelledError> {
    for object in objects {
        if object.kind.name() == "MeshConfig" {
            return not_modelled("a mesh configuration among the objects");
        }
        let namespace = object.key().namespace;
        if namespace != root && namespace != workload.namespace() {
            continue;
        }
        let decides = match (object.kind.group(), object.kind.name()) {
            ("security.istio.io", "RequestAuthentication")
            | ("extensions.istio.io", "WasmPlugin" | "TrafficExtension") => true,
            // These declare ports of pods.
            ("networking.istio.io", "Sidecar") => object.spec.get("ingress").is_some(),
            ("networking.istio.io", "ServiceEntry") => object.spec.get("workloadSelector").is_some(),
            _ => false,
        };
        if decides && may_select(&object.spec, workload) {
            return unclear(object, "it may apply to the pod");
        }
    }
    Ok(())
}

/// Returns `false` if there is a selector that is understood and does not select the pod.
fn may_select(spec: &Value, workload: &Workload<'_>) -> bool {
    let selector = spec.get("selector").or_else(|| spec.get("workloadSelector"));
    let labels = selector.and_then(|selector| selector.get("matchLabels").or_else(|| selector.get("labels")));
    let Some(labels) = labels.and_then(Value::as_object) else {
        return true;
    };
    let has = |(name, value): (&String, &Value)| value.as_str().is_none_or(|value| workload.label(name) == Some(value));
    labels.iter().all(has)
}

#[cfg(test)]
mod tests;
