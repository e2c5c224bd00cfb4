//! Ports of pods, described by annotations and containers.

use super::super::ports::lists;
use super::super::root::OPAQUE_PORTS;
use super::policy::DefaultPolicy;
use super::selector::Labels;
use crate::LinkerdMesh;
use k8s_openapi::api::core::v1::{Container, ContainerPort, HTTPGetAction, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use smi_conformance::NotModelledError;

const CONTROL_PLANE: &str = "linkerd.io/control-plane-ns";
const DEFAULT_POLICY: &str = "config.linkerd.io/default-inbound-policy";
const SKIPPED_PORTS: &str = "config.linkerd.io/skip-inbound-ports";

/// Annotations that affect access in ways that are not modelled.
const UNMODELLED: [&str; 3] = [
    "config.linkerd.io/skip-subnets",
    "config.linkerd.io/proxy-require-identity-inbound-ports",
    "config.linkerd.io/proxy-require-identity-on-inbound-ports",
];

/// Ports of the proxy itself.
const PROXY_PORTS: [u16; 3] = [4143, 4190, 4191];

static NO_LABELS: Labels = Labels::new();

/// A port of a pod.
#[derive(Debug)]
pub(super) struct Workload<'a> {
    pub(super) namespace: &'a str,
    pub(super) port: u16,
    pub(super) pod: &'a Pod,
}

impl<'a> Workload<'a> {
    /// Returns the labels of the pod.
    pub(super) fn labels(&self) -> &'a Labels {
        self.pod.metadata.labels.as_ref().unwrap_or(&NO_LABELS)
    }

    fn annotation(&self, name: &str) -> Option<&'a str> {
        let annotations = self.pod.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(name)).map(String::as_str)
    }

    /// Returns `true` if traffic to the port goes through a proxy of `mesh`.
    pub(super) fn is_proxied(&self, mesh: &LinkerdMesh) -> Result<bool, NotModelledError> {
        let Some(control_plane) = self.labels().get(CONTROL_PLANE) else {
            return Ok(false);
        };
        if *control_plane != mesh.control_plane_namespace {
            return Err(NotModelledError(format!(
                "a pod of another control plane, in {control_plane}"
            )));
        }
        if self
            .pod
            .spec
            .as_ref()
            .is_some_and(|spec| spec.host_network == Some(true))
        {
            return Ok(false);
        }
        if let Some(name) = UNMODELLED.iter().find(|name| self.annotation(name).is_some()) {
            return Err(NotModelledError(format!("the annotation {name}")));
        }
        if PROXY_PORTS.contains(&self.port) {
            return Err(NotModelledError(format!("port {} of the proxy itself", self.port)));
        }
        Ok(!match self.annotation(SKIPPED_PORTS) {
            Some(list) => lists(SKIPPED_PORTS, list, self.port)?,
            None => mesh.ignored_inbound_ports.contains(&self.port),
        })
    }

    /// Returns `true` if the port is opaque without a Server. Injected pods have the default list of Linkerd as an
    /// annotation as well.
    pub(super) fn is_opaque(&self) -> Result<bool, NotModelledError> {
        self.annotation(OPAQUE_PORTS)
            .map_or(Ok(false), |list| lists(OPAQUE_PORTS, list, self.port))
    }

    /// Returns the policy of ports without a Server. An invalid annotation is ignored. The annotation of a namespace only
    /// has an effect at injection, which copies it to the pod.
    pub(super) fn default_policy(&self, cluster: DefaultPolicy) -> DefaultPolicy {
        let own = self.annotation(DEFAULT_POLICY).and_then(|text| text.parse().ok());
        own.unwrap_or(cluster)
    }

    /// Returns `true` if a container declares the port with the name `name`.
    pub(super) fn has_port_name(&self, name: &str) -> Result<bool, NotModelledError> {
        let declares = |container: &Container| self.declares(container, name);
        if self.containers().iter().any(declares) {
            return Ok(true);
        }
        if self.init_containers().iter().any(declares) {
            return Err(NotModelledError(format!("the port {name} of an init container")));
        }
        Ok(false)
    }

    fn declares(&self, container: &Container, name: &str) -> bool {
        let is_it = |port: &ContainerPort| {
            port.name.as_deref() == Some(name)
                && port.container_port == i32::from(self.port)
                && port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
        };
        container.ports.iter().flatten().any(is_it)
    }

    /// Returns the paths of the kubelet's HTTP probes of the port, without queries.
    pub(super) fn probed_paths(&self) -> Result<Vec<String>, NotModelledError> {
        for init in self.init_containers() {
            let here = |probe: &HTTPGetAction| match &probe.port {
                IntOrString::Int(number) => *number == i32::from(self.port),
                IntOrString::String(name) => self.declares(init, name),
            };
            if probes(init).any(here) {
                return Err(NotModelledError("probes of init containers".into()));
            }
        }
        let mut paths = Vec::new();
        for container in self.containers() {
            for probe in probes(container) {
                let here = match &probe.port {
                    IntOrString::Int(number) => *number == i32::from(self.port),
                    IntOrString::String(name) if self.declares(container, name) => true,
                    IntOrString::String(name) if self.has_port_name(name)? => {
                        return Err(NotModelledError(format!(
                            "a probe of the port {name} of another container"
                        )));
                    }
                    IntOrString::String(_) => false,
                };
                if !here {
                    continue;
                }
                let path = probe.path.as_deref().unwrap_or("/");
                let unusual = path.is_empty() || !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
                if unusual || probe.scheme.as_deref().is_some_and(|scheme| scheme != "HTTP") {
                    return Err(NotModelledError(format!("a probe of {path:?}")));
                }
                let path = path.split_once('?').map_or(path, |(path, _)| path);
                paths.push(path.to_owned());
            }
        }
        Ok(paths)
    }

    fn containers(&self) -> &'a [Container] {
        self.pod.spec.as_ref().map_or(&[], |spec| &spec.containers)
    }

    fn init_containers(&self) -> &'a [Container] {
        let spec = self.pod.spec.as_ref();
        spec.and_then(|spec| spec.init_containers.as_deref())
            .unwrap_or_default()
    }
}

fn probes(container: &Container) -> impl Iterator<Item = &HTTPGetAction> {
    let probes = [
        &container.liveness_probe,
        &container.readiness_probe,
        &container.startup_probe,
    ];
    probes.into_iter().flatten().filter_map(|probe| probe.http_get.as_ref())
}

#[cfg(test)]
mod tests;
