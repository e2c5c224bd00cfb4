//! Indexes over the objects in scope, so that no step searches through all of them.

use super::ParsedRoot;
use crate::model::route::Root;
use crate::object::{Kind, ObjectKey};
use crate::principal::Identity;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use smi_types::access::TrafficTarget;
use smi_types::split::TrafficSplit;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The pods and templates that run as one account.
type Pods = Vec<Arc<Workload>>;

/// Objects in scope by what they name.
pub(super) struct Index {
    splits: BTreeMap<Root, Vec<ObjectKey>>,
    under_domain: Vec<ObjectKey>,
    accounts: BTreeMap<String, BTreeMap<String, Pods>>,
    claimed: BTreeSet<String>,
}

impl Index {
    pub(super) fn of(snapshot: &Snapshot, settings: &Settings) -> Self {
        let objects = snapshot.scoped(settings);
        let mut splits: BTreeMap<Root, Vec<ObjectKey>> = BTreeMap::new();
        let mut under_domain = Vec::new();
        for (key, split) in objects.splits() {
            // I7
            let Some(spec) = &split.spec else { continue };
            let root = match ParsedRoot::new(&spec.service, &key.namespace, &settings.cluster_domain) {
                ParsedRoot::Service(root) => Root::Service(root),
                ParsedRoot::External(root) => root,
                ParsedRoot::UnderDomain => {
                    under_domain.push(key.clone());
                    continue;
                }
                ParsedRoot::OtherNamespace | ParsedRoot::Invalid => continue,
            };
            splits.entry(root).or_default().push(key.clone());
        }
        let mut accounts: BTreeMap<String, BTreeMap<String, Pods>> = BTreeMap::new();
        for workload in objects.workloads() {
            let Identity {
                namespace,
                service_account,
            } = workload.identity();
            let in_namespace = accounts.entry(namespace).or_default();
            in_namespace
                .entry(service_account)
                .or_default()
                .push(Arc::clone(workload));
        }
        let read = objects.targets().map(|(key, target)| claimed(key, target, settings));
        let unread = objects
            .undecodable()
            .map(|diagnostic| &diagnostic.object)
            .chain(objects.duplicates());
        // Also one in another API group, which is probably meant as a target.
        let unread = unread.filter(|object| object.kind.name() == Kind::TrafficTarget.name());
        let claimed = read.chain(unread.map(|object| &object.key.namespace)).cloned();
        Self {
            splits,
            under_domain,
            accounts,
            claimed: claimed.collect(),
        }
    }

    /// Returns every root of a split, sorted.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Root> {
        self.splits.keys()
    }

    /// Returns `true` if some split names this root.
    pub(super) fn is_root(&self, root: &Root) -> bool {
        self.splits.contains_key(root)
    }

    /// Returns the splits that name a root.
    pub(super) fn splits_of<'a>(
        &'a self,
        root: &Root,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a TrafficSplit)> {
        let keys = self.splits.get(root).into_iter().flatten();
        keys.filter_map(|key| Some((key, snapshot.split(key)?)))
    }

    /// Returns the splits whose root is a name under the cluster's domain, but not a service of their namespace (T3).
    pub(super) fn under_domain(&self) -> &[ObjectKey] {
        &self.under_domain
    }

    /// Returns the accounts of a namespace, each with its pods and templates.
    pub(super) fn accounts_in(&self, namespace: &str) -> impl Iterator<Item = (&str, &[Arc<Workload>])> {
        let accounts = self.accounts.get(namespace).into_iter().flatten();
        accounts.map(|(account, pods)| (account.as_str(), pods.as_slice()))
    }

    /// Returns another namespace, if one is found, in which a workload runs as an account with one of these names.
    pub(super) fn account_elsewhere(&self, names: &BTreeSet<String>, namespace: &str) -> Option<&str> {
        let mut others = self.accounts.iter().filter(|(other, _)| *other != namespace);
        let has_one = |accounts: &BTreeMap<String, Pods>| names.iter().any(|name| accounts.contains_key(name));
        let found = others.by_ref().take(1_000).find(|(_, accounts)| has_one(accounts));
        found.map(|(other, _)| other.as_str())
    }

    /// Returns the namespaces of targets. The targets may be invalid or unreadable.
    pub(super) fn claimed(&self) -> &BTreeSet<String> {
        &self.claimed
    }
}

/// Returns the namespace that a target enforces: with the opt-in of A22, that of its destination.
fn claimed<'a>(key: &'a ObjectKey, target: &'a TrafficTarget, settings: &Settings) -> &'a String {
    let destination = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
    let foreign = destination
        .filter(|_| settings.foreign_destinations)
        .map(|subject| &subject.namespace);
    foreign
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or(&key.namespace)
}
