//! `EnvoyFilter` objects with shadow rules. Their filters evaluate requests without enforcing the result, and policies can
//! have conditions on that result.
//!
//! A filter with the prefix `smi_` sets `smi_shadow_engine_result` to `allowed` or `denied`. Without the filter, and for
//! traffic that is handled as bytes, there is no result, and every condition on it fails.

mod engine;
mod matchers;

use super::context::Context;
use super::selection::{in_scope, read, unclear};
use super::workload::Workload;
use super::{not_modelled, text};
use engine::Rules;
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;
use std::collections::BTreeMap;

const RESULT: &str = "shadow_engine_result";
/// The name of the policy that matched.
const POLICY: &str = "shadow_effective_policy_id";
/// The prefix of the results of Istio's own filters, which evaluate dry-run policies.
const ISTIO_PREFIX: &str = "istio_dry_run";

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
struct ConfigPatch {
    apply_to: String,
    #[serde(rename = "match")]
    place: PatchMatch,
    patch: Patch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchMatch {
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

/// A filter with shadow rules.
#[derive(Debug)]
pub(super) struct ShadowFilter {
    name: String,
    prefix: String,
    rules: Rules,
}

/// Returns the filters that precede the pod's policies.
pub(super) fn select(
    objects: &[NativeObject],
    root: &str,
    workload: &Workload<'_>,
) -> Result<Vec<ShadowFilter>, NotModelledError> {
    let mut shadows: Vec<ShadowFilter> = Vec::new();
    for object in in_scope(objects, ("networking.istio.io", "EnvoyFilter"), root, workload)? {
        let spec: Spec = read(object)?;
        if !workload.has(&spec.workload_selector.labels) {
            continue;
        }
        for patch in spec.config_patches.iter().filter(|patch| is_inbound(patch)) {
            let shadow = match ConfigPatch::deserialize(patch) {
                Ok(patch) => patch.shadow(),
                Err(error) => return unclear(object, error),
            };
            let Some(shadow) = shadow else {
                return unclear(object, "it does more than add shadow rules");
            };
            let clashes = |other: &ShadowFilter| other.prefix == shadow.prefix || other.name == shadow.name;
            if shadow.prefix.starts_with(ISTIO_PREFIX) || shadows.iter().any(clashes) {
                return unclear(
                    object,
                    "the name of its filter or the prefix of its results is already used",
                );
            }
            shadows.push(shadow);
        }
    }
    Ok(shadows)
}

/// Returns `true` if a patch applies to a pod's inbound connections.
fn is_inbound(patch: &Value) -> bool {
    let context = patch.get("match").and_then(|place| place.get("context"));
    !matches!(
        context.and_then(Value::as_str),
        Some("SIDECAR_OUTBOUND" | "GATEWAY" | "WAYPOINT")
    )
}

impl ConfigPatch {
    /// Returns the filter if the patch only inserts one with shadow rules in front of all other filters.
    fn shadow(self) -> Option<ShadowFilter> {
        let Filter {
            name,
            typed_config: config,
        } = self.patch.value;
        let fits = self.apply_to == "HTTP_FILTER"
            && self.place.listener.filter_chain.filter.name == "envoy.filters.network.http_connection_manager"
            && self.patch.operation == "INSERT_FIRST"
            && config.kind == "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
        fits.then_some(ShadowFilter {
            name,
            prefix: config.shadow_rules_stat_prefix,
            rules: config.shadow_rules,
        })
    }
}

/// Returns `true` if the result that the filters set under `key` matches `value`.
pub(super) fn is(context: &Context<'_>, key: &str, value: &str) -> Result<bool, NotModelledError> {
    if value.starts_with('[') && value.ends_with(']') {
        return not_modelled("a condition on a list in metadata");
    }
    if key.starts_with(ISTIO_PREFIX) {
        return not_modelled("a condition on the results of dry-run policies");
    }
    let Some(parsed) = context.request else {
        return text::is(value, "");
    };
    for shadow in context.shadows {
        match key.strip_prefix(shadow.prefix.as_str()) {
            Some(RESULT) => {
                let allowed = shadow.rules.allow(context, parsed);
                let (if_allowed, if_denied) = (text::is(value, "allowed")?, text::is(value, "denied")?);
                return if if_allowed == if_denied {
                    Ok(if_allowed)
                } else {
                    allowed.map(|allowed| if allowed { if_allowed } else { if_denied })
                };
            }
            Some(POLICY) => return not_modelled("a condition on the name of a shadow policy"),
            _ => {}
        }
    }
    text::is(value, "")
}

#[cfg(test)]
mod tests;
