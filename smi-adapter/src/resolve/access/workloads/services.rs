//! Services: the pods that each selects, and the ports of these pods that it targets.

use super::super::super::view::View;
use super::super::by_labels::ByLabels;
use crate::workload::{Transport, Workload};
use k8s_openapi::api::core::v1::{Service, ServicePort};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The services of one namespace that select pods.
pub(super) struct Services(ByLabels<Selecting>);

/// A service with a selector.
#[derive(Clone, Debug)]
pub(super) struct Selecting(Arc<Service>);

impl Services {
    pub(super) fn new(view: View<'_>, namespace: &str) -> Self {
        let mut services = ByLabels::default();
        for (_, service) in view.services_in(namespace) {
            if let Some(selector) = selector(service) {
                services.add(selector, Selecting(Arc::clone(service)));
            }
        }
        Self(services)
    }

    /// Returns the services that select a pod.
    pub(super) fn of<'s>(&'s self, pod: &'s Workload) -> impl Iterator<Item = &'s Selecting> {
        self.0.selecting(pod.labels())
    }
}

/// Returns the selector of a service, unless it selects no pods.
fn selector(service: &Service) -> Option<&BTreeMap<String, String>> {
    let spec = service.spec.as_ref()?;
    let is_external = spec.type_.as_deref() == Some("ExternalName");
    spec.selector.as_ref().filter(|_| !is_external)
}

impl Selecting {
    pub(super) fn name(&self) -> &str {
        self.0.metadata.name.as_deref().unwrap_or_default()
    }

    /// Returns `true` if both are the same service in the same state.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

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
        self.0
            .spec
            .iter()
            .flat_map(|spec| spec.ports.iter().flatten())
            .filter(is)
    }
}
