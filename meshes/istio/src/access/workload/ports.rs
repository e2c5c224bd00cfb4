//! The services of a pod, and the protocols that they declare for its ports.

use super::Workload;
use super::not_modelled;
use crate::protocol::Protocol;
use k8s_openapi::api::core::v1::{ContainerPort, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelledError;

impl Workload<'_> {
    /// Returns the protocol of connections to `port`. It is declared by the oldest service with the pod and the port, of
    /// two equally old ones by the first host name, and by the first of the service's ports that lead to it. A UDP port
    /// counts as one of TCP: istiod gives it a filter chain for bytes. Traffic on a port without a service is sniffed.
    pub(in super::super) fn protocol(&self, port: u16) -> Result<Protocol, NotModelledError> {
        let mut claims = Vec::new();
        for (key, service) in &self.world.services {
            if key.namespace != self.key.namespace || !self.is_behind(service) {
                continue;
            }
            let mut candidates = ports(service).iter();
            if let Some(first) = candidates.find(|candidate| self.target(candidate) == Some(port)) {
                check(key, service)?;
                let created = service.metadata.creation_timestamp.as_ref().map(|time| time.0);
                // A name ends with a dot in the host name.
                let order = (created, format!("{}.", key.name));
                claims.push((order, Protocol::of(first).unwrap_or(Protocol::Tcp)));
            }
        }
        let first = claims.into_iter().min_by(|(one, _), (other, _)| one.cmp(other));
        Ok(first.map_or(Protocol::Sniffed, |(_, protocol)| protocol))
    }

    /// Returns `true` if any service has the pod and the port.
    pub(in super::super) fn is_declared(&self, port: u16) -> bool {
        let mut services = self.world.services.iter();
        services.any(|(key, service)| {
            let leads_to_it = |candidate: &ServicePort| self.target(candidate) == Some(port);
            key.namespace == self.key.namespace && self.is_behind(service) && ports(service).iter().any(leads_to_it)
        })
    }

    fn is_behind(&self, service: &Service) -> bool {
        let Some(spec) = service
            .spec
            .as_ref()
            .filter(|spec| spec.type_.as_deref() != Some("ExternalName"))
        else {
            return false;
        };
        spec.selector
            .as_ref()
            .is_some_and(|selector| !selector.is_empty() && self.has(selector))
    }

    /// Returns the target port of a service port in the pod, if the pod has it.
    fn target(&self, port: &ServicePort) -> Option<u16> {
        let name = match &port.target_port {
            None | Some(IntOrString::Int(0)) => return u16::try_from(port.port).ok(),
            Some(IntOrString::Int(number)) => return u16::try_from(*number).ok(),
            Some(IntOrString::String(name)) => name,
        };
        let mut ports = self
            .containers()
            .flat_map(|container| container.ports.as_deref().unwrap_or_default());
        let is_it = |own: &&ContainerPort| {
            let transport = |protocol: &Option<String>| protocol.clone().unwrap_or_else(|| "TCP".to_owned());
            own.name.as_ref() == Some(name) && transport(&own.protocol) == transport(&port.protocol)
        };
        ports.find(is_it).and_then(|own| u16::try_from(own.container_port).ok())
    }
}

fn ports(service: &Service) -> &[ServicePort] {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
}

/// Rejects a service with a waypoint in front of the pod.
fn check(key: &ObjectKey, service: &Service) -> Result<(), NotModelledError> {
    let waypoint = service
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get("istio.io/use-waypoint"));
    if waypoint.is_some_and(|name| name != "none") {
        return not_modelled(format!("service {key} has a waypoint"));
    }
    Ok(())
}
