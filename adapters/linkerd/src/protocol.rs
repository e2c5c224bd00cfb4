//! The protocol that Linkerd assumes on a port of a service.

use smi_adapter::model::route::{PortRoute, RootService};
use std::collections::BTreeSet;

/// The treatment of a service port by the proxy of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The proxy parses HTTP.
    Http,
    /// The proxy detects HTTP by the first bytes. Other bytes always go to the service itself.
    Detect,
    /// Clients send TLS. The proxy forwards it, and sees no requests in it.
    Tls,
    /// The proxy forwards bytes.
    Opaque,
}

/// The annotation that lists opaque ports.
pub(crate) const OPAQUE_PORTS: &str = "config.linkerd.io/opaque-ports";

impl Protocol {
    /// Returns the protocol of a port. `appProtocol` decides where it is set: Linkerd treats every unknown value as
    /// opaque. Otherwise the annotation of the service decides, and without it the list of the mesh. The name of a port
    /// does not affect Linkerd, but declares whether clients send TLS.
    pub(crate) fn of(port: &PortRoute, service: &RootService, default_opaque_ports: &BTreeSet<u16>) -> Self {
        match port.app_protocol() {
            Some("http" | "kubernetes.io/h2c") => return Self::Http,
            Some(app_protocol) if is_tls(app_protocol) => return Self::Tls,
            Some(_) => return Self::Opaque,
            None => {}
        }
        let opaque = match service.annotations().get(OPAQUE_PORTS) {
            Some(list) => lists(list, port.port(), port.name()),
            None => default_opaque_ports.contains(&port.port()),
        };
        let prefix = port.name().and_then(|name| name.split('-').next());
        if opaque {
            Self::Opaque
        } else if prefix.is_some_and(is_tls) {
            Self::Tls
        } else {
            Self::Detect
        }
    }
}

/// Returns `true` if the name of a protocol stands for TLS.
fn is_tls(protocol: &str) -> bool {
    ["https", "tls", "kubernetes.io/wss"]
        .iter()
        .any(|tls| tls.eq_ignore_ascii_case(protocol))
}

/// Returns `true` if an annotation lists a port: by number, within a range of numbers, or by name.
pub(crate) fn lists(annotation: &str, port: u16, name: Option<&str>) -> bool {
    let number = |text: &str| text.trim().parse::<u16>().ok();
    annotation.split(',').map(str::trim).any(|item| {
        match item.split_once('-').map(|(first, last)| (number(first), number(last))) {
            Some((Some(first), Some(last))) => (first..=last).contains(&port),
            _ => number(item) == Some(port) || name == Some(item),
        }
    })
}
