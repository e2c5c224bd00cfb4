//! TCP and UDP routes: the ports that each matches (S22, S23).

use super::super::unknown::Unknown;
use crate::model::access::Ports;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::port::Port;
use smi_types::specs::PortsSpec;
use std::collections::{BTreeMap, BTreeSet};

/// The usable routes of one kind, by key.
pub(super) type Routes<'a> = BTreeMap<&'a ObjectKey, Route<'a>>;

/// The meaning of a route.
pub(super) struct Route<'a> {
    pub(super) ports: Ports,
    /// The name of its only match; empty if there is none.
    pub(super) name: &'a str,
}

/// Returns the usable TCP routes in scope.
pub(super) fn tcp<'a>(snapshot: &'a Snapshot, settings: &'a Settings) -> Routes<'a> {
    let routes = snapshot.scoped(settings).tcp_routes();
    let specs = routes.map(|(key, route)| (key, route.spec.as_ref()));
    read(specs, |key| is_known(snapshot, settings, Kind::TcpRoute, key))
}

/// Returns the usable UDP routes in scope.
pub(super) fn udp<'a>(snapshot: &'a Snapshot, settings: &'a Settings) -> Routes<'a> {
    let routes = snapshot.scoped(settings).udp_routes();
    let specs = routes.map(|(key, route)| (key, route.spec.as_ref()));
    read(specs, |key| is_known(snapshot, settings, Kind::UdpRoute, key))
}

/// Returns `true` if a route has no unknown field, which may be a restriction (I8).
fn is_known(snapshot: &Snapshot, settings: &Settings, kind: Kind, key: &ObjectKey) -> bool {
    Unknown::of(snapshot, settings, &ObjectRef::new(kind, key.clone())).is_empty()
}

fn read<'a>(
    routes: impl Iterator<Item = (&'a ObjectKey, Option<&'a PortsSpec>)>,
    is_known: impl Fn(&ObjectKey) -> bool,
) -> Routes<'a> {
    let known = routes.filter(|(key, _)| is_known(key));
    known.filter_map(|(key, spec)| Some((key, route(spec)?))).collect()
}

/// Returns the meaning of a route; `None` if a violation makes it match nothing (S23).
fn route(spec: Option<&PortsSpec>) -> Option<Route<'_>> {
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
