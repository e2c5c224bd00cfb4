//! Services: which are there, which ports they have, and which one a split means.

use super::trace::Reason;
use crate::object::{ObjectKey, ObjectRef};
use crate::query::Traffic;
use crate::snapshot::Snapshot;
use k8s_openapi::api::core::v1::{Service, ServicePort};

/// The protocol of ports that name none.
const TCP: &str = "TCP";
const UDP: &str = "UDP";

/// I3, T21: whether there is a service to call, with this port for this kind of traffic.
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

/// I1, I3: why an object is not there.
pub(super) fn missing(snapshot: &Snapshot, object: &ObjectRef) -> Reason {
    if snapshot.duplicates().any(|twin| twin == object) {
        return Reason::new("I1", "it is there more than once, so none of them counts");
    }
    let unreadable = snapshot.undecodable().find(|why| why.object == *object);
    match unreadable {
        Some(why) => Reason::new("I3", format!("it cannot be read: `{}`: {}", why.field, why.message)),
        None => Reason::new("I3", "there is none"),
    }
}

/// T5: whether a service can get traffic from a split. What is not there cannot, nor can an ExternalName.
pub(super) fn usable<'s>(snapshot: &'s Snapshot, key: &ObjectKey) -> Result<&'s Service, Reason> {
    let object = ObjectRef::service(key.clone());
    let service = snapshot.service(key).ok_or_else(|| missing(snapshot, &object))?;
    if is_external_name(service) {
        return Err(Reason::new("T5", "it is of type ExternalName"));
    }
    Ok(service)
}

/// T40: whether a service can be a root: it is there, is no ExternalName and has a TCP port.
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

/// T20, T21: whether a service has a TCP port of this number. Name and target port do not matter (T22).
pub(super) fn has_tcp_port(service: &Service, number: u16) -> bool {
    has_port(service, number, TCP)
}

/// T3: the name of the service that `spec.service` of a split in `namespace` means, if it is one of the
/// split's own namespace.
pub(super) fn root_name<'s>(service: &'s str, namespace: &str, cluster_domain: &str) -> Option<&'s str> {
    let Some((name, rest)) = service.split_once('.') else {
        return Some(service);
    };
    let ours =
        rest == namespace || rest == format!("{namespace}.svc") || rest == format!("{namespace}.svc.{cluster_domain}");
    ours.then_some(name)
}

pub(super) fn is_external_name(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}

fn has_port(service: &Service, number: u16, transport: &str) -> bool {
    ports(service).any(|port| port.port == i32::from(number) && protocol(port) == transport)
}

/// The ports of a service. A number outside 1–65535 is no port.
pub(super) fn ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter(|port| (1..=65535).contains(&port.port))
}

fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().filter(|name| !name.is_empty()).unwrap_or(TCP)
}
