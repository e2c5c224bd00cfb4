//! Identity bindings: the workloads and principals that each names (A27–A31).

use super::case::Case;
use super::spiffe;
use crate::object::{Kind, ObjectKey, ObjectRef, is_dns_subdomain};
use crate::principal::{Identity, Principal};
use crate::semantics::destination;
use crate::semantics::outcome::Outcome;
use crate::semantics::trace::{Reason, Trace};
use crate::semantics::unknown::Unknown;
use crate::workload::Workload;
use smi_types::access::{PodLabelSelector, Schemes};

/// Returns `true` if a binding names the workload that the query reaches, in the binding's namespace (A27, A29).
pub(super) fn selects(case: &Case<'_>, key: &ObjectKey, trace: &mut Trace) -> bool {
    let Some(schemes) = schemes(case, key, trace) else {
        return false;
    };
    let identity = case.workload.identity();
    let carries = |selector| carries(case.workload, selector);
    let principal = Principal::Account(identity.clone());
    let is_selected = schemes.pod_label_selector.as_ref().is_some_and(carries)
        || account(key, schemes) == Some(identity)
        || literally(case, schemes, &principal);
    is_selected && case.namespace() == key.namespace
}

/// Returns `true` if a binding names a caller (A27, A29, A31).
pub(super) fn names(case: &Case<'_>, key: &ObjectKey, principal: &Principal, trace: &mut Trace) -> bool {
    let Some(schemes) = schemes(case, key, trace) else {
        return false;
    };
    if literally(case, schemes, principal) {
        return true;
    }
    let Principal::Account(caller) = principal else {
        return false;
    };
    let selector = schemes.pod_label_selector.as_ref();
    account(key, schemes).as_ref() == Some(caller)
        || selector.is_some_and(|selector| all_carry(case, key, caller, selector))
}

/// Returns the schemes of a binding if it exists and is valid, and records the reason otherwise.
fn schemes<'a>(case: &Case<'a>, key: &ObjectKey, trace: &mut Trace) -> Option<&'a Schemes> {
    match valid(case, key) {
        Ok(schemes) => Some(schemes),
        Err(Reason { rule, why }) => {
            let object = ObjectRef::new(Kind::IdentityBinding, key.clone());
            trace.record(rule, object, Outcome::MatchesNothing { why });
            None
        }
    }
}

/// Returns the schemes of a binding. An empty or invalid binding, or one with an unknown field, matches nothing as a
/// whole (A28, A30, I7, I8).
fn valid<'a>(case: &Case<'a>, key: &ObjectKey) -> Result<&'a Schemes, Reason> {
    if !case.settings.scope.contains(&key.namespace) {
        let why = format!("namespace `{}` is out of scope", key.namespace);
        return Err(Reason::new("I3", why));
    }
    let object = ObjectRef::new(Kind::IdentityBinding, key.clone());
    let Some((_, binding)) = case.snapshot.bindings().find(|(other, _)| *other == key) else {
        return Err(destination::missing(case.snapshot, &object));
    };
    Unknown::of(case.snapshot, case.settings, &object).nowhere()?;
    let declared = binding.spec.as_ref().map(|spec| &spec.schemes);
    let schemes = declared
        .filter(|schemes| **schemes != Schemes::default())
        .ok_or_else(|| Reason::new("I7", "it is empty"))?;
    let Some(selector) = &schemes.pod_label_selector else {
        return Ok(schemes);
    };
    if !schemes.service_account.is_empty() {
        let why = "`podLabelSelector` and `serviceAccount` exclude each other";
        return Err(Reason::new("A28", why));
    }
    if selector.match_labels.is_empty() {
        return Err(Reason::new("A30", "its `matchLabels` is empty"));
    }
    Ok(schemes)
}

/// Returns the account that a binding names, in its own namespace (A29). An invalid name names no account.
fn account(key: &ObjectKey, schemes: &Schemes) -> Option<Identity> {
    let name = &schemes.service_account;
    is_dns_subdomain(name).then(|| Identity {
        namespace: key.namespace.clone(),
        service_account: name.as_str().into(),
    })
}

/// Returns `true` if one of the SPIFFE IDs is literally this principal (A29).
fn literally(case: &Case<'_>, schemes: &Schemes, principal: &Principal) -> bool {
    let bound = |id: &String| spiffe::bound(id, &case.settings.trust_domain);
    schemes
        .spiffe_identities
        .iter()
        .any(|id| bound(id).as_ref() == Some(principal))
}

/// Returns `true` if an account has pods in the binding's namespace, and all of them carry the labels (A29).
fn all_carry(case: &Case<'_>, key: &ObjectKey, caller: &Identity, selector: &PodLabelSelector) -> bool {
    let in_namespace = |workload: &&Workload| workload.object().key.namespace == key.namespace;
    let of_caller = |workload: &&Workload| workload.identity() == *caller;
    let workloads = case.snapshot.workloads();
    let pods: Vec<&Workload> = workloads.filter(in_namespace).filter(of_caller).collect();
    !pods.is_empty() && pods.iter().all(|pod| carries(pod, selector))
}

/// Returns `true` if a pod carries all of the labels (A30).
fn carries(pod: &Workload, selector: &PodLabelSelector) -> bool {
    let mut labels = selector.match_labels.iter();
    labels.all(|(label, value)| pod.labels().get(label) == Some(value))
}
