//! The virtual hosts that a sidecar has for a port, as istiod generates them.

use super::Mesh;
use super::hosts::{covers, domains};
use super::protocol::Protocol;
use super::registry::Entry;
use super::spec::{HttpMatch, HttpRoute};
use super::virtual_service::{VirtualService, is_for_mesh};
use smi_conformance::NotModelled;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What is asked for by any of these hosts.
#[derive(Debug)]
pub(super) struct VirtualHost<'a> {
    pub(super) domains: Vec<String>,
    pub(super) routes: Routes<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum Routes<'a> {
    /// To the service itself.
    Default(&'a Entry<'a>),
    /// Those of a `VirtualService` that are for the port, in order.
    Custom(&'a VirtualService, Rc<[Guarded<'a>]>),
}

/// A route, and the condition under which it is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guarded<'a> {
    pub(super) condition: Option<&'a HttpMatch>,
    pub(super) route: &'a HttpRoute,
}

/// The virtual hosts of a port: those of every `VirtualService` with routes for it, in order, then one for
/// each service that is left. A domain belongs to the first that claims it.
pub(super) fn virtual_hosts<'a>(mesh: &'a Mesh<'_>, port: u16) -> Result<Vec<VirtualHost<'a>>, NotModelled> {
    let is_http = |entry: &&Entry<'_>| matches!(entry.protocol(port), Some(Protocol::Http | Protocol::Sniffed));
    let mut hosts = Vec::new();
    let mut names = BTreeSet::new();
    let mut claimed = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let mut claim = |name: &str, domains: Vec<String>, routes: Routes<'a>| {
        if names.insert(name.to_owned()) {
            let domains = domains.into_iter().map(|domain| domain.to_ascii_lowercase());
            let domains: Vec<_> = domains.filter(|domain| claimed.insert(domain.clone())).collect();
            if !domains.is_empty() {
                hosts.push(VirtualHost { domains, routes });
            }
        }
    };
    for service in &mesh.virtual_services {
        let (known, foreign) = separate(mesh, service, port);
        // On port 80 alone hosts that are no services count too.
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
            taken.insert(entry.key);
            claim(&entry.host, domains(mesh, entry), routes.clone());
        }
    }
    let rest = mesh.registry.with_port(port).filter(is_http);
    for entry in rest.filter(|entry| entry.alias().is_none() && !taken.contains(entry.key)) {
        claim(&entry.host, domains(mesh, entry), Routes::Default(entry));
    }
    Ok(hosts)
}

/// The services with `port` that a `VirtualService` is for, and its hosts that are none. A wildcard is only
/// for the services that no other object names more closely.
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

/// The `VirtualService` whose host is closest to a service's; among equals the first.
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

/// The routes that are for the client and the port, up to the first that takes everything.
fn routes<'a>(mesh: &Mesh<'_>, service: &'a VirtualService, port: u16) -> Result<Rc<[Guarded<'a>]>, NotModelled> {
    let mut routes = Vec::new();
    for route in &service.spec.http {
        if route.matches.is_empty() {
            routes.push(Guarded { condition: None, route });
            break;
        }
        for condition in &route.matches {
            let here = condition.port == 0 || condition.port == u32::from(port);
            if here && is_for_client(mesh, condition)? {
                let condition = Some(condition);
                routes.push(Guarded { condition, route });
                if condition.is_some_and(HttpMatch::is_catch_all) {
                    return Ok(routes.into());
                }
            }
        }
    }
    Ok(routes.into())
}

/// Gateways that take sidecars in outweigh what is said of the client.
fn is_for_client(mesh: &Mesh<'_>, condition: &HttpMatch) -> Result<bool, NotModelled> {
    if !condition.gateways.is_empty() {
        return Ok(is_for_mesh(&condition.gateways));
    }
    let namespace = &condition.source_namespace;
    Ok(namespace.is_empty() || mesh.is_client_in(namespace)?)
}
