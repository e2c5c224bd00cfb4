//! TCP and UDP routes: the ports that each matches (S22, S23).

use super::super::view::View;
use crate::model::access::Ports;
use crate::object::ObjectKey;
use smi_types::port::Port;
use smi_types::specs::PortsSpec;
use std::collections::BTreeSet;

/// The meaning of a route.
pub(super) struct Route<'a> {
    pub(super) ports: Ports,
    /// The name of its only match; empty if there is none.
    pub(super) name: &'a str,
}

/// Returns the meaning of a TCP route in scope; `None` if it is not usable.
pub(super) fn tcp<'a>(view: View<'a>, key: &ObjectKey) -> Option<Route<'a>> {
    read(view.tcp_route(key)?.spec.as_ref())
}

/// Returns the meaning of a UDP route in scope; `None` if it is not usable.
pub(super) fn udp<'a>(view: View<'a>, key: &ObjectKey) -> Option<Route<'a>> {
    read(view.udp_route(key)?.spec.as_ref())
}

/// Returns the meaning of a route; `None` if a violation makes it match nothing (S23).
fn read(spec: Option<&PortsSpec>) -> Option<Route<'_>> {
    let matches = spec.and_then(|spec| spec.matches.as_ref());
    let ports: BTreeSet<u16> = matches
        .iter()
        .flat_map(|matches| &matches.ports)
        .map(Port::number)
        .collect::<Option<_>>()?;
    Some(Route {
        ports: if ports.is_empty() {
            Ports::All
        } else {
            Ports::Only(ports)
        },
        name: matches.map(|matches| matches.name.as_str()).unwrap_or_default(),
    })
}
