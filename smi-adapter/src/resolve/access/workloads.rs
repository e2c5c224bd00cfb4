//! Workloads: the pods of one owner, the labels that select them, and the workloads that select each other's pods.

mod owners;
mod services;

use super::by_labels::ByLabels;
use crate::object::{Kind, ObjectRef};
use crate::snapshot::Snapshot;
use crate::workload::{HealthCheck, Transport, Workload};
use services::Selecting;
use std::collections::{BTreeMap, BTreeSet};

/// The pods of one owner.
pub(super) struct Owned<'a> {
    pub(super) object: ObjectRef,
    /// The owner's own selector; empty if no labels select exactly its pods.
    pub(super) selector: BTreeMap<String, String>,
    /// The owner's template, and every pod or template below it that may be running.
    pub(super) pods: Vec<&'a Workload>,
    /// The pods that services select, each with such a service.
    selected: Vec<(&'a Workload, Selecting<'a>)>,
}

impl Owned<'_> {
    /// Returns the ports that its containers declare, its health checks name (A38) or services target.
    pub(super) fn ports(&self, transport: Transport) -> BTreeSet<u16> {
        let declared = self.pods.iter().flat_map(|pod| &pod.ports);
        let declared = declared.filter(|port| port.transport == transport);
        let checked = self.pods.iter().flat_map(|pod| pod.health_checks());
        let checked = checked.filter(|_| transport == Transport::Tcp);
        let targeted = self.selected.iter();
        let targeted = targeted.flat_map(|(pod, service)| service.target_ports(pod, transport));
        declared
            .map(|port| port.number)
            .chain(checked.map(HealthCheck::port))
            .chain(targeted)
            .collect()
    }

    /// Returns the ports that pods listen on behind a service port, unless they listen on that port itself.
    pub(super) fn behind_service_port(&self, port: u16, transport: Transport) -> Option<BTreeSet<u16>> {
        if self.ports(transport).contains(&port) {
            return None;
        }
        let targets = self.selected.iter();
        let targets = targets.flat_map(|(pod, service)| service.targets_of(port, pod, transport));
        let targets: BTreeSet<u16> = targets.collect();
        (!targets.is_empty()).then_some(targets)
    }

    pub(super) fn has_pods(&self) -> bool {
        self.real().next().is_some()
    }

    /// Returns its pods, without templates.
    fn real(&self) -> impl Iterator<Item = &Workload> {
        self.pods.iter().copied().filter(|pod| pod.object.kind == Kind::Pod)
    }

    /// Returns the containers that all of its pods have.
    pub(super) fn containers(&self) -> BTreeSet<String> {
        let all = self.real().map(|pod| pod.containers.clone());
        all.reduce(|one, other| &one & &other).unwrap_or_default()
    }

    /// Returns the health checks that any of its pods declares (A38).
    pub(super) fn health_checks(&self) -> BTreeSet<HealthCheck> {
        let all = self.pods.iter().flat_map(|pod| pod.health_checks());
        all.cloned().collect()
    }

    /// Returns the labels and annotations that its pods have, or their namespace; none if a pod is admitted, because its
    /// containers show whether it is in the mesh.
    pub(super) fn marks(&self, snapshot: &Snapshot) -> BTreeMap<String, String> {
        if self.real().any(|pod| pod.is_admitted) {
            return BTreeMap::new();
        }
        let namespace = snapshot.namespace(&self.object.key.namespace);
        let metadata = namespace.map(|namespace| &namespace.metadata);
        let mut marks = metadata
            .and_then(|metadata| metadata.annotations.clone())
            .unwrap_or_default();
        marks.extend(
            metadata
                .and_then(|metadata| metadata.labels.clone())
                .unwrap_or_default(),
        );
        marks.extend(self.annotations());
        marks.extend(common(self.pods.iter().map(|pod| &pod.labels)));
        marks
    }

    /// Returns the annotations that all of its pods and templates have.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        common(self.pods.iter().map(|pod| &pod.annotations))
    }
}

/// Returns the entries that all maps have.
fn common<'a>(mut maps: impl Iterator<Item = &'a BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let mut all = maps.next().cloned().unwrap_or_default();
    for map in maps {
        all.retain(|name, value| map.get(name) == Some(value));
    }
    all
}

/// The workloads of one enforced namespace.
pub(super) struct Workloads<'a> {
    owned: Vec<Owned<'a>>,
    /// The indices of the workloads of which a service selects pods, by the name of the service.
    behind: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Workloads<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, namespace: &'a str) -> Self {
        let owned = owners::all(snapshot, namespace);
        let mut behind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, owned) in owned.iter().enumerate() {
            let names = owned.selected.iter().map(|(_, service)| service.name);
            for service in names.collect::<BTreeSet<_>>() {
                behind.entry(service).or_default().push(index);
            }
        }
        Self { owned, behind }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Owned<'a>> {
        self.owned.iter()
    }

    /// Returns the workloads that no labels select exactly.
    pub(super) fn unselectable(&self) -> Vec<ObjectRef> {
        let unselectable = self.owned.iter().filter(|owned| owned.selector.is_empty());
        unselectable.map(|owned| owned.object.clone()).collect()
    }

    /// Returns the workloads of which a service selects pods, by the name of the service.
    pub(super) fn behind(&self, service: &str) -> impl Iterator<Item = &Owned<'a>> {
        let indices = self.behind.get(service).into_iter().flatten();
        indices.filter_map(|index| self.owned.get(*index))
    }

    /// Groups the workloads whose selectors select each other's pods, directly or transitively. Most groups have one
    /// member.
    pub(super) fn overlapping(&self) -> Vec<Vec<&Owned<'a>>> {
        let mut selectors = ByLabels::default();
        for (index, owned) in self.owned.iter().enumerate() {
            selectors.add(&owned.selector, index);
        }
        let mut parents: Vec<usize> = (0..self.owned.len()).collect();
        let mut joined = BTreeSet::new();
        for (index, owned) in self.owned.iter().enumerate() {
            let selecting = owned.pods.iter().flat_map(|pod| selectors.alike(pod.labels()));
            for (first, more) in selecting.filter_map(<[usize]>::split_first) {
                join(&mut parents, index, *first);
                // Their selectors are equal, so all of them select this pod.
                if joined.insert(*first) {
                    for other in more {
                        join(&mut parents, *first, *other);
                    }
                }
            }
        }
        let mut groups: BTreeMap<usize, Vec<&Owned<'a>>> = BTreeMap::new();
        for (index, owned) in self.owned.iter().enumerate() {
            groups.entry(root(&mut parents, index)).or_default().push(owned);
        }
        groups.into_values().collect()
    }
}

/// Merges two groups.
fn join(parents: &mut [usize], one: usize, two: usize) {
    let (one, two) = (root(parents, one), root(parents, two));
    if let Some(parent) = parents.get_mut(one.max(two)) {
        *parent = one.min(two);
    }
}

/// Returns the first member of a group, and shortens the path to it.
fn root(parents: &mut [usize], mut index: usize) -> usize {
    while let Some(parent) = parents.get(index).copied().filter(|parent| *parent != index) {
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(nearer) = parents.get_mut(index) {
            *nearer = above;
        }
        index = above;
    }
    index
}
