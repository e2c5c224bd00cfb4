//! Routes: the objects that rules refer to, and their ports.

use super::case::Case;
use super::rules::Member;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::semantics::destination;
use crate::semantics::trace::Reason;
use crate::semantics::unknown::Unknown;
use crate::snapshot::Snapshot;
use smi_types::specs::PortsSpec;

/// The ports that a route allows.
pub(super) enum Ports {
    /// All ports that the workload listens on (S22, S23).
    All,
    /// Only these ports.
    Only(Vec<u16>),
}

impl Ports {
    pub(super) fn contain(&self, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Only(ports) => ports.contains(&port),
        }
    }

    /// Returns `true` if the route lists this number.
    pub(super) fn name(&self, port: u16) -> bool {
        match self {
            Self::All => false,
            Self::Only(ports) => ports.contains(&port),
        }
    }
}

/// Returns the ports of the TCP or UDP route that a rule refers to (A11).
///
/// # Errors
///
/// Returns the reason if the route matches nothing (A8, A9, I8, S23).
pub(super) fn ports(case: &Case<'_>, kind: &Kind, member: &Member<'_>) -> Result<Ports, Reason> {
    let (route, rule) = (member.route(kind), member.rule);
    let spec = spec(case.snapshot, &route)?;
    // A9, I8: a route with an unknown field counts as missing.
    Unknown::of(case.snapshot, case.settings, &route).nowhere()?;
    let matches = spec.and_then(|spec| spec.matches.as_ref());
    let name = matches.map(|matches| matches.name.as_str()).unwrap_or_default();
    let is_selected = !name.is_empty() && rule.matches.iter().any(|selected| selected == name);
    if !rule.matches.is_empty() && !is_selected {
        let why = format!("its match is named `{name}`, not `{}`", rule.matches.join("`, `"));
        return Err(Reason::new("A8", why));
    }
    let mut ports = Vec::new();
    for port in matches.iter().flat_map(|matches| &matches.ports) {
        match port.number() {
            Some(number) => ports.push(number),
            None => return Err(Reason::new("S23", "one of its ports is not valid")),
        }
    }
    Ok(if ports.is_empty() {
        Ports::All
    } else {
        Ports::Only(ports)
    })
}

fn spec<'s>(snapshot: &'s Snapshot, route: &ObjectRef) -> Result<Option<&'s PortsSpec>, Reason> {
    let has_key = |key: &ObjectKey| *key == route.key;
    let tcp = || snapshot.tcp_routes().find(|(key, _)| has_key(key));
    let udp = || snapshot.udp_routes().find(|(key, _)| has_key(key));
    let found = if route.kind == Kind::TcpRoute {
        tcp().map(|(_, route)| route.spec.as_ref())
    } else {
        udp().map(|(_, route)| route.spec.as_ref())
    };
    found.ok_or_else(|| missing(snapshot, route))
}

/// Returns the reason that a route is absent (A9).
pub(super) fn missing(snapshot: &Snapshot, route: &ObjectRef) -> Reason {
    Reason::new("A9", destination::missing(snapshot, route).why)
}
