//! What Linkerd takes the traffic of a service's port for.

use smi_adapter::model::route::{PortRoute, RootService};
use std::collections::BTreeSet;

/// What a client's proxy does with a port of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// It reads HTTP.
    Http,
    /// It looks at the first bytes: HTTP, or else bytes, which always go to the service itself.
    Detect,
    /// It passes bytes on.
    Opaque,
}

/// The annotation that lists ports whose bytes are passed on.
pub(crate) const OPAQUE_PORTS: &str = "config.linkerd.io/opaque-ports";

impl Protocol {
    /// By `appProtocol`, of which Linkerd takes all that it does not know as opaque; else by the annotation
    /// of the service, else by the mesh's list.
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

/// Whether an annotation lists a port: by number, within a range of numbers, or by name.
pub(crate) fn lists(annotation: &str, port: u16, name: Option<&str>) -> bool {
    let number = |text: &str| text.trim().parse::<u16>().ok();
    annotation.split(',').map(str::trim).any(|item| {
        match item.split_once('-').map(|(first, last)| (number(first), number(last))) {
            Some((Some(first), Some(last))) => (first..=last).contains(&port),
            _ => number(item) == Some(port) || name == Some(item),
        }
    })
}
