//! What `AuthorizationPolicy`s of others do to the workloads of ours.
//!
//! Istio asks all of them together: one that allows widens what ours allow, one that denies or asks an authorizer
//! comes before them.

use crate::native::AuthorizationPolicy;
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Manifest, Native, NativeObject, Stage};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::ObjectRef;
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeMap;

/// Workloads with a policy of ours, and their selectors.
type Workloads<'a> = BTreeMap<&'a ObjectRef, &'a Value>;

pub(crate) fn review(root: &str, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
    let enforced = enforced(desired);
    let mut diagnostics = Vec::new();
    for object in foreign {
        let kind = AuthorizationPolicy::KIND;
        let is_policy = object.kind.group == kind.group && object.kind.kind == kind.kind;
        let Some((code, does)) = effect(object).filter(|_| is_policy) else {
            continue;
        };
        let key = object.key();
        let here = enforced
            .iter()
            .filter(|(namespace, _)| key.namespace == root || key.namespace == **namespace);
        for (namespace, workloads) in here {
            let message = format!("`{}` of somebody else {does}", object.reference());
            let report = |ours: ObjectRef| {
                let about = Diagnostic::new(code, ours, FieldPath::root(), message.as_str());
                about.caused_by(object.reference())
            };
            let labels = object.spec.pointer("/selector/matchLabels").and_then(Value::as_object);
            let labels = labels.filter(|labels| !labels.is_empty());
            let Some(labels) = labels else {
                diagnostics.push(report(ObjectRef::namespace(namespace)));
                continue;
            };
            // Pods may have more labels than their owner selects by: only another value of a label tells them apart.
            let selects = |ours: &Value| {
                let differs = |(name, value)| ours.get(name).is_some_and(|own: &Value| own != value);
                !labels.iter().any(differs)
            };
            let selected = workloads.iter().filter(|(_, ours)| selects(ours));
            let before = diagnostics.len();
            diagnostics.extend(selected.map(|(workload, _)| report((*workload).clone())));
            if diagnostics.len() == before && code == Code::NotEnforced {
                // It may be for a workload without grants.
                diagnostics.push(report(ObjectRef::namespace(namespace)));
            }
        }
    }
    diagnostics
}

/// The namespaces that ours deny, each with the workloads to which ours allow something.
fn enforced(desired: &[Manifest]) -> BTreeMap<&str, Workloads<'_>> {
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

/// What a policy does, in words; `None` if it does nothing to the proxies of workloads.
fn effect(object: &NativeObject) -> Option<(Code, &'static str)> {
    let field = |name: &str| object.spec.get(name).filter(|value| !value.is_null());
    let is_dry = object.annotation("istio.io/dry-run") == Some("true");
    let is_attached = field("targetRef").is_some() || field("targetRefs").is_some();
    let has_rules = field("rules")
        .and_then(Value::as_array)
        .is_some_and(|rules| !rules.is_empty());
    if is_dry || is_attached || !has_rules {
        return None;
    }
    match field("action").and_then(Value::as_str).unwrap_or("ALLOW") {
        "ALLOW" => Some((
            Code::NotEnforced,
            "allows what no traffic target has to allow; delete it, or say it with traffic targets",
        )),
        "DENY" => Some((Code::Conflict, "may deny what traffic targets allow")),
        "CUSTOM" => Some((
            Code::Conflict,
            "lets an authorizer of its own deny what traffic targets allow",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
