//! Ports: the authorizations that the port leaves open (A11, A13, A14).

use super::case::Case;
use super::in_force::InForce;
use super::{layers, named};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::query::Traffic;
use crate::semantics::destination;
use crate::semantics::trace::Reason;
use crate::workload::Transport;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The protocols that declare a Service port as HTTP (A13).
const HTTP: [&str; 6] = [
    "http",
    "http2",
    "grpc",
    "grpc-web",
    "kubernetes.io/h2c",
    "kubernetes.io/ws",
];

/// The protocols that declare a Service port as not HTTP (A14).
const NO_HTTP: [&str; 9] = [
    "tcp",
    "tls",
    "https",
    "mongo",
    "redis",
    "mysql",
    "udp",
    "kubernetes.io/wss",
    "linkerd.io/opaque",
];

/// Returns the reason that meshes may deny the query although a target allows it, if they may.
pub(super) fn left_open(case: &Case<'_>, target: &InForce<'_>) -> Option<Reason> {
    match case.query.traffic {
        Traffic::Http(_) if layers::is_present(target, &Kind::HttpRouteGroup) => {
            let declared = declared(case, "A14", &NO_HTTP).or_else(|| declared_as_udp(case));
            declared.or_else(|| unnamed(case))
        }
        Traffic::Tcp => declared(case, "A13", &HTTP).or_else(|| unnamed(case)),
        _ => unnamed(case),
    }
}

/// Returns the reason that leaves the query open if a Service declares one of these protocols for the port (A13, A14).
fn declared(case: &Case<'_>, rule: &'static str, protocols: &[&str]) -> Option<Reason> {
    for (key, port) in service_ports(case) {
        let declared = declaration(port).to_ascii_lowercase();
        if protocols.contains(&&*declared) {
            let service = ObjectRef::service(key.clone());
            return Some(Reason::new(
                rule,
                format!("{service} declares the port as `{declared}`"),
            ));
        }
    }
    None
}

/// Returns the reason that leaves the query open if a Service has a UDP port with the port's number (A14).
fn declared_as_udp(case: &Case<'_>) -> Option<Reason> {
    let (key, _) = reaching(case, Transport::Udp).next()?;
    let service = ObjectRef::service(key.clone());
    Some(Reason::new("A14", format!("{service} declares the port as UDP")))
}

/// Returns the protocol that a Service port declares: its `appProtocol`, or else the prefix of its name.
fn declaration(port: &ServicePort) -> &str {
    let set = |text: &'_ &str| !text.is_empty();
    let from_name = || port.name.as_deref().and_then(|name| name.split('-').next());
    let app_protocol = port.app_protocol.as_deref().filter(set);
    app_protocol.or_else(from_name).unwrap_or_default()
}

/// Returns the reason that leaves the query open if nothing names the port (A11). A target that allows the port by
/// number names it.
fn unnamed(case: &Case<'_>) -> Option<Reason> {
    (!named::is_named(case)).then(|| Reason::new("A11", format!("nothing names port `{}`", case.query.port)))
}

/// Returns the Service ports that target the port of the query.
pub(super) fn service_ports<'a>(case: &Case<'a>) -> Vec<(&'a ObjectKey, &'a ServicePort)> {
    reaching(case, case.transport()).collect()
}

/// Returns the Service ports of a transport protocol that target the number of the query's port.
fn reaching<'a>(case: &Case<'a>, transport: Transport) -> impl Iterator<Item = (&'a ObjectKey, &'a ServicePort)> {
    let services = case.snapshot.services();
    let selecting = services.filter(|(key, service)| key.namespace == case.namespace() && selects(case, service));
    let ports = selecting.flat_map(|(key, service)| destination::ports(service).map(move |port| (key, port)));
    ports.filter(move |(_, port)| target_port(case, port, transport) == Some(case.query.port))
}

/// Returns `true` if a Service selects the workload. A Service without a selector selects nothing, nor does an
/// ExternalName.
fn selects(case: &Case<'_>, service: &Service) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let labels = case.workload.labels();
    selector.is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(label, value)| labels.get(label) == Some(value))
    }) && !destination::is_external_name(service)
}

/// Returns the port of the pod that a Service port targets, if it has this transport protocol.
///
/// The target port defaults to the number of the Service port. API servers treat `0` and `""` as absent.
fn target_port(case: &Case<'_>, port: &ServicePort, transport: Transport) -> Option<u16> {
    if Transport::of(port.protocol.as_deref()) != Some(transport) {
        return None;
    }
    match &port.target_port {
        Some(IntOrString::Int(number)) if *number != 0 => u16::try_from(*number).ok(),
        Some(IntOrString::String(name)) if !name.is_empty() => case.workload.named_port(name, transport),
        _ => u16::try_from(port.port).ok(),
    }
}
