//! The destination pod, and the traffic that its sidecar captures. A pod has a sidecar unless it disables injection.

mod ports;

use super::not_modelled;
use k8s_openapi::api::core::v1::{Container, Pod};
use smi_adapter::object::ObjectKey;
use smi_conformance::{MeshWorld, NotModelledError};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Ports of the sidecar and of its agent.
const OWN_PORTS: [u16; 10] = [15000, 15001, 15002, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// Annotations that change the captured traffic or the configuration of the sidecar, and are not modelled.
const UNSUPPORTED_ANNOTATIONS: [&str; 4] = [
    "proxy.istio.io/config",
    "sidecar.istio.io/bootstrapOverride",
    "sidecar.istio.io/interceptionMode",
    "ambient.istio.io/redirection",
];

const MODE: &str = "istio.io/dataplane-mode";

/// The destination pod.
#[derive(Debug)]
pub(super) struct Workload<'a> {
    key: &'a ObjectKey,
    pod: &'a Pod,
    world: &'a MeshWorld,
}

impl<'a> Workload<'a> {
    pub(super) fn find(world: &'a MeshWorld, key: &ObjectKey) -> Result<Self, NotModelledError> {
        let Some((key, pod)) = world.pods.get_key_value(key) else {
            return not_modelled(format!("the pod {key}, which does not exist"));
        };
        let workload = Self { key, pod, world };
        let namespace = world.namespaces.get(key.namespace.as_str());
        let of_namespace = namespace.and_then(|namespace| namespace.metadata.labels.as_ref()?.get(MODE));
        if workload
            .label(MODE)
            .or(of_namespace.map(String::as_str))
            .is_some_and(|mode| mode != "none")
        {
            return not_modelled(format!("the pod {key} in ambient mode"));
        }
        if let Some(name) = UNSUPPORTED_ANNOTATIONS
            .iter()
            .find(|name| workload.annotation(name).is_some())
        {
            return not_modelled(format!("the annotation `{name}` of the pod {key}"));
        }
        if pod.spec.as_ref().is_some_and(|spec| spec.host_network == Some(true)) {
            return not_modelled(format!("the pod {key} in the network of its host"));
        }
        Ok(workload)
    }

    pub(super) fn namespace(&self) -> &'a str {
        &self.key.namespace
    }

    pub(super) fn label(&self, name: &str) -> Option<&'a str> {
        self.pod.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    fn annotation(&self, name: &str) -> Option<&'a str> {
        self.pod.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    /// Returns `true` if the pod has all `labels`.
    pub(super) fn has(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.iter().all(|(name, value)| self.label(name) == Some(value))
    }

    /// Returns the known addresses.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let status = self.pod.status.as_ref();
        let one = status.and_then(|status| status.pod_ip.as_deref());
        let several = status.and_then(|status| status.pod_ips.as_deref()).unwrap_or_default();
        let all = several.iter().map(|ip| ip.ip.as_str()).chain(one);
        all.filter_map(|ip| ip.parse().ok()).collect()
    }

    /// Returns `true` if there is a sidecar that captures connections to `port`.
    pub(super) fn captures(&self, port: u16) -> Result<bool, NotModelledError> {
        let inject = "sidecar.istio.io/inject";
        let injection = self.label(inject).or_else(|| self.annotation(inject));
        if injection == Some("false") && !self.containers().any(|container| container.name == "istio-proxy") {
            return Ok(false);
        }
        if OWN_PORTS.contains(&port) {
            return not_modelled(format!("port {port}, which belongs to the sidecar"));
        }
        let include = self
            .annotation("traffic.sidecar.istio.io/includeInboundPorts")
            .unwrap_or("*");
        if include != "*" {
            return names_port(include, port);
        }
        let exclude = self
            .annotation("traffic.sidecar.istio.io/excludeInboundPorts")
            .unwrap_or_default();
        names_port(exclude, port).map(|excluded| !excluded)
    }

    fn containers(&self) -> impl Iterator<Item = &'a Container> {
        let spec = self.pod.spec.as_ref();
        let first = spec
            .and_then(|spec| spec.init_containers.as_deref())
            .unwrap_or_default();
        let main = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
        first.iter().chain(main)
    }
}

/// Returns `true` if a list like `80,443` contains `port`.
fn names_port(list: &str, port: u16) -> Result<bool, NotModelledError> {
    let mut found = false;
    for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let Ok(number) = item.parse::<u16>() else {
            return not_modelled(format!("the list of ports `{list}`"));
        };
        found |= number == port;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
