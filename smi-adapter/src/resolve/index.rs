//! Indexes over the objects in scope, so that no step searches through all of them.

use super::ParsedRoot;
use crate::counts::Counts;
use crate::model::route::Root;
use crate::object::{Kind, ObjectKey, ObjectRef, SmolStr};
use crate::principal::Identity;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use smi_types::access::TrafficTarget;
use smi_types::split::TrafficSplit;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The pods and templates that run as one account.
type Pods = Vec<Arc<Workload>>;

/// Objects in scope by what they name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Sorted.
    splits: BTreeMap<Root, Vec<ObjectKey>>,
    /// By namespace and name; the pods of each are sorted.
    accounts: BTreeMap<SmolStr, BTreeMap<SmolStr, Pods>>,
    /// The namespaces of targets, with the number of targets.
    claimed: Counts<SmolStr>,
}

impl Index {
    pub(super) fn of(snapshot: &Snapshot, settings: &Settings) -> Self {
        let mut index = Self::default();
        let objects = snapshot.scoped(settings);
        for (key, split) in objects.splits() {
            index.add_split(key, split, settings);
        }
        for workload in objects.workloads() {
            index.add_workload(workload);
        }
        for (key, target) in objects.targets() {
            index.claimed.add(&claimed(key, target, settings));
        }
        let unread = objects.undecodable().map(|diagnostic| &diagnostic.object);
        for object in unread.chain(objects.duplicates()).filter(|object| is_target(object)) {
            index.claimed.add(&object.key.namespace);
        }
        index
    }

    /// Adds what a snapshot knows about one object.
    pub(crate) fn add(&mut self, object: &ObjectRef, snapshot: &Snapshot, settings: &Settings) {
        let ObjectRef { kind, key } = object;
        if !settings.scope.contains(&key.namespace) {
            return;
        }
        if *kind == Kind::TrafficSplit
            && let Some(split) = snapshot.split(key)
        {
            self.add_split(key, split, settings);
        }
        if let Some(workload) = snapshot.shared_workload(object) {
            self.add_workload(workload);
        }
        for namespace in claims(object, snapshot, settings) {
            self.claimed.add(&namespace);
        }
    }

    /// Removes what [`add`](Self::add) has added for the same object of the same snapshot.
    pub(crate) fn remove(&mut self, object: &ObjectRef, snapshot: &Snapshot, settings: &Settings) {
        let ObjectRef { kind, key } = object;
        if !settings.scope.contains(&key.namespace) {
            return;
        }
        let root = (*kind == Kind::TrafficSplit).then(|| root_of(key, snapshot.split(key)?, settings));
        if let Some(root) = root.flatten()
            && let Entry::Occupied(mut splits) = self.splits.entry(root)
        {
            splits.get_mut().retain(|split| split != key);
            if splits.get().is_empty() {
                splits.remove();
            }
        }
        if let Some(workload) = snapshot.shared_workload(object) {
            self.remove_workload(workload);
        }
        for namespace in claims(object, snapshot, settings) {
            self.claimed.remove(&namespace);
        }
    }

    fn add_split(&mut self, key: &ObjectKey, split: &TrafficSplit, settings: &Settings) {
        let Some(root) = root_of(key, split, settings) else {
            return;
        };
        let splits = self.splits.entry(root).or_default();
        let place = splits.partition_point(|other| other < key);
        splits.insert(place, key.clone());
    }

    fn add_workload(&mut self, workload: &Arc<Workload>) {
        let Identity {
            namespace,
            service_account,
        } = workload.identity();
        let accounts = self.accounts.entry(namespace).or_default();
        let pods = accounts.entry(service_account).or_default();
        let place = pods.partition_point(|other| other.object < workload.object);
        pods.insert(place, Arc::clone(workload));
    }

    fn remove_workload(&mut self, workload: &Workload) {
        let Identity {
            namespace,
            service_account,
        } = workload.identity();
        let Some(accounts) = self.accounts.get_mut(&namespace) else {
            return;
        };
        if let Some(pods) = accounts.get_mut(&service_account) {
            pods.retain(|pod| pod.object != workload.object);
            if pods.is_empty() {
                accounts.remove(&service_account);
            }
        }
        if accounts.is_empty() {
            self.accounts.remove(&namespace);
        }
    }

    /// Returns every root of a split, sorted.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &Root> {
        self.splits.keys()
    }

    /// Returns `true` if some split names this root.
    pub(crate) fn is_root(&self, root: &Root) -> bool {
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

    /// Returns the accounts of a namespace, each with its pods and templates.
    pub(super) fn accounts_in(&self, namespace: &str) -> impl Iterator<Item = (&str, &[Arc<Workload>])> {
        let accounts = self.accounts.get(namespace).into_iter().flatten();
        accounts.map(|(account, pods)| (account.as_str(), pods.as_slice()))
    }

    /// Returns the number of splits that name a root.
    pub(crate) fn splits(&self, root: &Root) -> usize {
        self.splits.get(root).map_or(0, Vec::len)
    }

    /// Returns the number of accounts of a namespace.
    pub(crate) fn accounts(&self, namespace: &str) -> usize {
        self.accounts.get(namespace).map_or(0, BTreeMap::len)
    }

    /// Returns the number of pods and templates that run as an account.
    pub(crate) fn pods(&self, namespace: &str, account: &str) -> usize {
        let accounts = self.accounts.get(namespace);
        accounts.and_then(|accounts| accounts.get(account)).map_or(0, Vec::len)
    }

    /// Returns another namespace, if one is found, in which a workload runs as an account with one of these names.
    pub(super) fn account_elsewhere(&self, names: &BTreeSet<SmolStr>, namespace: &str) -> Option<&str> {
        let mut others = self.accounts.iter().filter(|(other, _)| *other != namespace);
        let has_one = |accounts: &BTreeMap<SmolStr, Pods>| names.iter().any(|name| accounts.contains_key(name));
        let found = others.by_ref().take(1_000).find(|(_, accounts)| has_one(accounts));
        found.map(|(other, _)| other.as_str())
    }

    /// Returns the namespaces of targets, sorted. The targets may be invalid or unreadable.
    pub(super) fn claimed(&self) -> impl Iterator<Item = &SmolStr> {
        self.claimed.items()
    }

    pub(super) fn is_claimed(&self, namespace: &str) -> bool {
        self.claimed.contains(namespace)
    }
}

/// Returns the root that a split names, if it is a service of the split's namespace or an external host.
pub(crate) fn root_of(key: &ObjectKey, split: &TrafficSplit, settings: &Settings) -> Option<Root> {
    // I7
    let spec = split.spec.as_ref()?;
    match ParsedRoot::new(&spec.service, &key.namespace, &settings.cluster_domain) {
        ParsedRoot::Service(root) => Some(Root::Service(root)),
        ParsedRoot::External(root) => Some(root),
        ParsedRoot::UnderDomain | ParsedRoot::OtherNamespace | ParsedRoot::Invalid => None,
    }
}

/// Returns `true` if an object is a target, or probably meant as one: it has the kind in another API group.
fn is_target(object: &ObjectRef) -> bool {
    object.kind.name() == Kind::TrafficTarget.name()
}

/// Returns the namespaces that an object in scope enforces, as often as it does.
pub(crate) fn claims<'a>(
    object: &'a ObjectRef,
    snapshot: &'a Snapshot,
    settings: &Settings,
) -> impl Iterator<Item = SmolStr> + use<'a> {
    let ObjectRef { kind, key } = object;
    let read = (*kind == Kind::TrafficTarget).then(|| snapshot.target(key)).flatten();
    let unread = if is_target(object) {
        snapshot.undecodable_of(object).len() + usize::from(snapshot.duplicate(object).is_some())
    } else {
        0
    };
    let read = read.map(|target| claimed(key, target, settings));
    read.into_iter()
        .chain(std::iter::repeat_n(key.namespace.clone(), unread))
}

/// Returns the namespace that a target enforces: with the opt-in of A22, that of its destination.
fn claimed(key: &ObjectKey, target: &TrafficTarget, settings: &Settings) -> SmolStr {
    let destination = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
    let foreign = destination
        .filter(|_| settings.foreign_destinations)
        .map(|subject| &subject.namespace);
    foreign
        .filter(|namespace| !namespace.is_empty())
        .map_or_else(|| key.namespace.clone(), SmolStr::new)
}
