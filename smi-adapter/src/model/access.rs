//! Access control: the grants of workloads, and the baselines of namespaces.

mod build;

use super::route::HttpMatch;
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::principal::Principal;
use crate::workload::{HealthCheck, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The access control of one workload in an enforced namespace (A2): everything that traffic targets grant to its
/// callers. All other traffic is denied. There may be no grants.
///
/// Workloads whose selectors select each other's pods have the same grants: those that apply to all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadAccess {
    pub(crate) workload: ObjectRef,
    pub(crate) selector: Arc<BTreeMap<String, String>>,
    pub(crate) tcp_ports: BTreeSet<u16>,
    pub(crate) udp_ports: BTreeSet<u16>,
    pub(crate) health_checks: BTreeSet<HealthCheck>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) containers: BTreeSet<String>,
    pub(crate) in_mesh: InMesh,
    /// The labels and annotations of its pods and of its namespace, unless a pod is admitted.
    pub(crate) marks: Arc<BTreeMap<String, String>>,
    pub(crate) trust_domain: SmolStr,
    /// The grants, shared by workloads with the same ones.
    pub(crate) grants: Arc<[Grant]>,
    /// The targets whose destination it is, and the objects that name ports for it, even if they grant nothing.
    pub(crate) named_by: BTreeSet<ObjectRef>,
}

/// The properties of a workload's pods that decide whether a mesh sees their traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InMesh {
    /// Is `true` if there are pods, so that their containers are known.
    pub(crate) has_pods: bool,
    /// Is `true` if the pods share the network of their node.
    pub(crate) host_network: bool,
}

impl WorkloadAccess {
    /// Returns the topmost known owner of the pods, or the pod itself if it has none.
    #[must_use]
    pub fn workload(&self) -> &ObjectRef {
        &self.workload
    }

    /// Returns the labels that select its pods: the owner's own selector.
    ///
    /// They are empty if no labels select exactly its pods. No mesh could then apply a grant to them, so there are no
    /// grants.
    #[must_use]
    pub fn selector(&self) -> &BTreeMap<String, String> {
        &self.selector
    }

    /// Returns the known TCP ports that its pods listen on: those of its containers, target ports of services, and
    /// ports that targets and routes name for it. Its pods may listen on others.
    #[must_use]
    pub fn tcp_ports(&self) -> &BTreeSet<u16> {
        &self.tcp_ports
    }

    /// Returns the known UDP ports that its pods listen on.
    #[must_use]
    pub fn udp_ports(&self) -> &BTreeSet<u16> {
        &self.udp_ports
    }

    /// Returns the health check requests of the kubelet to its containers (A38). If its selector and those of other
    /// workloads select each other's pods, these are the requests that all of them declare.
    #[must_use]
    pub fn health_checks(&self) -> &BTreeSet<HealthCheck> {
        &self.health_checks
    }

    /// Returns the annotations of its pods that a mesh may read. If pods differ, these are the annotations that all
    /// have.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// Returns `true` if one of its pods is known to run without a container named `proxy`, because it was started
    /// outside of the mesh.
    #[must_use]
    pub fn lacks_container(&self, proxy: &str) -> bool {
        self.in_mesh.has_pods && !self.containers.contains(proxy)
    }

    /// Returns the value of a label or annotation that its pods have, or their namespace, if no pod has passed admission
    /// yet, such as one in a manifest. A mesh adds its proxy in admission, as such a mark requests it. After admission the
    /// containers show the outcome, and the result is `None`.
    #[must_use]
    pub fn mark_before_admission(&self, name: &str) -> Option<&str> {
        self.marks.get(name).map(String::as_str)
    }

    /// Returns `true` if its pods share the network of their node, so that no mesh sees their traffic.
    #[must_use]
    pub fn has_host_network(&self) -> bool {
        self.in_mesh.host_network
    }

    /// Returns the mesh's own trust domain.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// Returns the grants, sorted by target. Traffic that one of them allows is allowed (A1).
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub(crate) fn sources(&self) -> BTreeSet<ObjectRef> {
        let named = self.grants.iter().flat_map(|grant| grant.references.iter().cloned());
        named
            .chain(self.named_by.iter().cloned())
            .chain([self.workload.clone()])
            .collect()
    }
}

/// A grant of one traffic target, or a part of it: each source may send this traffic to each port.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub(crate) target: ObjectKey,
    pub(crate) sources: Arc<BTreeSet<Principal>>,
    pub(crate) ports: Ports,
    pub(crate) traffic: Granted,
    pub(crate) references: Arc<BTreeSet<ObjectRef>>,
}

impl Grant {
    /// Returns the traffic target.
    #[must_use]
    pub fn target(&self) -> &ObjectKey {
        &self.target
    }

    /// Returns the clients that may send the traffic.
    ///
    /// There is at least one, because an empty list matches every client on most meshes. All names and SPIFFE IDs are
    /// valid and have no wildcards.
    #[must_use]
    pub fn sources(&self) -> &BTreeSet<Principal> {
        &self.sources
    }

    /// Returns the ports that the traffic may be sent to.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Returns the traffic that may be sent.
    #[must_use]
    pub fn traffic(&self) -> &Granted {
        &self.traffic
    }

    /// Returns the SMI objects that the grant is based on: the target, routes, route groups and identity bindings.
    #[must_use]
    pub fn references(&self) -> &BTreeSet<ObjectRef> {
        &self.references
    }
}

/// The ports of a workload that a grant applies to, as the workload listens on them (A10).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ports {
    /// All ports (A10, S23).
    All,
    /// Only these ports: at least one, each above zero.
    Only(BTreeSet<u16>),
}

impl Ports {
    /// Returns `true` if `port` is one of them.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Only(ports) => ports.contains(&port),
        }
    }
}

/// The traffic that a grant allows.
#[derive(Clone, Debug, PartialEq)]
pub enum Granted {
    /// Any bytes over TCP, including HTTP (A13).
    Tcp,
    /// HTTP requests that fulfil one of these matches, of which there is at least one. Other bytes are not granted
    /// (A12, A14).
    Http(Vec<Arc<HttpMatch>>),
    /// Datagrams (A12).
    Udp,
}

impl Granted {
    /// Returns the transport protocol of the traffic.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        match self {
            Self::Tcp | Self::Http(_) => Transport::Tcp,
            Self::Udp => Transport::Udp,
        }
    }
}

/// The denial of everything in one namespace that no grant allows (A2).
///
/// There is one for every enforced namespace, even if no workload and no target is left: it keeps the namespace
/// enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceBaseline {
    pub(crate) namespace: SmolStr,
    pub(crate) unselectable: Vec<ObjectRef>,
}

impl NamespaceBaseline {
    /// Returns the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the workloads of the namespace that no labels select exactly, sorted. A mesh that denies by labels
    /// cannot close them.
    #[must_use]
    pub fn unselectable(&self) -> &[ObjectRef] {
        &self.unselectable
    }
}
