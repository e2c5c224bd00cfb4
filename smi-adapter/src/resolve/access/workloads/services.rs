//! Services: the pods that each selects, and the ports of these pods that it targets.

use crate::object::ObjectKey;
use crate::workload::{Transport, Workload};
use k8s_openapi::api::core::v1::{Service, ServicePort};
use std::collections::{BTreeMap, BTreeSet};

/// The services that select pods.
pub(super) struct Services<'a> {
    all: Vec<Selecting<'a>>,
    by_label: BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    by_name: BTreeMap<&'a ObjectKey, usize>,
}

/// A service with a selector.
pub(super) struct Selecting<'a> {
    selector: &'a BTreeMap<String, String>,
    ports: &'a [ServicePort],
}

impl<'a> Services<'a> {
    pub(super) fn new(services: impl Iterator<Item = (&'a ObjectKey, &'a Service)>) -> Self {
        let (mut all, mut by_label, mut by_name) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for (key, service) in services {
            let Some(spec) = &service.spec else { continue };
            let Some(selector) = spec
                .selector
                .as_ref()
                .filter(|_| spec.type_.as_deref() != Some("ExternalName"))
            else {
                continue;
            };
            let Some((name, value)) = selector.first_key_value() else {
                continue;
            };
            let label = (key.namespace.as_str(), name.as_str(), value.as_str());
            by_label.entry(label).or_insert_with(Vec::new).push(all.len());
            by_name.insert(key, all.len());
            let ports = spec.ports.as_deref().unwrap_or_default();
            all.push(Selecting { selector, ports });
        }
        Self { all, by_label, by_name }
    }

    /// Returns the services that select a pod.
    pub(super) fn of(&self, pod: &Workload) -> impl Iterator<Item = &Selecting<'a>> {
        let namespace = pod.object.key.namespace.as_str();
        let found: BTreeSet<usize> = pod
            .labels
            .iter()
            .filter_map(|(name, value)| self.by_label.get(&(namespace, name.as_str(), value.as_str())))
            .flatten()
            .copied()
            .filter(|index| {
                self.all
                    .get(*index)
                    .is_some_and(|service| pod.is_selected_by(service.selector))
            })
            .collect();
        found.into_iter().filter_map(|index| self.all.get(index))
    }

    /// Returns the selector of a service.
    pub(super) fn selector(&self, namespace: &str, name: &str) -> Option<&'a BTreeMap<String, String>> {
        let index = self.by_name.get(&ObjectKey::new(namespace, name))?;
        self.all.get(*index).map(|service| service.selector)
    }
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
