//! Services: the pods that each selects, and the ports of these pods that it targets.

use super::super::by_labels::ByLabels;
use crate::snapshot::Snapshot;
use crate::workload::{Transport, Workload};
use k8s_openapi::api::core::v1::{Service, ServicePort};
use std::collections::BTreeMap;

/// The services of one namespace that select pods.
pub(super) struct Services<'a>(ByLabels<'a, Selecting<'a>>);

/// A service with a selector.
#[derive(Clone, Copy)]
pub(super) struct Selecting<'a> {
    pub(super) name: &'a str,
    ports: &'a [ServicePort],
}

impl<'a> Services<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, namespace: &'a str) -> Self {
        let mut services = ByLabels::default();
        for (key, service) in snapshot.services_in(namespace) {
            if let Some((selector, ports)) = selecting(service) {
                services.add(selector, Selecting { name: &key.name, ports });
            }
        }
        Self(services)
    }

    /// Returns the services that select a pod.
    pub(super) fn of<'s>(&'s self, pod: &'s Workload) -> impl Iterator<Item = Selecting<'a>> + use<'s, 'a> {
        self.0.selecting(pod.labels()).copied()
    }
}

/// Returns the selector and the ports of a service, unless it selects no pods.
fn selecting(service: &Service) -> Option<(&BTreeMap<String, String>, &[ServicePort])> {
    let spec = service.spec.as_ref()?;
    let selector = spec.selector.as_ref()?;
    let is_external = spec.type_.as_deref() == Some("ExternalName");
    (!is_external).then(|| (selector, spec.ports.as_deref().unwrap_or_default()))
}

impl Selecting<'_> {
    /// Returns the ports of a pod that the service targets.
    pub(super) fn target_ports(&self, pod: &Workload, transport: Transport) -> impl Iterator<Item = u16> {
        self.of(transport).filter_map(|port| pod.target_port(port))
    }

    /// Returns the ports of a pod that the service's port of this number targets.
    pub(super) fn targets_of(&self, number: u16, pod: &Workload, transport: Transport) -> impl Iterator<Item = u16> {
        let ports = self.of(transport).filter(move |port| port.port == i32::from(number));
        ports.filter_map(|port| pod.target_port(port))
    }

    fn of(&self, transport: Transport) -> impl Iterator<Item = &ServicePort> {
        let is = move |port: &&ServicePort| Transport::of(port.protocol.as_deref()) == Some(transport);
        self.ports.iter().filter(is)
    }
}
