//! TCP and UDP routes: which ports they mean (S22, S23).

use super::super::Report;
use crate::diagnostic::Code;
use crate::model::access::Ports;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use smi_types::specs::PortsSpec;
use std::collections::{BTreeMap, BTreeSet};

/// The usable routes of one kind.
pub(super) type Routes<'a> = BTreeMap<&'a ObjectKey, Route<'a>>;

/// What a route means.
pub(super) struct Route<'a> {
    pub(super) ports: Ports,
    /// The name of its only match; empty, if it has none.
    pub(super) name: &'a str,
}

pub(super) fn tcp<'a>(snapshot: &'a Snapshot, settings: &Settings, report: &mut Report) -> Routes<'a> {
    let routes = snapshot.tcp_routes().map(|(key, route)| (key, route.spec.as_ref()));
    read(&Kind::TCP_ROUTE, routes, settings, report)
}

pub(super) fn udp<'a>(snapshot: &'a Snapshot, settings: &Settings, report: &mut Report) -> Routes<'a> {
    let routes = snapshot.udp_routes().map(|(key, route)| (key, route.spec.as_ref()));
    read(&Kind::UDP_ROUTE, routes, settings, report)
}

fn read<'a>(
    kind: &Kind,
    routes: impl Iterator<Item = (&'a ObjectKey, Option<&'a PortsSpec>)>,
    settings: &Settings,
    report: &mut Report,
) -> Routes<'a> {
    let mut usable = BTreeMap::new();
    for (key, spec) in routes.filter(|(key, _)| settings.scope.contains(&key.namespace)) {
        let matches = spec.and_then(|spec| spec.matches.as_ref());
        let mut ports = BTreeSet::new();
        let mut valid = true;
        for (index, port) in matches.iter().flat_map(|matches| &matches.ports).enumerate() {
            if let Some(number) = port.number() {
                ports.insert(number);
            } else {
                // S23
                let field = FieldPath::root()
                    .field("spec")
                    .field("matches")
                    .field("ports")
                    .index(index);
                let message = "this is no port from 1 to 65535, so the route matches nothing";
                report.add(
                    Code::Invalid,
                    &ObjectRef::new(kind.clone(), key.clone()),
                    field,
                    message,
                );
                valid = false;
            }
        }
        if valid {
            let ports = if ports.is_empty() {
                Ports::All
            } else {
                Ports::Only(ports)
            };
            let name = matches.map(|matches| matches.name.as_str()).unwrap_or_default();
            usable.insert(key, Route { ports, name });
        }
    }
    usable
}
