//! Identities: sources and destinations of targets, and identity bindings.

use super::super::unknown::Unknown;
use super::Context;
use crate::object::{Kind, ObjectKey, ObjectRef, is_dns_label, is_dns_subdomain};
use crate::principal::{Identity, Principal};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use smi_types::Version;
use smi_types::access::{IdentityBinding, PodLabelSelector, Schemes, Subject};
use smi_types::validate::is_spiffe_id;
use std::collections::{BTreeMap, BTreeSet};

/// The pods and templates that run as each account, by account.
pub(super) type Accounts<'a> = BTreeMap<Identity, Vec<&'a Workload>>;

/// Groups the pods and templates in scope by account.
pub(super) fn accounts<'a>(snapshot: &'a Snapshot, settings: &'a Settings) -> Accounts<'a> {
    let mut accounts = Accounts::new();
    for workload in snapshot.scoped(settings).workloads() {
        accounts.entry(workload.identity()).or_default().push(workload);
    }
    accounts
}

/// The pods of one namespace that a destination selects, by their account or their labels.
#[derive(Debug, Default)]
pub(super) struct Destination {
    pub(super) namespace: String,
    pub(super) accounts: BTreeSet<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
}

/// The index of a destination, and the labels of its pods.
type ByLabels<'a> = (usize, &'a BTreeMap<String, String>);

/// An index of destinations by the pods that they select.
pub(super) struct Index<'a> {
    by_account: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    by_labels: BTreeMap<&'a str, Vec<ByLabels<'a>>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(destinations: impl Iterator<Item = &'a Destination>) -> Self {
        let mut index = Self {
            by_account: BTreeMap::new(),
            by_labels: BTreeMap::new(),
        };
        for (position, destination) in destinations.enumerate() {
            let namespace = destination.namespace.as_str();
            for account in &destination.accounts {
                index.by_account.entry((namespace, account)).or_default().push(position);
            }
            if let Some(labels) = &destination.labels {
                index.by_labels.entry(namespace).or_default().push((position, labels));
            }
        }
        index
    }

    /// Returns the indices of the destinations that select a pod, sorted and without duplicates.
    pub(super) fn of(&self, pod: &Workload) -> Vec<usize> {
        let namespace = pod.object().key.namespace.as_str();
        let by_account = self.by_account.get(&(namespace, pod.service_account.as_str()));
        let by_labels = self
            .by_labels
            .get(namespace)
            .into_iter()
            .flatten()
            .filter(|(_, labels)| pod.is_selected_by(labels))
            .map(|(position, _)| *position);
        let all: BTreeSet<usize> = by_account.into_iter().flatten().copied().chain(by_labels).collect();
        all.into_iter().collect()
    }
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
    context: &Context<'a>,
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
        return binding(key, context);
    }
    Ok(Referred::Account(Identity {
        namespace: key.namespace,
        service_account: key.name,
    }))
}

/// Returns a binding that can match workloads (A28, A30).
fn binding<'a>(key: ObjectKey, context: &Context<'a>) -> Result<Referred<'a>, Unusable> {
    let Some(binding) = context.snapshot.scoped(context.settings).binding(&key) else {
        let message = format!("there is no usable identity binding `{key}`");
        return Err(Unusable::Binding(key, message));
    };
    let object = binding_object(&key);
    if !Unknown::of(context.snapshot, context.settings, &object).is_empty() {
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
pub(super) fn binding_sources(key: &ObjectKey, schemes: &Schemes, context: &Context<'_>) -> BTreeSet<Principal> {
    let mut sources: BTreeSet<Principal> = ids(schemes, context.settings).collect();
    sources.extend(account(key, schemes).map(Principal::Account));
    if let Some(selector) = &schemes.pod_label_selector {
        let all = accounts_in(key, context).filter(|(_, pods)| pods.iter().all(|pod| carries(pod, selector)));
        sources.extend(all.map(|(account, _)| Principal::Account(account.clone())));
    }
    sources
}

/// Returns the identities that a binding does not name as a source because only some of their pods carry its labels, each
/// with a workload that lacks one (A29).
pub(super) fn left_out<'a>(
    key: &ObjectKey,
    schemes: &Schemes,
    context: &'a Context<'_>,
) -> Vec<(&'a Identity, &'a Workload)> {
    let Some(selector) = &schemes.pod_label_selector else {
        return Vec::new();
    };
    let partly = accounts_in(key, context).filter_map(|(account, pods)| {
        let lacking = pods.iter().find(|pod| !carries(pod, selector))?;
        let is_selected = pods.iter().any(|pod| carries(pod, selector));
        is_selected.then_some((account, *lacking))
    });
    partly.collect()
}

/// Returns the accounts of the binding's namespace, with their pods and templates.
fn accounts_in<'a>(
    key: &ObjectKey,
    context: &'a Context<'_>,
) -> impl Iterator<Item = (&'a Identity, &'a [&'a Workload])> {
    let accounts = context.accounts.iter();
    let here = accounts.filter(move |(account, _)| account.namespace == key.namespace);
    here.map(|(account, pods)| (account, pods.as_slice()))
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
    is_dns_subdomain(&schemes.service_account).then(|| Identity {
        namespace: key.namespace.clone(),
        service_account: schemes.service_account.clone(),
    })
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
        namespace: namespace.to_owned(),
        service_account: service_account.to_owned(),
    })
}

/// Returns a reference to a binding.
pub(super) fn binding_object(key: &ObjectKey) -> ObjectRef {
    ObjectRef::new(Kind::IdentityBinding, key.clone())
}
