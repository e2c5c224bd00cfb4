//! Who may talk to one workload.

mod build;

use super::route::HttpMatch;
use crate::object::{ObjectKey, ObjectRef};
use crate::principal::Principal;
use crate::workload::{HealthCheck, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that traffic targets grant to the callers of one workload of an enforced namespace (A2). What no grant
/// allows is denied; there may be none.
///
/// Workloads whose selectors select each other's pods have the same grants: those that are due to all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadAccess {
    pub(crate) workload: ObjectRef,
    pub(crate) selector: BTreeMap<String, String>,
    pub(crate) tcp_ports: BTreeSet<u16>,
    pub(crate) udp_ports: BTreeSet<u16>,
    pub(crate) health_checks: BTreeSet<HealthCheck>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) containers: BTreeSet<String>,
    pub(crate) in_mesh: InMesh,
    pub(crate) trust_domain: String,
    /// Shared by workloads that are granted the same.
    pub(crate) grants: Arc<[Grant]>,
    /// Targets whose destination it is, and what names ports for it, also where nothing of them is granted.
    pub(crate) due: BTreeSet<ObjectRef>,
}

/// What is known of the pods of a workload, as far as it decides whether a mesh sees their traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InMesh {
    /// Whether there are pods, so that their containers can be looked at.
    pub(crate) has_pods: bool,
    /// Whether its pods share the network of their node.
    pub(crate) host_network: bool,
}

impl WorkloadAccess {
    /// The owner of the pods: the topmost that is known, or a pod on its own.
    #[must_use]
    pub fn workload(&self) -> &ObjectRef {
        &self.workload
    }

    /// The labels that select its pods: the owner's own selector. At least one, if there is an exact one at all;
    /// without any, no mesh can be told which pods are meant, and then there are no grants.
    #[must_use]
    pub fn selector(&self) -> &BTreeMap<String, String> {
        &self.selector
    }

    /// The TCP ports that are known of its pods, as they listen on them: those of its containers, those that services
    /// target, and those that targets and routes name for it. Its pods may listen on others.
    #[must_use]
    pub fn tcp_ports(&self) -> &BTreeSet<u16> {
        &self.tcp_ports
    }

    /// The UDP ports that are known of its pods.
    #[must_use]
    pub fn udp_ports(&self) -> &BTreeSet<u16> {
        &self.udp_ports
    }

    /// Requests by which the kubelet asks whether its containers are well (A38). Where its selector and those of other
    /// workloads select each other's pods, those that all of them declare.
    #[must_use]
    pub fn health_checks(&self) -> &BTreeSet<HealthCheck> {
        &self.health_checks
    }

    /// The annotations of its pods, for what a mesh reads there; where pods differ, those that all have.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// Whether some pod of it is known to run without a container named `proxy`: it was started outside of the mesh.
    #[must_use]
    pub fn lacks_container(&self, proxy: &str) -> bool {
        self.in_mesh.has_pods && !self.containers.contains(proxy)
    }

    /// Whether its pods share the network of their node, so that no mesh sees their traffic.
    #[must_use]
    pub fn has_host_network(&self) -> bool {
        self.in_mesh.host_network
    }

    /// The mesh's own trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// What is granted, sorted by target. What one of them allows is allowed (A1).
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub(crate) fn sources(&self) -> BTreeSet<ObjectRef> {
        let named = self.grants.iter().flat_map(|grant| grant.references.iter().cloned());
        named
            .chain(self.due.iter().cloned())
            .chain([self.workload.clone()])
            .collect()
    }
}

/// What one traffic target grants, or a part of it: any of the sources may send this traffic to any of the ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub(crate) target: ObjectKey,
    pub(crate) sources: BTreeSet<Principal>,
    pub(crate) ports: Ports,
    pub(crate) traffic: Granted,
    pub(crate) references: Arc<BTreeSet<ObjectRef>>,
}

impl Grant {
    /// The traffic target.
    #[must_use]
    pub fn target(&self) -> &ObjectKey {
        &self.target
    }

    /// Returns the clients that may send. There is at least one, all with valid names and SPIFFE IDs without wildcards:
    /// an empty list matches every client on most meshes.
    #[must_use]
    pub fn sources(&self) -> &BTreeSet<Principal> {
        &self.sources
    }

    /// To which ports.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What.
    #[must_use]
    pub fn traffic(&self) -> &Granted {
        &self.traffic
    }

    /// The SMI objects that say so: the target, routes, route groups, identity bindings.
    #[must_use]
    pub fn references(&self) -> &BTreeSet<ObjectRef> {
        &self.references
    }
}

/// Ports of a workload, as it listens on them (A10).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ports {
    /// All of them (A10, S23).
    All,
    /// These: at least one, each above zero.
    Only(BTreeSet<u16>),
}

impl Ports {
    /// Whether `port` is one of them.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Only(ports) => ports.contains(&port),
        }
    }
}

/// What may be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Granted {
    /// Anything over TCP, HTTP included (A13).
    Tcp,
    /// HTTP requests that fulfil one of these matches; at least one. Other bytes are not granted (A12, A14).
    Http(Vec<Arc<HttpMatch>>),
    /// Datagrams (A12).
    Udp,
}

impl Granted {
    /// The transport protocol that carries it.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Tcp | Self::Http(_) => Transport::Tcp,
            Self::Udp => Transport::Udp,
        }
    }
}

/// That whatever no grant allows is denied in one namespace (A2). There is one for every enforced namespace, also where
/// no workload and no target is left: it keeps the namespace enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceBaseline {
    pub(crate) namespace: String,
    pub(crate) unselectable: Vec<ObjectRef>,
}

impl NamespaceBaseline {
    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Workloads of it that no labels select exactly, sorted. A mesh that denies by labels cannot close them.
    #[must_use]
    pub fn unselectable(&self) -> &[ObjectRef] {
        &self.unselectable
    }
}
