//! Look-ups that resolution makes. None of them reads every object of a kind.

use super::Snapshot;
use super::id::{Id, canonical_kind};
use crate::diagnostic::Diagnostic;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::Service;
use smi_types::access::TrafficTarget;
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// The maximum number of namespaces in which an object of another namespace is searched, for a hint in a message.
const MAX_NAMESPACES: usize = 1_000;

impl Snapshot {
    pub(crate) fn split(&self, key: &ObjectKey) -> Option<&TrafficSplit> {
        self.splits.get(key).map(|object| &**object)
    }

    pub(crate) fn target(&self, key: &ObjectKey) -> Option<&TrafficTarget> {
        self.targets.get(key).map(|object| &**object)
    }

    pub(crate) fn tcp_route(&self, key: &ObjectKey) -> Option<&TCPRoute> {
        self.tcp_routes.get(key).map(|object| &**object)
    }

    pub(crate) fn udp_route(&self, key: &ObjectKey) -> Option<&UDPRoute> {
        self.udp_routes.get(key).map(|object| &**object)
    }

    /// Returns the route groups of a namespace.
    pub(crate) fn groups_in<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a HTTPRouteGroup)> {
        let all = self.groups.range(ObjectKey::new(namespace, "")..);
        all.take_while(move |(key, _)| key.namespace == namespace)
            .map(|(key, group)| (key, &**group))
    }

    /// Returns the services of a namespace.
    pub(crate) fn services_in<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Service>)> {
        let all = self.services.range(ObjectKey::new(namespace, "")..);
        all.take_while(move |(key, _)| key.namespace == namespace)
    }

    /// Returns the workloads of a namespace.
    pub(crate) fn workloads_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Workload>> {
        let all = self.workloads.range(Id::before_all_in(namespace)..);
        all.map(|(_, workload)| workload)
            .take_while(move |workload| workload.object().key.namespace == namespace)
    }

    /// Returns every object of a kind, whether or not it can be read. The version of the kind does not matter.
    pub(crate) fn references(&self, kind: &Kind) -> BTreeSet<ObjectRef> {
        let kind = canonical_kind(kind.clone());
        let keys: Vec<&ObjectKey> = match kind {
            Kind::TrafficSplit => self.splits.keys().collect(),
            Kind::HttpRouteGroup => self.groups.keys().collect(),
            Kind::TcpRoute => self.tcp_routes.keys().collect(),
            Kind::UdpRoute => self.udp_routes.keys().collect(),
            Kind::TrafficTarget => self.targets.keys().collect(),
            Kind::IdentityBinding => self.bindings.keys().collect(),
            Kind::Service => self.services.keys().collect(),
            Kind::Namespace => self.namespaces.keys().collect(),
            _ => self
                .workloads
                .keys()
                .filter(|id| id.is(&kind))
                .map(|id| &id.key)
                .collect(),
        };
        let unread = self.undecodable.keys().chain(self.duplicates.keys());
        let unread = unread.filter(|id| id.is(&kind)).map(|id| &id.key);
        let all = keys.into_iter().chain(unread);
        all.map(|key| ObjectRef::new(kind.clone(), key.clone())).collect()
    }

    /// Returns the workload with this kind and key, to be kept.
    pub(crate) fn shared_workload(&self, object: &ObjectRef) -> Option<&Arc<Workload>> {
        self.workloads.get(&Id::of(object))
    }

    /// Returns the diagnostics of one object that could not be read.
    pub(crate) fn undecodable_of(&self, object: &ObjectRef) -> &[Diagnostic] {
        if self.undecodable.is_empty() {
            return &[];
        }
        self.undecodable.get(&Id::of(object)).map_or(&[], Vec::as_slice)
    }

    /// Returns the object if one input contained it more than once (I1).
    pub(crate) fn duplicate(&self, object: &ObjectRef) -> Option<&ObjectRef> {
        if self.duplicates.is_empty() {
            return None;
        }
        self.duplicates.get(&Id::of(object))
    }

    /// Returns `true` if a route, route group or service exists, whether or not it can be read.
    pub(crate) fn has(&self, object: &ObjectRef) -> bool {
        let id = Id::of(object);
        self.is_read(object) || self.undecodable.contains_key(&id) || self.duplicates.contains_key(&id)
    }

    /// Returns `true` if a route, route group or service exists and can be read.
    pub(crate) fn is_read(&self, ObjectRef { kind, key }: &ObjectRef) -> bool {
        match kind {
            Kind::HttpRouteGroup => self.groups.contains_key(key),
            Kind::TcpRoute => self.tcp_routes.contains_key(key),
            Kind::UdpRoute => self.udp_routes.contains_key(key),
            Kind::Service => self.services.contains_key(key),
            _ => false,
        }
    }

    /// Returns `true` if a namespace has no other object of the same kind that can be read: a route, route group or
    /// service.
    pub(crate) fn is_alone(&self, ObjectRef { kind, key }: &ObjectRef) -> bool {
        match kind {
            Kind::HttpRouteGroup => is_alone(&self.groups, key),
            Kind::TcpRoute => is_alone(&self.tcp_routes, key),
            Kind::UdpRoute => is_alone(&self.udp_routes, key),
            Kind::Service => is_alone(&self.services, key),
            _ => false,
        }
    }

    /// Returns another namespace, if one is found, with an object of the same kind and name: a route, route group or
    /// service.
    pub(crate) fn elsewhere(&self, kind: &Kind, key: &ObjectKey) -> Option<&str> {
        match kind {
            Kind::HttpRouteGroup => elsewhere(&self.groups, key),
            Kind::TcpRoute => elsewhere(&self.tcp_routes, key),
            Kind::UdpRoute => elsewhere(&self.udp_routes, key),
            Kind::Service => elsewhere(&self.services, key),
            _ => None,
        }
    }
}

fn is_alone<T>(objects: &BTreeMap<ObjectKey, T>, key: &ObjectKey) -> bool {
    let in_namespace = objects.range(ObjectKey::new(&key.namespace, "")..);
    let mut in_namespace = in_namespace.take_while(|(other, _)| other.namespace == key.namespace);
    !in_namespace.any(|(other, _)| other != key)
}

/// Hops from namespace to namespace, and looks for the name in each other than that of `key`.
fn elsewhere<'a, T>(objects: &'a BTreeMap<ObjectKey, T>, key: &ObjectKey) -> Option<&'a str> {
    let mut next = objects.keys().next();
    for _ in 0..MAX_NAMESPACES {
        let namespace = next?.namespace.as_str();
        let here = ObjectKey::new(namespace, &key.name);
        if namespace != key.namespace && objects.contains_key(&here) {
            return Some(namespace);
        }
        // No name sorts after this one: names are ASCII.
        let last = ObjectKey::new(namespace, "\u{7f}");
        let after = objects.range((Bound::Excluded(last), Bound::Unbounded));
        next = after.map(|(key, _)| key).next();
    }
    None
}
