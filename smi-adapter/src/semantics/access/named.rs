//! Named ports: the ports of a workload that something names (A11).

use super::case::Case;
use super::in_force;
use super::subjects::Destination;
use super::{ports, routes, rules};
use crate::object::{Kind, ObjectKey};
use crate::semantics::trace::Trace;
use crate::workload::Transport;
use smi_types::access::TrafficTarget;
use smi_types::port::Port;

/// Returns `true` if anything names the port of the query (A11).
pub(super) fn is_named(case: &Case<'_>) -> bool {
    is_container_port(case)
        || is_checked_port(case)
        || !ports::service_ports(case).is_empty()
        || is_named_by_target(case)
}

fn is_container_port(case: &Case<'_>) -> bool {
    let port = case.query.port;
    match case.transport() {
        Transport::Tcp => case.workload.tcp_ports().any(|named| named == port),
        Transport::Udp => case.workload.udp_ports().any(|named| named == port),
    }
}

/// Returns `true` if an HTTP or gRPC health check of the workload names the port, which is a TCP port (A38).
fn is_checked_port(case: &Case<'_>) -> bool {
    let mut checks = case.workload.health_checks().iter();
    case.transport() == Transport::Tcp && checks.any(|check| check.port() == case.query.port)
}

/// Returns `true` if a target whose destination is the workload names the port (A11).
fn is_named_by_target(case: &Case<'_>) -> bool {
    let targets = in_force::of_namespace(case);
    targets.into_iter().any(|(key, target)| names(case, key, target))
}

/// Returns `true` if a target whose destination is the workload names the port, as `destination.port` or in its routes
/// (A11).
///
/// The target need not be in force: it may lack rules or sources, have a rule of an unknown kind, an invalid port, an
/// unknown field (I8) even in its destination, or have lost its port (I5). Its destination must be usable (A22, A26).
fn names(case: &Case<'_>, key: &ObjectKey, target: &TrafficTarget) -> bool {
    let Ok(destination) = Destination::of(key, target, case.settings) else {
        return false;
    };
    let port = destination.subject.port.as_ref().and_then(Port::number);
    destination.is_reached(case, &mut Trace::default()).is_ok()
        && (port == Some(case.query.port) || is_named_by_routes(case, key, target))
}

/// Returns `true` if a usable TCP or UDP route of a target lists the port. A rule with an unknown field names nothing
/// (I8).
fn is_named_by_routes(case: &Case<'_>, key: &ObjectKey, target: &TrafficTarget) -> bool {
    let kind = match case.transport() {
        Transport::Tcp => Kind::TcpRoute,
        Transport::Udp => Kind::UdpRoute,
    };
    rules::of_kind(key, target, &kind).any(|member| {
        let known = member.known(case);
        let ports = known.and_then(|()| routes::ports(case, &kind, &member));
        ports.is_ok_and(|ports| ports.name(case.query.port))
    })
}
