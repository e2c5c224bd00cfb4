//! Review of foreign `AuthorizationPolicy`s that select workloads with a policy of ours.
//!
//! Istio evaluates all policies of a workload together. A foreign policy that allows requests widens access, and one
//! that denies requests or delegates to an external authorizer precedes ours.

use crate::native::AuthorizationPolicy;
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Manifest, Native, NativeObject, Stage};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::ObjectRef;
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeMap;

/// Workloads with a policy of ours, and the selectors of these policies.
type Workloads<'a> = BTreeMap<&'a ObjectRef, &'a Value>;

pub(crate) fn review(root: &str, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    let policies = foreign
        .iter()
        .filter(|object| object.kind.is_same(&AuthorizationPolicy::KIND));
    let policies: Vec<_> = policies.filter_map(|object| Some((object, effect(object)?))).collect();
    if policies.is_empty() {
        return Vec::new();
    }
    let enforced = enforced(desired);
    let mut diagnostics = Vec::new();
    for (object, (code, does)) in policies {
        let key = object.key();
        let here = enforced
            .iter()
            .filter(|(namespace, _)| key.namespace == root || key.namespace == **namespace);
        for (namespace, workloads) in here {
            let message = format!("foreign policy `{}` {does}", object.reference());
            let report = |ours: ObjectRef| {
                let about = Diagnostic::new(code, ours, FieldPath::root(), message.as_str());
                about.caused_by(object.reference())
            };
            let match_labels = object.spec.pointer("/selector/matchLabels").and_then(Value::as_object);
            let Some(labels) = match_labels.filter(|labels| !labels.is_empty()) else {
                diagnostics.push(report(ObjectRef::namespace(namespace)));
                continue;
            };
            // Pods can have labels that their owner's selector does not mention, so only a label with two different
            // values proves that the selectors are disjoint.
            let selects = |ours: &Value| {
                let differs = |(name, value)| ours.get(name).is_some_and(|own: &Value| own != value);
                !labels.iter().any(differs)
            };
            let selected = workloads.iter().filter(|(_, ours)| selects(ours));
            let before = diagnostics.len();
            diagnostics.extend(selected.map(|(workload, _)| report((*workload).clone())));
            if diagnostics.len() == before && code == Code::NotEnforced {
                // It may select a workload without grants.
                diagnostics.push(report(ObjectRef::namespace(namespace)));
            }
        }
    }
    diagnostics
}

/// Returns the enforced namespaces, each with its workloads that have grants.
fn enforced<'a>(desired: &[&'a Manifest]) -> BTreeMap<&'a str, Workloads<'a>> {
    let mut enforced: BTreeMap<&str, Workloads<'_>> = BTreeMap::new();
    for manifest in desired {
        match &manifest.policy {
            PolicyKey::Baseline(namespace) => _ = enforced.entry(namespace).or_default(),
            PolicyKey::Access(workload) if manifest.stage == Stage::Grant => {
                let labels = manifest.object.spec.pointer("/selector/matchLabels");
                let workloads = enforced.entry(&workload.key.namespace).or_default();
                workloads.extend(labels.map(|labels| (workload, labels)));
            }
            _ => {}
        }
    }
    enforced
}

/// Returns the effect of a policy as a code and the predicate of a message, or `None` if it has no effect on the proxies
/// of workloads.
fn effect(object: &NativeObject) -> Option<(Code, &'static str)> {
    let field = |name: &str| object.spec.get(name).filter(|value| !value.is_null());
    let is_dry_run = object.annotation("istio.io/dry-run") == Some("true");
    let is_attached = field("targetRef").is_some() || field("targetRefs").is_some();
    let has_rules = field("rules")
        .and_then(Value::as_array)
        .is_some_and(|rules| !rules.is_empty());
    if is_dry_run || is_attached || !has_rules {
        return None;
    }
    match field("action").and_then(Value::as_str).unwrap_or("ALLOW") {
        "ALLOW" => Some((
            Code::NotEnforced,
            "may allow requests that no traffic target allows; delete it, or replace it by traffic targets",
        )),
        "DENY" => Some((Code::Conflict, "may deny requests that traffic targets allow")),
        "CUSTOM" => Some((
            Code::Conflict,
            "delegates to an external authorizer, which may deny requests that traffic targets allow",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
