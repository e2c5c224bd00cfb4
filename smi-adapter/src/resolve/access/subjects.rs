//! Identities: sources and destinations of targets, and identity bindings.

use super::super::view::View;
use crate::object::{Kind, ObjectKey, ObjectRef, SmolStr, is_dns_label, is_dns_subdomain};
use crate::principal::{Identity, Principal};
use crate::settings::Settings;
use crate::workload::Workload;
use smi_types::Version;
use smi_types::access::{IdentityBinding, PodLabelSelector, Schemes, Subject};
use smi_types::validate::is_spiffe_id;
use std::collections::{BTreeMap, BTreeSet};

/// The pods of one namespace that a destination selects, by their account or their labels.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Destination {
    pub(crate) namespace: SmolStr,
    pub(crate) accounts: BTreeSet<SmolStr>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
}

/// The reason that a subject matches no workload.
pub(super) enum Unusable {
    /// The target breaks a rule by itself.
    Violation,
    /// The binding that it names is not usable; the text is the message to report.
    Binding(ObjectKey, String),
}

/// The object or identity that a subject refers to.
pub(super) enum Referred<'a> {
    Account(Identity),
    Binding(ObjectKey, &'a Schemes),
}

/// Resolves a subject. Its namespace defaults to `namespace` (A26, D12).
pub(super) fn subject<'a>(
    subject: &Subject,
    version: Version,
    namespace: &str,
    view: View<'a>,
) -> Result<Referred<'a>, Unusable> {
    let is_known = matches!(subject.group.as_str(), "" | "access.smi-spec.io");
    let is_binding = subject.kind == "IdentityBinding" && version == Version::V1Alpha4;
    let is_account = subject.kind == "ServiceAccount";
    let named = Some(subject.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let namespace = named.unwrap_or(namespace);
    let is_named = is_dns_label(namespace) && is_dns_subdomain(&subject.name);
    if !is_known || !(is_account || is_binding) || !is_named {
        return Err(Unusable::Violation);
    }
    let key = ObjectKey::new(namespace, &subject.name);
    if is_binding {
        return binding(key, view);
    }
    Ok(Referred::Account(Identity {
        namespace: key.namespace,
        service_account: key.name,
    }))
}

/// Returns a binding that can match workloads (A28, A30).
fn binding(key: ObjectKey, view: View<'_>) -> Result<Referred<'_>, Unusable> {
    let Some(binding) = view.binding(&key) else {
        let message = format!("there is no usable identity binding `{key}`");
        return Err(Unusable::Binding(key, message));
    };
    let object = binding_object(&key);
    if !view.unknown(&object).is_empty() {
        // I8
        let message = format!("identity binding `{key}` has an unknown field");
        return Err(Unusable::Binding(key, message));
    }
    match schemes(binding) {
        Ok(schemes) => Ok(Referred::Binding(key, schemes)),
        Err(violation) => {
            let message = format!("identity binding `{key}` {violation}");
            Err(Unusable::Binding(key, message))
        }
    }
}

/// Returns the schemes of a binding.
///
/// # Errors
///
/// Returns the violation that makes it match no workload (A28, A30, I7).
fn schemes(binding: &IdentityBinding) -> Result<&Schemes, &'static str> {
    let schemes = &binding.spec.as_ref().ok_or("has no spec")?.schemes;
    let selector = schemes.pod_label_selector.as_ref();
    if selector.is_some() && !schemes.service_account.is_empty() {
        return Err("has both `podLabelSelector` and `serviceAccount`");
    }
    if selector.is_some_and(|selector| selector.match_labels.is_empty()) {
        return Err("has a selector without labels");
    }
    if *schemes == Schemes::default() {
        return Err("names no identity");
    }
    Ok(schemes)
}

/// Returns the principals that a binding names as a source (A27, A29).
pub(super) fn binding_sources(key: &ObjectKey, schemes: &Schemes, view: View<'_>) -> BTreeSet<Principal> {
    let mut sources: BTreeSet<Principal> = ids(schemes, view.settings).collect();
    sources.extend(account(key, schemes).map(Principal::Account));
    if let Some(selector) = &schemes.pod_label_selector {
        let accounts = view.accounts_in(&key.namespace);
        let all = accounts.filter(|(_, pods)| pods.iter().all(|pod| carries(pod, selector)));
        sources.extend(all.map(|(account, _)| Principal::Account(account_of(key, account))));
    }
    sources
}

/// Returns the accounts of the binding's namespace that it does not name as a source because only some of their pods carry
/// its labels, each with a workload that lacks one (A29).
pub(super) fn left_out<'a>(key: &ObjectKey, schemes: &Schemes, view: View<'a>) -> Vec<(&'a str, &'a Workload)> {
    let Some(selector) = &schemes.pod_label_selector else {
        return Vec::new();
    };
    let accounts = view.accounts_in(&key.namespace);
    let partly = accounts.filter_map(|(account, pods)| {
        let lacking = pods.iter().find(|pod| !carries(pod, selector))?;
        let is_selected = pods.iter().any(|pod| carries(pod, selector));
        is_selected.then_some((account, &**lacking))
    });
    partly.collect()
}

fn carries(pod: &Workload, selector: &PodLabelSelector) -> bool {
    pod.is_selected_by(&selector.match_labels)
}

/// Returns the pods that a binding selects as a destination (A29).
pub(super) fn binding_destination(key: &ObjectKey, schemes: &Schemes, settings: &Settings) -> Destination {
    let ids = ids(schemes, settings).filter_map(|source| match source {
        Principal::Account(account) if account.namespace == key.namespace => Some(account),
        _ => None,
    });
    let accounts = ids.chain(account(key, schemes)).map(|account| account.service_account);
    Destination {
        namespace: key.namespace.clone(),
        accounts: accounts.collect(),
        labels: schemes
            .pod_label_selector
            .as_ref()
            .map(|selector| selector.match_labels.clone()),
    }
}

/// Returns the account that a binding names, if the name is valid.
fn account(key: &ObjectKey, schemes: &Schemes) -> Option<Identity> {
    is_dns_subdomain(&schemes.service_account).then(|| account_of(key, &schemes.service_account))
}

/// Returns an account of the binding's namespace.
fn account_of(key: &ObjectKey, name: &str) -> Identity {
    Identity {
        namespace: key.namespace.clone(),
        service_account: name.into(),
    }
}

/// Returns the valid SPIFFE IDs of a binding. Those in the mesh's own trust domain become accounts.
fn ids<'a>(schemes: &'a Schemes, settings: &'a Settings) -> impl Iterator<Item = Principal> + 'a {
    let valid = schemes.spiffe_identities.iter().filter(|id| is_spiffe_id(id));
    valid.map(|id| {
        // D19
        let id = id.strip_prefix("spiffe://").unwrap_or(id);
        own_account(id, &settings.trust_domain)
            .map_or_else(|| Principal::Spiffe(format!("spiffe://{id}")), Principal::Account)
    })
}

/// Returns the account of `trust-domain/ns/NAMESPACE/sa/NAME`.
fn own_account(id: &str, trust_domain: &str) -> Option<Identity> {
    let path = id.strip_prefix(trust_domain)?.strip_prefix("/ns/")?;
    let (namespace, service_account) = path.split_once("/sa/")?;
    (is_dns_label(namespace) && is_dns_subdomain(service_account)).then(|| Identity {
        namespace: namespace.into(),
        service_account: service_account.into(),
    })
}

/// Returns a reference to a binding.
pub(super) fn binding_object(key: &ObjectKey) -> ObjectRef {
    ObjectRef::new(Kind::IdentityBinding, key.clone())
}
