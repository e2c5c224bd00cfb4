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
    /// The proxy forwards bytes.
    Opaque,
}

/// The annotation that lists opaque ports.
pub(crate) const OPAQUE_PORTS: &str = "config.linkerd.io/opaque-ports";

impl Protocol {
    /// Returns the protocol of a port. `appProtocol` decides where it is set: Linkerd treats every unknown value as
    /// opaque. Otherwise the annotation of the service decides, and without it the list of the mesh.
    pub(crate) fn of(port: &PortRoute, service: &RootService, default_opaque_ports: &BTreeSet<u16>) -> Self {
        match port.app_protocol() {
            Some("http" | "kubernetes.io/h2c") => return Self::Http,
            Some(_) => return Self::Opaque,
            None => {}
        }
        let opaque = match service.annotations().get(OPAQUE_PORTS) {
            Some(list) => lists(list, port.port(), port.name()),
            None => default_opaque_ports.contains(&port.port()),
        };
        if opaque { Self::Opaque } else { Self::Detect }
    }
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
