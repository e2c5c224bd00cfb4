//! Builders of access control. They keep the invariants of the types, or return an error.

use super::{Grant, Granted, InMesh, NamespaceBaseline, Ports, Principal, WorkloadAccess};
use crate::model::ModelError;
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::settings::Settings;
use crate::workload::{HealthCheck, Transport};
use smi_types::validate::{is_dns_label, is_dns_subdomain, is_spiffe_id};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl WorkloadAccess {
    /// Builds the access control of a workload without grants.
    ///
    /// # Errors
    /// If the selector is empty.
    pub fn new(workload: ObjectRef, selector: BTreeMap<String, String>) -> Result<Self, ModelError> {
        if selector.is_empty() {
            return Err(ModelError::new(format!("no label selects the pods of `{workload}`")));
        }
        Ok(Self {
            workload,
            selector: Arc::new(selector),
            tcp_ports: BTreeSet::new(),
            udp_ports: BTreeSet::new(),
            health_checks: BTreeSet::new(),
            annotations: BTreeMap::new(),
            containers: BTreeSet::new(),
            in_mesh: InMesh::default(),
            marks: Arc::default(),
            trust_domain: Settings::default().trust_domain.into(),
            grants: Arc::default(),
            named_by: BTreeSet::new(),
        })
    }

    /// Replaces the grants. The ports that grants name are added to the known ports.
    #[must_use]
    pub fn with_grants(mut self, grants: impl IntoIterator<Item = Grant>) -> Self {
        let mut grants: Vec<Grant> = grants.into_iter().collect();
        grants.sort_by(|one, other| one.target.cmp(&other.target));
        for grant in &grants {
            let known = match grant.traffic.transport() {
                Transport::Tcp => &mut self.tcp_ports,
                Transport::Udp => &mut self.udp_ports,
            };
            if let Ports::Only(ports) = &grant.ports {
                known.extend(ports);
            }
        }
        self.grants = grants.into();
        self
    }

    /// Adds known TCP ports of its pods.
    #[must_use]
    pub fn with_tcp_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.tcp_ports.extend(ports);
        self
    }

    /// Adds known UDP ports of its pods.
    #[must_use]
    pub fn with_udp_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.udp_ports.extend(ports);
        self
    }

    /// Adds health check requests of the kubelet to its containers.
    #[must_use]
    pub fn with_health_checks(mut self, checks: impl IntoIterator<Item = HealthCheck>) -> Self {
        self.health_checks.extend(checks);
        self
    }

    /// Replaces the annotations of its pods.
    #[must_use]
    pub fn with_annotations(mut self, annotations: BTreeMap<String, String>) -> Self {
        self.annotations = annotations;
        self
    }

    /// Replaces the containers that all its pods are known to have.
    #[must_use]
    pub fn with_containers(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.containers = names.into_iter().collect();
        self.in_mesh.has_pods = true;
        self
    }

    /// Replaces the labels and annotations that its pods, or their namespace, have before admission.
    #[must_use]
    pub fn with_marks_before_admission(mut self, marks: BTreeMap<String, String>) -> Self {
        self.marks = Arc::new(marks);
        self
    }

    /// Places its pods on the network of their node.
    #[must_use]
    pub fn on_host_network(mut self) -> Self {
        self.in_mesh.host_network = true;
        self
    }

    /// Replaces the mesh's own trust domain, which is `cluster.local` by default.
    #[must_use]
    pub fn with_trust_domain(mut self, domain: impl AsRef<str>) -> Self {
        self.trust_domain = SmolStr::new(domain);
        self
    }
}

impl Grant {
    /// Builds a grant of a traffic target to these sources, for any TCP traffic on all ports.
    ///
    /// # Errors
    /// The errors of [`with_sources`](Self::with_sources).
    pub fn new(target: ObjectKey, sources: impl IntoIterator<Item = Principal>) -> Result<Self, ModelError> {
        let references = Arc::new(BTreeSet::from([ObjectRef::target(target.clone())]));
        let grant = Self {
            target,
            sources: Arc::default(),
            ports: Ports::All,
            traffic: Granted::Tcp,
            references,
        };
        grant.with_sources(sources)
    }

    /// Replaces the sources.
    ///
    /// # Errors
    /// If there is no source, or one is not a valid identity, because a mesh could match it with every client.
    pub fn with_sources(mut self, sources: impl IntoIterator<Item = Principal>) -> Result<Self, ModelError> {
        self.sources = Arc::new(sources.into_iter().collect());
        if self.sources.is_empty() {
            return Err(ModelError::new(format!("`{}` has no source", self.target)));
        }
        match self.sources.iter().find(|source| !source.is_valid()) {
            Some(source) => Err(ModelError::new(format!("`{source}` is not a valid identity"))),
            None => Ok(self),
        }
    }

    /// Replaces the ports.
    ///
    /// # Errors
    /// If there is no port, or one is zero.
    pub fn with_ports(mut self, ports: Ports) -> Result<Self, ModelError> {
        if let Ports::Only(only) = &ports
            && (only.is_empty() || only.contains(&0))
        {
            return Err(ModelError::new(format!(
                "`{}` needs at least one port, and all above zero",
                self.target
            )));
        }
        self.ports = ports;
        Ok(self)
    }

    /// Replaces the traffic that may be sent. The route groups of matches are added to the references.
    ///
    /// # Errors
    /// If the traffic is HTTP without a match.
    pub fn with_traffic(mut self, traffic: Granted) -> Result<Self, ModelError> {
        if let Granted::Http(matches) = &traffic {
            if matches.is_empty() {
                return Err(ModelError::new(format!("`{}` has no match", self.target)));
            }
            let groups = matches.iter().map(|matching| matching.group.clone());
            Arc::make_mut(&mut self.references).extend(groups);
        }
        self.traffic = traffic;
        Ok(self)
    }
}

impl Principal {
    fn is_valid(&self) -> bool {
        match self {
            Self::Account(account) => is_dns_label(&account.namespace) && is_dns_subdomain(&account.service_account),
            Self::Spiffe(id) => id.starts_with("spiffe://") && is_spiffe_id(id),
        }
    }
}

impl NamespaceBaseline {
    /// Builds the baseline of a namespace in which labels select every workload exactly.
    #[must_use]
    pub fn new(namespace: impl AsRef<str>) -> Self {
        Self {
            namespace: SmolStr::new(namespace),
            unselectable: Vec::new(),
        }
    }

    /// Replaces the workloads that no labels select exactly.
    #[must_use]
    pub fn with_unselectable(mut self, workloads: impl IntoIterator<Item = ObjectRef>) -> Self {
        let workloads: BTreeSet<ObjectRef> = workloads.into_iter().collect();
        self.unselectable = workloads.into_iter().collect();
        self
    }
}
