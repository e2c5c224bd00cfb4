//! Messages about objects that are referred to and missing, with the reason as far as it is known.

use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::snapshot::Snapshot;
use k8s_openapi::api::core::v1::Service;

/// Returns the message about a route or route group that cannot be used.
pub(super) fn unusable(snapshot: &Snapshot, route: &ObjectRef) -> String {
    let ObjectKey { namespace, name } = &route.key;
    let kind = &route.kind;
    if is_unreadable(snapshot, route) {
        return format!("{kind} `{name}` cannot be used, because of an error that is reported on it");
    }
    let missing = format!("no {kind} `{name}` is known in namespace `{namespace}`");
    if let Some(group) = group_with_match(snapshot, &route.key).filter(|_| *kind == Kind::HttpRouteGroup) {
        return format!(
            "{missing}; `{name}` is a match of {kind} `{group}`: refer to the group, and in a traffic target select the match below `matches`"
        );
    }
    match elsewhere(keys_of(snapshot, kind), &route.key) {
        Some(other) => format!("{missing}, but in namespace `{other}`; a reference cannot leave its namespace"),
        None => missing,
    }
}

/// Returns the reason that a service cannot be used, as the predicate of a message about it.
pub(super) fn service(snapshot: &Snapshot, key: &ObjectKey) -> String {
    if is_unreadable(snapshot, &ObjectRef::service(key.clone())) {
        return "cannot be used, because of an error that is reported on it".to_owned();
    }
    if snapshot.service(key).is_some_and(is_external_name) {
        return "is of type ExternalName".to_owned();
    }
    let missing = format!("is not known in namespace `{}`", key.namespace);
    match elsewhere(snapshot.services().map(|(key, _)| key), key) {
        Some(other) => format!("{missing}, but in namespace `{other}`"),
        None => missing,
    }
}

/// Returns `true` if an object exists and cannot be used at all: it is undecodable, a duplicate, or has an error that makes
/// it count as missing.
fn is_unreadable(snapshot: &Snapshot, object: &ObjectRef) -> bool {
    let undecodable = snapshot.undecodable().any(|diagnostic| diagnostic.object == *object);
    undecodable
        || snapshot.duplicates().any(|twin| twin == object)
        || keys_of(snapshot, &object.kind).any(|key| *key == object.key)
}

fn keys_of<'a>(snapshot: &'a Snapshot, kind: &Kind) -> Box<dyn Iterator<Item = &'a ObjectKey> + 'a> {
    match kind {
        Kind::HttpRouteGroup => Box::new(snapshot.groups().map(|(key, _)| key)),
        Kind::TcpRoute => Box::new(snapshot.tcp_routes().map(|(key, _)| key)),
        Kind::UdpRoute => Box::new(snapshot.udp_routes().map(|(key, _)| key)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Returns the first other namespace with an object of the same name.
fn elsewhere<'a>(mut keys: impl Iterator<Item = &'a ObjectKey>, missing: &ObjectKey) -> Option<&'a str> {
    let other = keys.find(|key| key.name == missing.name && key.namespace != missing.namespace)?;
    Some(&other.namespace)
}

/// Returns the name of a route group of the namespace with a match of this name.
fn group_with_match<'a>(snapshot: &'a Snapshot, name: &ObjectKey) -> Option<&'a str> {
    let mut groups = snapshot.groups().filter(|(key, _)| key.namespace == name.namespace);
    let (key, _) = groups.find(|(_, group)| group.matches().iter().any(|matching| matching.name == name.name))?;
    Some(&key.name)
}

pub(super) fn is_external_name(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}
