//! The view of a snapshot through the scope of the settings. Everything that is resolved is read through it.

use super::Snapshot;
use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::{Scope, Settings};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use std::sync::Arc;

/// The objects of a snapshot whose namespaces are in scope. The methods are those of [`Snapshot`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scoped<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope,
}

impl Snapshot {
    pub(crate) fn scoped<'a>(&'a self, settings: &'a Settings) -> Scoped<'a> {
        let (snapshot, scope) = (self, &settings.scope);
        Scoped { snapshot, scope }
    }
}

/// Implements methods that return the objects of one kind with their keys.
macro_rules! by_key {
    ($($name:ident: $object:ty;)*) => {
        $(pub(crate) fn $name(self) -> impl Iterator<Item = (&'a ObjectKey, &'a $object)> {
            self.snapshot.$name().filter(move |(key, _)| self.scope.contains(&key.namespace))
        })*
    };
}

/// Implements methods that return the object with a key.
macro_rules! one {
    ($($name:ident: $object:ty;)*) => {
        $(pub(crate) fn $name(self, key: &ObjectKey) -> Option<&'a $object> {
            self.snapshot.$name(key).filter(|_| self.scope.contains(&key.namespace))
        })*
    };
}

impl<'a> Scoped<'a> {
    by_key! {
        splits: TrafficSplit;
        groups: HTTPRouteGroup;
        tcp_routes: TCPRoute;
        udp_routes: UDPRoute;
        targets: TrafficTarget;
        services: Service;
        bindings: IdentityBinding;
    }

    one! {
        split: TrafficSplit;
        group: HTTPRouteGroup;
        tcp_route: TCPRoute;
        udp_route: UDPRoute;
        target: TrafficTarget;
        binding: IdentityBinding;
    }

    pub(crate) fn workloads(self) -> impl Iterator<Item = &'a Arc<Workload>> {
        let all = self.snapshot.workloads.values();
        all.filter(move |workload| self.has(workload.object()))
    }

    pub(crate) fn namespaces(self) -> impl Iterator<Item = &'a Namespace> {
        let in_scope = move |namespace: &&Namespace| {
            let name = namespace.metadata.name.as_deref();
            name.is_some_and(|name| self.scope.contains(name))
        };
        self.snapshot.namespaces().filter(in_scope)
    }

    pub(crate) fn undecodable(self) -> impl Iterator<Item = &'a Diagnostic> {
        self.snapshot
            .undecodable()
            .filter(move |diagnostic| self.has(&diagnostic.object))
    }

    pub(crate) fn duplicates(self) -> impl Iterator<Item = &'a ObjectRef> {
        self.snapshot.duplicates().filter(move |object| self.has(object))
    }

    /// Returns `true` if the namespace of an object is in scope.
    pub(crate) fn has(self, object: &ObjectRef) -> bool {
        self.scope.contains(&object.key.namespace)
    }
}
