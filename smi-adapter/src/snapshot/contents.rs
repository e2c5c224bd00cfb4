//! Reading a snapshot.

use super::Snapshot;
use super::id::Id;
use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::FieldPath;
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;

impl Snapshot {
    /// The traffic splits, sorted.
    pub fn splits(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficSplit)> {
        self.splits.iter()
    }

    /// The HTTP route groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = (&ObjectKey, &HTTPRouteGroup)> {
        self.groups.iter()
    }

    /// The HTTP route group with `key`.
    #[must_use]
    pub fn group(&self, key: &ObjectKey) -> Option<&HTTPRouteGroup> {
        self.groups.get(key)
    }

    /// The TCP routes, sorted.
    pub fn tcp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &TCPRoute)> {
        self.tcp_routes.iter()
    }

    /// The UDP routes, sorted.
    pub fn udp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &UDPRoute)> {
        self.udp_routes.iter()
    }

    /// The traffic targets, sorted.
    pub fn targets(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficTarget)> {
        self.targets.iter()
    }

    /// The identity bindings, sorted.
    pub fn bindings(&self) -> impl Iterator<Item = (&ObjectKey, &IdentityBinding)> {
        self.bindings.iter()
    }

    /// The identity binding with `key`.
    #[must_use]
    pub fn binding(&self, key: &ObjectKey) -> Option<&IdentityBinding> {
        self.bindings.get(key)
    }

    /// Pods and the objects that make pods, sorted.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values()
    }

    /// The pod, or the object that makes pods, with this kind and key. The version of the kind does not matter.
    #[must_use]
    pub fn workload(&self, object: &ObjectRef) -> Option<&Workload> {
        self.workloads.get(&Id::of(object))
    }

    /// Returns `true` if the workloads are known to be all that there are, so that access control can be worked out.
    #[must_use]
    pub fn covers_workloads(&self) -> bool {
        self.covers_workloads
    }

    /// The namespaces, sorted by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values()
    }

    /// The namespace with a name.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(&ObjectKey::new(name, name))
    }

    /// The namespaces that objects of ours enforce already, sorted (A2).
    pub fn enforced(&self) -> impl Iterator<Item = &str> {
        self.enforced.iter().map(String::as_str)
    }

    /// The services, sorted.
    pub fn services(&self) -> impl Iterator<Item = (&ObjectKey, &Service)> {
        self.services.iter()
    }

    /// The service with `key`.
    #[must_use]
    pub fn service(&self, key: &ObjectKey) -> Option<&Service> {
        self.services.get(key)
    }

    /// Objects that could not be read, and why, sorted.
    pub fn undecodable(&self) -> impl Iterator<Item = &Diagnostic> {
        self.undecodable.values()
    }

    /// Objects that came more than once, sorted (I1).
    pub fn duplicates(&self) -> impl Iterator<Item = &ObjectRef> {
        self.duplicates.values()
    }

    /// Objects with fields that no type knows, and these fields, sorted.
    pub fn ignored(&self) -> impl Iterator<Item = (&ObjectRef, &[FieldPath])> {
        self.ignored
            .values()
            .map(|(object, fields)| (object, fields.as_slice()))
    }
}
