//! Routes in force for a port of a service, as seen by one client.

use super::fields::ReadError;
use super::route::{Parent, Rank, Route, kind_of};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelledError;
use std::cmp::Ordering;

/// Routes in force, each kind in the order in which the proxy receives them.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) grpc: Vec<Route>,
    pub(super) http: Vec<Route>,
    pub(super) tcp: Vec<Route>,
}

/// Returns the routes in force for `port` of `service` and clients in the namespace `client`.
///
/// A route in the namespace of the service applies to all clients. A route in another namespace applies to the clients
/// there.
pub(super) fn attached(
    objects: &[NativeObject],
    service: &ObjectKey,
    port: u16,
    client: Option<&str>,
) -> Result<Attached, NotModelledError> {
    let concerns = |parent: &Parent| parent.service == *service && parent.port.is_none_or(|p| p == port);
    let candidates = candidates(objects, concerns)?;
    let mut in_force = Vec::new();
    for (index, route) in candidates.iter().enumerate() {
        let mut accepted = false;
        for parent in route.parents.iter().filter(|parent| concerns(parent)) {
            accepted |= is_accepted(route, parent, &candidates)?;
        }
        if accepted && is_for(route, service, client)? {
            in_force.push(index);
        }
    }
    let mut attached = Attached::default();
    for (index, route) in candidates.into_iter().enumerate() {
        if in_force.contains(&index) {
            match route.rank {
                Rank::Grpc => attached.grpc.push(route),
                Rank::Http => attached.http.push(route),
                Rank::Tcp => attached.tcp.push(route),
                Rank::Tls => {}
            }
        }
    }
    for routes in [&mut attached.grpc, &mut attached.http, &mut attached.tcp] {
        routes.sort_by(by_age);
    }
    Ok(attached)
}

/// Compares routes by age, then by name. Routes without a creation time come last. Namespaces and API groups are not
/// compared, so two routes with the same name can be equal.
pub(super) fn by_age(a: &Route, b: &Route) -> Ordering {
    let by_time = match (&a.created, &b.created) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by_time.then_with(|| a.key.name.cmp(&b.key.name))
}

/// Returns the routes that exist and refer to this port of the service. Rejected objects do not exist.
fn candidates(objects: &[NativeObject], concerns: impl Fn(&Parent) -> bool) -> Result<Vec<Route>, NotModelledError> {
    let mut routes = Vec::new();
    for object in objects {
        let Some(kind @ (api, ..)) = kind_of(object) else {
            continue;
        };
        let read = match Parent::of(object, api) {
            Ok(parents) if !parents.iter().any(&concerns) => continue,
            Ok(_) => Route::read(object, kind).and_then(Route::for_clients),
            Err(error) => Err(error),
        };
        match read {
            Ok(route) => routes.push(route),
            Err(ReadError::Rejected(_)) => {}
            Err(ReadError::Unmodelled(what)) => {
                return Err(NotModelledError(format!("{what} ({})", object.reference())));
            }
        }
    }
    Ok(routes)
}

/// Returns `true` if the status controller accepts `route` for `parent`. It does not if a route of a preferred kind, in
/// any namespace, refers to the same parent with the same port or likewise without one.
fn is_accepted(route: &Route, parent: &Parent, routes: &[Route]) -> Result<bool, NotModelledError> {
    let wins = |other: &Route| other.rank < route.rank && other.parents.contains(parent);
    if !routes.iter().any(wins) {
        return Ok(true);
    }
    // The index looks up an accepted parent only by name and port, so another parent can stand in for it.
    let stands_in = |other: &Parent| {
        let port = parent.port.is_none() || other.port.is_none() || other.port == parent.port;
        other != parent && other.service.name == parent.service.name && port
    };
    if route.parents.iter().any(stands_in) {
        return Err(NotModelledError(format!(
            "a parent of {} that is not accepted, next to another one with the same name",
            route.key
        )));
    }
    Ok(false)
}

/// Returns `true` if a route applies to clients in the namespace `client`.
fn is_for(route: &Route, service: &ObjectKey, client: Option<&str>) -> Result<bool, NotModelledError> {
    let namespace = &route.key.namespace;
    match client {
        _ if *namespace == service.namespace => Ok(true),
        Some(client) => Ok(namespace == client),
        None => Err(NotModelledError(format!(
            "{} for a client in an unknown namespace",
            route.key
        ))),
    }
}

#[cfg(test)]
mod tests;
