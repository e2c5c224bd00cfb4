//! Services: their presence, their ports, and the root that a split names.

use super::trace::Reason;
use crate::object::{ObjectKey, ObjectRef};
use crate::query::Traffic;
use crate::snapshot::Snapshot;
use k8s_openapi::api::core::v1::{Service, ServicePort};

/// The default protocol of a port.
const TCP: &str = "TCP";
const UDP: &str = "UDP";

/// Returns `Ok` if the service exists and has this port for this kind of traffic (I3, T21).
pub(super) fn reachable(snapshot: &Snapshot, key: &ObjectKey, port: u16, traffic: &Traffic) -> Result<(), Reason> {
    let Some(service) = snapshot.service(key) else {
        return Err(missing(snapshot, &ObjectRef::service(key.clone())));
    };
    let protocol = match traffic {
        Traffic::Udp => UDP,
        Traffic::Tcp | Traffic::Http(_) => TCP,
    };
    if has_port(service, port, protocol) {
        Ok(())
    } else {
        Err(Reason::new("T21", format!("it has no {protocol} port {port}")))
    }
}

/// Returns the reason that an object is absent (I1, I3).
pub(super) fn missing(snapshot: &Snapshot, object: &ObjectRef) -> Reason {
    if snapshot.duplicates().any(|twin| twin == object) {
        return Reason::new("I1", "it is defined more than once, so none of the definitions counts");
    }
    let unreadable = snapshot.undecodable().find(|diagnostic| diagnostic.object == *object);
    match unreadable {
        Some(diagnostic) => Reason::new(
            "I3",
            format!("it cannot be read (`{}`: {})", diagnostic.field, diagnostic.message),
        ),
        None => Reason::new("I3", "it does not exist"),
    }
}

/// Returns the service if it can get traffic from a split (T5). An absent service cannot, nor can an ExternalName.
pub(super) fn usable<'s>(snapshot: &'s Snapshot, key: &ObjectKey) -> Result<&'s Service, Reason> {
    let object = ObjectRef::service(key.clone());
    let service = snapshot.service(key).ok_or_else(|| missing(snapshot, &object))?;
    if is_external_name(service) {
        return Err(Reason::new("T5", "it is of type ExternalName"));
    }
    Ok(service)
}

/// Returns `Ok` if a service can be a root: it exists, is not an ExternalName and has a TCP port (T40).
pub(super) fn usable_root(snapshot: &Snapshot, key: &ObjectKey) -> Result<(), Reason> {
    let service = usable(snapshot, key).map_err(|Reason { why, .. }| unusable(&why))?;
    if ports(service).any(|port| protocol(port) == TCP) {
        Ok(())
    } else {
        Err(unusable("it has no TCP port"))
    }
}

fn unusable(why: &str) -> Reason {
    Reason::new("T40", format!("its root service is unusable: {why}"))
}

/// Returns `true` if a service has a TCP port of this number (T20, T21). Name and target port do not matter (T22).
pub(super) fn has_tcp_port(service: &Service, number: u16) -> bool {
    has_port(service, number, TCP)
}

/// Returns the name of the service that `spec.service` of a split in `namespace` refers to, if it is a service of the
/// split's own namespace (T3).
pub(super) fn root_name<'s>(service: &'s str, namespace: &str, cluster_domain: &str) -> Option<&'s str> {
    let Some((name, rest)) = service.split_once('.') else {
        return Some(service);
    };
    let is_own =
        rest == namespace || rest == format!("{namespace}.svc") || rest == format!("{namespace}.svc.{cluster_domain}");
    is_own.then_some(name)
}

pub(super) fn is_external_name(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}

fn has_port(service: &Service, number: u16, transport: &str) -> bool {
    ports(service).any(|port| port.port == i32::from(number) && protocol(port) == transport)
}

/// Returns the ports of a service. A number outside 1–65535 is not a port.
pub(super) fn ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter(|port| (1..=65535).contains(&port.port))
}

fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().filter(|name| !name.is_empty()).unwrap_or(TCP)
}
