//! Read access to the contents of a snapshot.

use super::id::Id;
use super::{Snapshot, Unread};
use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::FieldPath;
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use std::collections::BTreeMap;

impl Snapshot {
    /// Returns the traffic splits, sorted.
    pub fn splits(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficSplit)> {
        pairs(&self.splits)
    }

    /// Returns the HTTP route groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = (&ObjectKey, &HTTPRouteGroup)> {
        pairs(&self.groups)
    }

    /// Returns the HTTP route group with `key`.
    #[must_use]
    pub fn group(&self, key: &ObjectKey) -> Option<&HTTPRouteGroup> {
        self.groups.get(key).map(|object| &**object)
    }

    /// Returns the TCP routes, sorted.
    pub fn tcp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &TCPRoute)> {
        pairs(&self.tcp_routes)
    }

    /// Returns the UDP routes, sorted.
    pub fn udp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &UDPRoute)> {
        pairs(&self.udp_routes)
    }

    /// Returns the traffic targets, sorted.
    pub fn targets(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficTarget)> {
        pairs(&self.targets)
    }

    /// Returns the identity bindings, sorted.
    pub fn bindings(&self) -> impl Iterator<Item = (&ObjectKey, &IdentityBinding)> {
        pairs(&self.bindings)
    }

    /// Returns the identity binding with `key`.
    #[must_use]
    pub fn binding(&self, key: &ObjectKey) -> Option<&IdentityBinding> {
        self.bindings.get(key).map(|object| &**object)
    }

    /// Returns the pods and the objects that create pods, sorted.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values().map(|workload| &**workload)
    }

    /// Returns the pod, or the object that creates pods, with this kind and key. The version of the kind does not
    /// matter.
    #[must_use]
    pub fn workload(&self, object: &ObjectRef) -> Option<&Workload> {
        self.workloads.get(&Id::of(object)).map(|workload| &**workload)
    }

    /// Returns `true` if the snapshot is declared to contain every workload, so that access control can be resolved.
    #[must_use]
    pub fn covers_workloads(&self) -> bool {
        self.covers_workloads
    }

    /// Returns the namespaces, sorted by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values().map(|namespace| &**namespace)
    }

    /// Returns the namespace with this name.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces
            .get(&ObjectKey::new(name, name))
            .map(|namespace| &**namespace)
    }

    /// Returns the namespaces that objects managed by us enforce already, sorted (A2).
    pub fn enforced(&self) -> impl Iterator<Item = &str> {
        self.enforced.iter().map(SmolStr::as_str)
    }

    /// Returns the services, sorted.
    pub fn services(&self) -> impl Iterator<Item = (&ObjectKey, &Service)> {
        self.services.iter().map(|(key, service)| (key, &**service))
    }

    /// Returns the service with `key`.
    #[must_use]
    pub fn service(&self, key: &ObjectKey) -> Option<&Service> {
        self.services.get(key).map(|service| &**service)
    }

    /// Returns the diagnostics of the objects that could not be read, sorted by object.
    pub fn undecodable(&self) -> impl Iterator<Item = &Diagnostic> {
        self.undecodable.values().flatten()
    }

    /// Returns the objects that one input contained more than once, sorted (I1).
    pub fn duplicates(&self) -> impl Iterator<Item = &ObjectRef> {
        self.duplicates.values()
    }

    /// Returns the fields of an SMI object that its type does not have and that may be restrictions, sorted (I8).
    #[must_use]
    pub fn unknown_fields(&self, object: &ObjectRef) -> &[FieldPath] {
        self.unread(object).map_or(&[], |unread| &unread.unknown)
    }

    /// Returns the fields of an SMI object that its type does not have and that mean nothing, sorted (I8).
    #[must_use]
    pub fn ignored_fields(&self, object: &ObjectRef) -> &[FieldPath] {
        self.unread(object).map_or(&[], |unread| &unread.ignored)
    }

    fn unread(&self, object: &ObjectRef) -> Option<&Unread> {
        if self.unread.is_empty() {
            return None;
        }
        self.unread.get(&Id::of(object))
    }
}

fn pairs<T>(objects: &BTreeMap<ObjectKey, Box<T>>) -> impl Iterator<Item = (&ObjectKey, &T)> {
    objects.iter().map(|(key, object)| (key, &**object))
}
