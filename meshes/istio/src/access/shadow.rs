//! `EnvoyFilter` objects that put a filter in front which judges in the shadow: it refuses nothing, and
//! leaves its result for policies to ask for.
//!
//! A filter of the prefix `smi_` leaves `smi_shadow_engine_result`, which is `allowed` or `denied`. Without
//! the filter, and where the sidecar reads bytes, there is no result, and every condition on it fails.

mod engine;
mod matchers;

use super::arrival::Arrival;
use super::selection::{in_scope, read, unclear};
use super::workload::Workload;
use super::{not_modelled, text};
use engine::Rules;
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelled;
use std::collections::BTreeMap;

const RESULT: &str = "shadow_engine_result";
/// The name of the policy that matched.
const POLICY: &str = "shadow_effective_policy_id";
/// What Istio's own filters, which judge policies that are only tried out, begin their results with.
const OF_ISTIO: &str = "istio_dry_run";

/// `EnvoyFilter`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    workload_selector: WorkloadSelector,
    config_patches: Vec<Value>,
    #[serde(rename = "priority")]
    _priority: i32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WorkloadSelector {
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patched {
    apply_to: String,
    #[serde(rename = "match")]
    place: Place,
    patch: Patch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(rename = "context")]
    _context: Option<String>,
    listener: Listener,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listener {
    filter_chain: FilterChain,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterChain {
    filter: Named,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    operation: String,
    value: Filter,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    name: String,
    typed_config: Config,
}

/// `envoy.extensions.filters.http.rbac.v3.RBAC`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "@type")]
    kind: String,
    #[serde(default)]
    shadow_rules_stat_prefix: String,
    shadow_rules: Rules,
}

/// A filter in front.
#[derive(Debug)]
pub(super) struct Shadow {
    name: String,
    prefix: String,
    rules: Rules,
}

/// The filters in front of the pod's policies.
pub(super) fn select(
    objects: &[NativeObject],
    root: &str,
    workload: &Workload<'_>,
) -> Result<Vec<Shadow>, NotModelled> {
    let mut shadows: Vec<Shadow> = Vec::new();
    for object in in_scope(objects, ("networking.istio.io", "EnvoyFilter"), root, workload)? {
        let spec: Spec = read(object)?;
        if !workload.has(&spec.workload_selector.labels) {
            continue;
        }
        for patch in spec.config_patches.iter().filter(|patch| is_inbound(patch)) {
            let shadow = match Patched::deserialize(patch) {
                Ok(patch) => patch.shadow(),
                Err(error) => return unclear(object, error),
            };
            let Some(shadow) = shadow else {
                return unclear(object, "it does more than judge in the shadow");
            };
            let clashes = |other: &Shadow| other.prefix == shadow.prefix || other.name == shadow.name;
            if shadow.prefix.starts_with(OF_ISTIO) || shadows.iter().any(clashes) {
                return unclear(object, "the name of its filter or the prefix of its results is taken");
            }
            shadows.push(shadow);
        }
    }
    Ok(shadows)
}

/// Whether a patch is for a pod's inbound connections.
fn is_inbound(patch: &Value) -> bool {
    let context = patch.get("match").and_then(|place| place.get("context"));
    !matches!(
        context.and_then(Value::as_str),
        Some("SIDECAR_OUTBOUND" | "GATEWAY" | "WAYPOINT")
    )
}

impl Patched {
    /// The filter, if the patch puts one that only judges in front of all requests.
    fn shadow(self) -> Option<Shadow> {
        let Filter {
            name,
            typed_config: config,
        } = self.patch.value;
        let fits = self.apply_to == "HTTP_FILTER"
            && self.place.listener.filter_chain.filter.name == "envoy.filters.network.http_connection_manager"
            && self.patch.operation == "INSERT_FIRST"
            && config.kind == "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
        fits.then_some(Shadow {
            name,
            prefix: config.shadow_rules_stat_prefix,
            rules: config.shadow_rules,
        })
    }
}

/// Whether the filters left `value` under `key`.
pub(super) fn is(arrival: &Arrival<'_>, key: &str, value: &str) -> Result<bool, NotModelled> {
    if value.starts_with('[') && value.ends_with(']') {
        return not_modelled("a condition on a list in metadata");
    }
    if key.starts_with(OF_ISTIO) {
        return not_modelled("a condition on the results of policies that are only tried out");
    }
    let Some(seen) = arrival.request else {
        return text::is(value, "");
    };
    for shadow in arrival.shadows {
        match key.strip_prefix(shadow.prefix.as_str()) {
            Some(RESULT) => {
                let allowed = shadow.rules.allow(arrival, seen);
                let (if_allowed, if_denied) = (text::is(value, "allowed")?, text::is(value, "denied")?);
                return if if_allowed == if_denied {
                    Ok(if_allowed)
                } else {
                    allowed.map(|allowed| if allowed { if_allowed } else { if_denied })
                };
            }
            Some(POLICY) => return not_modelled("a condition on the name of a policy in the shadow"),
            _ => {}
        }
    }
    text::is(value, "")
}

#[cfg(test)]
mod tests;
