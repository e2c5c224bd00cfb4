//! The address and the protocol of a service port, which apply before any route.

use super::ports::lists;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use smi_conformance::NotModelledError;
use std::collections::BTreeSet;

/// The kind of address that a client reaches at a port of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// An address outside of the cluster (`ExternalName`).
    External,
    /// The addresses of the pods themselves, to which no route applies.
    Headless,
    /// A cluster IP without this port.
    NoSuchPort,
    /// A port of a cluster IP.
    Port(Protocol),
}

/// The protocol that the mesh assumes on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Detected by the first bytes.
    Detect,
    /// HTTP, declared by the `appProtocol` of the port.
    Http,
    /// HTTP/2 without detection. gRPC routes can apply.
    Http2,
    /// Opaque bytes.
    Opaque,
}

/// The annotation of services and pods that lists opaque ports.
pub(super) const OPAQUE_PORTS: &str = "config.linkerd.io/opaque-ports";

impl Root {
    /// Returns the root of `service` at `port`. `opaque` are the opaque ports of services without the annotation.
    pub(super) fn of(service: &Service, port: u16, opaque: &BTreeSet<u16>) -> Result<Self, NotModelledError> {
        let spec = service.spec.as_ref();
        if spec.is_some_and(|spec| spec.type_.as_deref() == Some("ExternalName")) {
            return Ok(Self::External);
        }
        let numbered = |candidate: &&ServicePort| candidate.port == i32::from(port);
        let mut ports = spec
            .iter()
            .flat_map(|spec| spec.ports.iter().flatten())
            .filter(numbered);
        let headless = spec.is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None"));
        let Some(first) = ports.next() else {
            if headless {
                return Err(NotModelledError(format!(
                    "port {port} of a headless service that does not have it"
                )));
            }
            return Ok(Self::NoSuchPort);
        };
        let tcp = |port: &ServicePort| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP");
        let mut any_tcp = tcp(first);
        for other in ports {
            any_tcp |= tcp(other);
            if other.app_protocol != first.app_protocol {
                return Err(NotModelledError(format!("port {port} with two application protocols")));
            }
        }
        if !any_tcp {
            return Err(NotModelledError(format!("port {port} for protocols other than TCP")));
        }
        if headless {
            return Ok(Self::Headless);
        }
        Ok(Self::Port(match first.app_protocol.as_deref() {
            Some("http") => Protocol::Http,
            Some("kubernetes.io/h2c") => Protocol::Http2,
            // Unknown protocols are opaque as well.
            Some(_) => Protocol::Opaque,
            None if is_opaque(service, port, opaque)? => Protocol::Opaque,
            None => Protocol::Detect,
        }))
    }
}

/// Returns `true` if a port without `appProtocol` is opaque. The annotation replaces the defaults.
fn is_opaque(service: &Service, port: u16, defaults: &BTreeSet<u16>) -> Result<bool, NotModelledError> {
    let annotations = service.metadata.annotations.as_ref();
    let Some(text) = annotations.and_then(|annotations| annotations.get(OPAQUE_PORTS)) else {
        return Ok(defaults.contains(&port));
    };
    lists(OPAQUE_PORTS, text, port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn root(value: serde_json::Value, port: u16) -> Result<Root, NotModelledError> {
        Root::of(&serde_json::from_value(value).unwrap(), port, &BTreeSet::from([3306]))
    }

    #[test]
    fn prefers_app_protocols_to_annotations_and_annotations_to_defaults() {
        let service = |annotation: &str| {
            let ports = json!([
                {"port": 80}, {"port": 81, "appProtocol": "http"}, {"port": 82, "appProtocol": "kubernetes.io/h2c"},
                {"port": 83, "appProtocol": "HTTP"}, {"port": 3306}
            ]);
            json!({"metadata": {"annotations": {OPAQUE_PORTS: annotation}}, "spec": {"ports": ports}})
        };
        let all = service("1-100, ,");
        assert_eq!(root(all.clone(), 80), Ok(Root::Port(Protocol::Opaque)));
        assert_eq!(root(all.clone(), 81), Ok(Root::Port(Protocol::Http)));
        assert_eq!(root(all.clone(), 82), Ok(Root::Port(Protocol::Http2)));
        assert_eq!(root(all.clone(), 83), Ok(Root::Port(Protocol::Opaque)));
        assert_eq!(root(all.clone(), 3306), Ok(Root::Port(Protocol::Detect)));
        assert_eq!(root(all, 99), Ok(Root::NoSuchPort));
        assert_eq!(root(service(""), 3306), Ok(Root::Port(Protocol::Detect)));
        for unusual in ["http", "9-1", "0", "1,x", "70000"] {
            assert!(root(service(unusual), 80).is_err(), "{unusual}");
        }
        let plain = json!({"spec": {"ports": [{"port": 3306}]}});
        assert_eq!(root(plain, 3306), Ok(Root::Port(Protocol::Opaque)));
    }

    #[test]
    fn distinguishes_services_without_a_cluster_ip() {
        let ports = json!([
            {"port": 80}, {"port": 80, "protocol": "UDP"}, {"port": 53, "protocol": "UDP"},
            {"port": 81}, {"port": 81, "protocol": "UDP", "appProtocol": "http"}
        ]);
        assert_eq!(
            root(json!({"spec": {"type": "ExternalName", "ports": ports}}), 80),
            Ok(Root::External)
        );
        let headless = json!({"spec": {"clusterIP": "None", "ports": ports}});
        assert_eq!(root(headless.clone(), 80), Ok(Root::Headless));
        assert!(root(headless.clone(), 81).is_err());
        assert!(root(headless, 53).is_err());
        assert_eq!(root(json!({}), 80), Ok(Root::NoSuchPort));
    }
}
