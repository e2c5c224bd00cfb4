//! Workloads: the pods of one owner, the labels that select them, and the workloads that select each other's pods.

mod owners;
mod services;

use super::by_labels::ByLabels;
use crate::object::{Kind, ObjectRef, SmolStr};
use crate::resolve::view::View;
use crate::workload::{HealthCheck, Transport, Workload};
use k8s_openapi::api::core::v1::Namespace;
use services::Selecting;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The pods of one owner.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) object: ObjectRef,
    /// The owner's own selector; empty if no labels select exactly its pods.
    pub(super) selector: Arc<BTreeMap<String, String>>,
    /// The owner's template, and every pod or template below it that may be running.
    pub(crate) pods: Vec<Arc<Workload>>,
    /// The pods that services select, each with such a service.
    selected: Vec<(Arc<Workload>, Selecting)>,
    /// The labels and annotations that its pods have, or their namespace; none if a pod is admitted, because its
    /// containers show whether it is in the mesh.
    marks: Arc<BTreeMap<String, String>>,
}

impl Owned {
    /// Returns `true` if both have the same owner and the same pods, in the same state.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_pods = |(one, two): (&Arc<Workload>, &Arc<Workload>)| Arc::ptr_eq(one, two);
        self.object == other.object
            && self.selector == other.selector
            && self.marks == other.marks
            && self.pods.len() == other.pods.len()
            && self.pods.iter().zip(&other.pods).all(same_pods)
            && self.selected.len() == other.selected.len()
            && self
                .selected
                .iter()
                .zip(&other.selected)
                .all(|(one, two)| same_pods((&one.0, &two.0)) && one.1.is_same(&two.1))
    }

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
        real(&self.pods)
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

    /// Returns the labels and annotations that mark its pods as part of a mesh or not.
    pub(super) fn marks(&self) -> &Arc<BTreeMap<String, String>> {
        &self.marks
    }

    /// Returns the annotations that all of its pods and templates have.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        common(self.pods.iter().map(|pod| &pod.annotations))
    }
}

/// Returns pods, without templates.
fn real(pods: &[Arc<Workload>]) -> impl Iterator<Item = &Workload> {
    let pods = pods.iter().map(|pod| &**pod);
    pods.filter(|pod| pod.object.kind == Kind::Pod)
}

/// Returns the labels and annotations that pods have, or their namespace; none if a pod is admitted.
fn marks(pods: &[Arc<Workload>], namespace: Option<&Namespace>) -> BTreeMap<String, String> {
    if real(pods).any(|pod| pod.is_admitted) {
        return BTreeMap::new();
    }
    let metadata = namespace.map(|namespace| &namespace.metadata);
    let annotations = metadata.and_then(|metadata| metadata.annotations.clone());
    let labels = metadata.and_then(|metadata| metadata.labels.clone());
    let mut marks = annotations.unwrap_or_default();
    marks.extend(labels.unwrap_or_default());
    marks.extend(common(pods.iter().map(|pod| &pod.annotations)));
    marks.extend(common(pods.iter().map(|pod| &pod.labels)));
    marks
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
#[derive(Clone, Debug)]
pub(crate) struct Workloads {
    /// Sorted.
    owned: Vec<Arc<Owned>>,
    /// The indices of the workloads of which a service selects pods, by the name of the service.
    behind: BTreeMap<SmolStr, Vec<usize>>,
}

impl Workloads {
    pub(crate) fn new(view: View<'_>, namespace: &str) -> Self {
        let owned: Vec<Arc<Owned>> = owners::all(view, namespace).map(Arc::new).collect();
        let mut behind: BTreeMap<SmolStr, Vec<usize>> = BTreeMap::new();
        for (index, owned) in owned.iter().enumerate() {
            let names = owned.selected.iter().map(|(_, service)| service.name());
            for service in names.collect::<BTreeSet<_>>() {
                behind.entry(service.into()).or_default().push(index);
            }
        }
        Self { owned, behind }
    }

    /// Returns `true` if a workload is one of them.
    pub(crate) fn contains(&self, object: &ObjectRef) -> bool {
        self.owned.binary_search_by(|owned| owned.object.cmp(object)).is_ok()
    }

    /// Returns the workloads that no labels select exactly.
    pub(crate) fn unselectable(&self) -> Vec<ObjectRef> {
        let unselectable = self.owned.iter().filter(|owned| owned.selector.is_empty());
        unselectable.map(|owned| owned.object.clone()).collect()
    }

    /// Returns the workloads of which a service selects pods, by the name of the service.
    pub(crate) fn behind(&self, service: &str) -> impl Iterator<Item = &ObjectRef> {
        let indices = self.behind.get(service).into_iter().flatten();
        indices.filter_map(|index| Some(&self.owned.get(*index)?.object))
    }

    /// Returns the names of the services that select pods.
    pub(crate) fn services(&self) -> impl Iterator<Item = &SmolStr> {
        self.behind.keys()
    }

    /// Groups the workloads whose selectors select each other's pods, directly or transitively. Most groups have one
    /// member.
    pub(crate) fn overlapping(&self) -> Vec<Vec<Arc<Owned>>> {
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
        let mut groups: BTreeMap<usize, Vec<Arc<Owned>>> = BTreeMap::new();
        for (index, owned) in self.owned.iter().enumerate() {
            let group = groups.entry(root(&mut parents, index)).or_default();
            group.push(Arc::clone(owned));
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
