//! The input of every step of resolution: the objects, the settings, and the results of earlier steps.

use super::fact::{Fact, Reads};
use super::index::Index;
use super::specs::Groups;
use super::unknown::Unknown;
use crate::diagnostic::Diagnostic;
use crate::model::route::{HttpMatch, Root};
use crate::object::{Kind, ObjectKey, ObjectRef, SmolStr};
use crate::settings::Settings;
use crate::snapshot::{Scoped, Snapshot};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::FieldPath;
use smi_types::access::IdentityBinding;
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that resolution reads. It notes which facts about other objects than its own a step reads.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    snapshot: &'a Snapshot,
    pub(crate) settings: &'a Settings,
    index: &'a Index,
    groups: &'a Groups,
    reads: Option<&'a Reads>,
}

impl<'a> View<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, settings: &'a Settings, index: &'a Index, groups: &'a Groups) -> Self {
        Self {
            snapshot,
            settings,
            index,
            groups,
            reads: None,
        }
    }

    /// Returns a view of the same input that notes what is read.
    pub(crate) fn noting(self, reads: &'a Reads) -> Self {
        Self {
            reads: Some(reads),
            ..self
        }
    }

    pub(super) fn note(self, fact: Fact<'_>) {
        if let Some(reads) = self.reads {
            reads.add(fact);
        }
    }

    /// Returns the objects in scope.
    pub(crate) fn all(self) -> Scoped<'a> {
        self.snapshot.scoped(self.settings)
    }

    /// Returns every root of a split, sorted.
    pub(super) fn roots(self) -> impl Iterator<Item = &'a Root> {
        self.index.roots()
    }

    /// Returns the splits that name a root. A change of one of them is a change of the root.
    pub(super) fn splits_of(self, root: &Root) -> impl Iterator<Item = (&'a ObjectKey, &'a TrafficSplit)> {
        self.index.splits_of(root, self.snapshot)
    }

    /// Returns `true` if some split names this root.
    pub(super) fn is_root(self, root: &Root) -> bool {
        self.note(Fact::IsRoot(root));
        self.index.is_root(root)
    }

    pub(super) fn service(self, key: &ObjectKey) -> Option<&'a Service> {
        self.note(Fact::Object(&Kind::Service, key));
        self.snapshot.service(key)
    }

    /// Returns the services of a namespace.
    pub(super) fn services_in(self, namespace: &'a str) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Service>)> {
        self.snapshot.services_in(namespace)
    }

    pub(super) fn namespace(self, name: &str) -> Option<&'a Namespace> {
        self.snapshot.namespace(name)
    }

    /// Returns `true` if a namespace is known, by itself or by one of its workloads and services.
    pub(super) fn knows_namespace(self, name: &str) -> bool {
        self.namespace(name).is_some()
            || self.snapshot.workloads_in(name).next().is_some()
            || self.snapshot.services_in(name).next().is_some()
    }

    pub(super) fn workload(self, object: &ObjectRef) -> Option<&'a Workload> {
        self.snapshot.workload(object)
    }

    /// Returns the workloads of a namespace.
    pub(super) fn workloads_in(self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Workload>> {
        self.snapshot.workloads_in(namespace)
    }

    pub(super) fn covers_workloads(self) -> bool {
        self.snapshot.covers_workloads()
    }

    pub(super) fn group(self, key: &ObjectKey) -> Option<&'a HTTPRouteGroup> {
        self.note(Fact::Object(&Kind::HttpRouteGroup, key));
        self.snapshot.group(key)
    }

    /// Returns the route groups of a namespace.
    pub(super) fn groups_in(self, namespace: &'a str) -> impl Iterator<Item = (&'a ObjectKey, &'a HTTPRouteGroup)> {
        self.note(Fact::GroupsIn(namespace));
        self.snapshot.groups_in(namespace)
    }

    /// Returns the usable matches of a route group; `None` if it counts as missing.
    pub(super) fn matches(self, group: &ObjectKey) -> Option<&'a [Arc<HttpMatch>]> {
        self.note(Fact::Matches(group));
        self.groups.get(group).map(Vec::as_slice)
    }

    /// Returns a TCP route in scope that has no unknown field, which may be a restriction (I8).
    pub(super) fn tcp_route(self, key: &ObjectKey) -> Option<&'a TCPRoute> {
        self.note(Fact::Object(&Kind::TcpRoute, key));
        self.snapshot
            .tcp_route(key)
            .filter(|_| self.is_whole(Kind::TcpRoute, key))
    }

    /// Returns a UDP route in scope that has no unknown field, which may be a restriction (I8).
    pub(super) fn udp_route(self, key: &ObjectKey) -> Option<&'a UDPRoute> {
        self.note(Fact::Object(&Kind::UdpRoute, key));
        self.snapshot
            .udp_route(key)
            .filter(|_| self.is_whole(Kind::UdpRoute, key))
    }

    fn is_whole(self, kind: Kind, key: &ObjectKey) -> bool {
        self.settings.scope.contains(&key.namespace) && self.unknown(&ObjectRef::new(kind, key.clone())).is_empty()
    }

    /// Returns an identity binding in scope.
    pub(super) fn binding(self, key: &ObjectKey) -> Option<&'a IdentityBinding> {
        self.note(Fact::Object(&Kind::IdentityBinding, key));
        self.all().binding(key)
    }

    /// Returns the accounts of a namespace, each with its pods and templates.
    pub(super) fn accounts_in(self, namespace: &str) -> impl Iterator<Item = (&'a str, &'a [Arc<Workload>])> {
        self.note(Fact::Accounts(namespace));
        self.index.accounts_in(namespace)
    }

    /// Returns another namespace, if one is found, in which a workload runs as an account with one of these names.
    pub(super) fn account_elsewhere(self, names: &BTreeSet<SmolStr>, namespace: &str) -> Option<&'a str> {
        self.note(Fact::AccountNamespaces);
        for name in names {
            self.note(Fact::AccountNamed(name));
        }
        self.index.account_elsewhere(names, namespace)
    }

    /// Returns the namespaces of targets. The targets may be invalid or unreadable.
    pub(super) fn claimed(self) -> impl Iterator<Item = &'a SmolStr> {
        self.index.claimed()
    }

    pub(super) fn is_claimed(self, namespace: &str) -> bool {
        self.index.is_claimed(namespace)
    }

    /// Returns `true` if a route, route group or service exists, whether or not it can be read.
    pub(super) fn has(self, object: &ObjectRef) -> bool {
        self.note(Fact::Object(&object.kind, &object.key));
        self.snapshot.has(object)
    }

    /// Returns another namespace, if one is found, with an object of the same kind and name: a route, route group or
    /// service.
    pub(super) fn elsewhere(self, kind: &Kind, key: &ObjectKey) -> Option<&'a str> {
        self.note(Fact::Named(kind, &key.name));
        self.note(Fact::Namespaces(kind));
        self.snapshot.elsewhere(kind, key)
    }

    /// Returns the diagnostics of an object that cannot be read.
    pub(super) fn undecodable_of(self, object: &ObjectRef) -> &'a [Diagnostic] {
        self.snapshot.undecodable_of(object)
    }

    /// Returns the object if one input contains it more than once (I1).
    pub(super) fn duplicate(self, object: &ObjectRef) -> Option<&'a ObjectRef> {
        self.snapshot.duplicate(object)
    }

    /// Returns the unknown fields of an object (I8).
    pub(super) fn unknown(self, object: &ObjectRef) -> Unknown<'a> {
        Unknown::of(self.snapshot, self.settings, object)
    }

    /// Returns the fields of an object that its type does not have and that may be restrictions, whether or not the
    /// settings ignore them (I8).
    pub(super) fn unknown_fields(self, object: &ObjectRef) -> &'a [FieldPath] {
        self.snapshot.unknown_fields(object)
    }

    /// Returns the fields of an object that its type does not have and that mean nothing (I8).
    pub(super) fn ignored_fields(self, object: &ObjectRef) -> &'a [FieldPath] {
        self.snapshot.ignored_fields(object)
    }
}
