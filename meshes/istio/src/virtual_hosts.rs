//! Virtual hosts of a sidecar for a port, as istiod generates them.

use super::Mesh;
use super::hosts::{covers, domains};
use super::protocol::Protocol;
use super::registry::Entry;
use super::spec::{HttpMatch, HttpRoute};
use super::virtual_service::{VirtualService, is_for_mesh};
use smi_conformance::NotModelledError;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A virtual host with its domains.
#[derive(Debug)]
pub(super) struct VirtualHost<'a> {
    pub(super) domains: Vec<String>,
    pub(super) routes: Routes<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum Routes<'a> {
    /// The default route to the service itself.
    Default(&'a Entry<'a>),
    /// The routes of a `VirtualService` that apply to the port, in order.
    Custom(&'a VirtualService, Rc<[ConditionalRoute<'a>]>),
}

/// A route with the condition under which it is selected.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConditionalRoute<'a> {
    pub(super) condition: Option<&'a HttpMatch>,
    pub(super) route: &'a HttpRoute,
}

/// Returns the virtual hosts of a port: those of every `VirtualService` with routes for it, in order, then one for each
/// remaining service. A domain belongs to the first virtual host that claims it.
pub(super) fn virtual_hosts<'a>(mesh: &'a Mesh<'_>, port: u16) -> Result<Vec<VirtualHost<'a>>, NotModelledError> {
    let is_http = |entry: &&Entry<'_>| matches!(entry.protocol(port), Some(Protocol::Http | Protocol::Sniffed));
    let mut hosts = Vec::new();
    let mut names = BTreeSet::new();
    let mut claimed = BTreeSet::new();
    let mut claimed_services = BTreeSet::new();
    let mut claim = |name: &str, domains: Vec<String>, routes: Routes<'a>| {
        if names.insert(name.to_owned()) {
            let domains: Vec<_> = domains
                .into_iter()
                .map(|domain| domain.to_ascii_lowercase())
                .filter(|domain| claimed.insert(domain.clone()))
                .collect();
            if !domains.is_empty() {
                hosts.push(VirtualHost { domains, routes });
            }
        }
    };
    for service in &mesh.virtual_services {
        let (known, foreign) = separate(mesh, service, port);
        // Only on port 80 are hosts relevant that are not services.
        if port != 80 && !mesh.registry.with_port(port).any(|entry| service.covers(&entry.host)) {
            continue;
        }
        let known: Vec<_> = known.into_iter().filter(is_http).collect();
        let routes = routes(mesh, service, port)?;
        if routes.is_empty() || (known.is_empty() && port != 80) {
            continue;
        }
        let routes = Routes::Custom(service, routes);
        for host in foreign {
            claim(host, vec![host.clone()], routes.clone());
        }
        for entry in known {
            claimed_services.insert(entry.key);
            claim(&entry.host, domains(mesh, entry), routes.clone());
        }
    }
    let rest = mesh.registry.with_port(port).filter(is_http);
    for entry in rest.filter(|entry| entry.alias().is_none() && !claimed_services.contains(entry.key)) {
        claim(&entry.host, domains(mesh, entry), Routes::Default(entry));
    }
    Ok(hosts)
}

/// Returns the services with `port` to which a `VirtualService` applies, and its hosts that are not services. A wildcard
/// applies only to services without a more specific object.
fn separate<'a>(mesh: &'a Mesh<'_>, own: &'a VirtualService, port: u16) -> (Vec<&'a Entry<'a>>, Vec<&'a String>) {
    let (mut known, mut foreign) = (Vec::new(), Vec::new());
    let is_wild = |host: &&String| host.starts_with('*');
    for host in own.spec.hosts.iter().filter(|host| !is_wild(host)) {
        match mesh.registry.with_port(port).find(|entry| entry.host == *host) {
            Some(entry) => known.push(entry),
            None => foreign.push(host),
        }
    }
    for host in own.spec.hosts.iter().filter(is_wild) {
        let covered: Vec<_> = mesh
            .registry
            .with_port(port)
            .filter(|entry| covers(host, &entry.host))
            .collect();
        if covered.is_empty() {
            foreign.push(host);
        }
        let closest = covered
            .into_iter()
            .filter(|entry| closest(mesh, entry).is_some_and(|service| service.key == own.key));
        known.extend(closest);
    }
    (known, foreign)
}

/// Returns the `VirtualService` with the most specific host for a service; the first one, if several are equally
/// specific.
fn closest<'a>(mesh: &'a Mesh<'_>, entry: &Entry<'_>) -> Option<&'a VirtualService> {
    let mut best: Option<(usize, &VirtualService)> = None;
    for service in &mesh.virtual_services {
        for host in service.spec.hosts.iter().filter(|host| covers(host, &entry.host)) {
            let closeness = if host.starts_with('*') { host.len() } else { usize::MAX };
            if best.is_none_or(|(other, _)| closeness > other) {
                best = Some((closeness, service));
            }
        }
    }
    best.map(|(_, service)| service)
}

/// Returns the routes that apply to the client and the port, up to the first catch-all route.
fn routes<'a>(
    mesh: &Mesh<'_>,
    service: &'a VirtualService,
    port: u16,
) -> Result<Rc<[ConditionalRoute<'a>]>, NotModelledError> {
    let mut routes = Vec::new();
    for route in &service.spec.http {
        if route.matches.is_empty() {
            routes.push(ConditionalRoute { condition: None, route });
            break;
        }
        for condition in &route.matches {
            let here = condition.port == 0 || condition.port == u32::from(port);
            if here && is_for_client(mesh, condition)? {
                let condition = Some(condition);
                routes.push(ConditionalRoute { condition, route });
                if condition.is_some_and(HttpMatch::is_catch_all) {
                    return Ok(routes.into());
                }
            }
        }
    }
    Ok(routes.into())
}

/// Returns `true` if a match applies to the client. Gateways override the conditions on the client.
fn is_for_client(mesh: &Mesh<'_>, condition: &HttpMatch) -> Result<bool, NotModelledError> {
    if !condition.gateways.is_empty() {
        return Ok(is_for_mesh(&condition.gateways));
    }
    let namespace = &condition.source_namespace;
    Ok(namespace.is_empty() || mesh.is_client_in(namespace)?)
}
