//! Routing of HTTP requests: selection of the virtual host and of the route.

use super::destination::{Layer, distribution};
use super::hosts::{covers, domains};
use super::request::ParsedRequest;
use super::spec::{HttpMatch, Weighted};
use super::virtual_hosts::{ConditionalRoute, Routes, VirtualHost, virtual_hosts};
use super::{Call, Mesh, not_modelled};
use smi_adapter::query::{Distribution, Endpoint};
use smi_conformance::NotModelledError;
use std::net::IpAddr;

/// Routes a request on a port that is declared as HTTP, where the authority alone selects the service.
pub(super) fn by_authority(
    mesh: &Mesh<'_>,
    call: &Call<'_>,
    parsed: &ParsedRequest,
) -> Result<Distribution, NotModelledError> {
    let authority = match &parsed.authority {
        Some(authority) => without_port(&authority.to_ascii_lowercase())?,
        None => call.host.to_ascii_lowercase(),
    };
    let hosts = virtual_hosts(mesh, call.port)?;
    for host in &hosts {
        host.check()?;
    }
    let found = find(&hosts, &authority);
    let candidates = mesh.registry.with_port(call.port);
    let mut concerned: Vec<&str> = candidates
        .filter(|entry| domains(mesh, entry).contains(&authority))
        .map(|entry| entry.host.as_str())
        .collect();
    concerned.extend([call.host, call.called.host.as_str(), authority.as_str()]);
    mesh.check_understood(&concerned)?;
    match found {
        Some(host) => host.route(mesh, call, parsed),
        None if authority.parse::<IpAddr>().is_ok() => not_modelled("an address as the authority"),
        None if mesh.client.is_none() && !authority.contains('.') => {
            not_modelled("a short name used by a client without a namespace")
        }
        None => Ok(call.passthrough()),
    }
}

/// Routes a request on a port without a declared protocol. The listener belongs to the service, so the authority is
/// ignored.
pub(super) fn sniffed(
    mesh: &Mesh<'_>,
    call: &Call<'_>,
    parsed: &ParsedRequest,
) -> Result<Distribution, NotModelledError> {
    let own = &call.called.host;
    mesh.check_understood(&[own])?;
    if mesh.registry.shares_pods(call.called, call.port) {
        return not_modelled("headless services that may share pods");
    }
    let hosts = virtual_hosts(mesh, call.port)?;
    match hosts.iter().find(|host| host.domains.contains(own)) {
        Some(host) => {
            host.check()?;
            host.route(mesh, call, parsed)
        }
        None => Ok(Distribution::all_to(Endpoint::Status(404))),
    }
}

fn without_port(authority: &str) -> Result<String, NotModelledError> {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.ends_with('.') || host.contains([':', '[']) {
        return not_modelled(format!("the authority `{authority}`"));
    }
    Ok(host.to_owned())
}

fn find<'h, 'a>(hosts: &'h [VirtualHost<'a>], authority: &str) -> Option<&'h VirtualHost<'a>> {
    if let Some(exact) = hosts
        .iter()
        .find(|host| host.domains.iter().any(|domain| domain == authority))
    {
        return Some(exact);
    }
    let domains = hosts
        .iter()
        .flat_map(|host| host.domains.iter().map(move |domain| (domain, host)));
    let wild = domains.filter(|(domain, _)| domain.starts_with('*') && covers(domain, authority));
    wild.max_by_key(|(domain, _)| domain.len()).map(|(_, host)| host)
}

impl VirtualHost<'_> {
    /// Rejects configuration that Envoy rejects: Envoy would reject the whole route configuration of the port and keep
    /// the previous one.
    fn check(&self) -> Result<(), NotModelledError> {
        let Routes::Custom(service, routes) = &self.routes else {
            return Ok(());
        };
        for guarded in routes.iter() {
            let weights = guarded
                .route
                .route
                .iter()
                .map(|weighted: &Weighted| i128::from(weighted.weight));
            if guarded.route.route.len() > 1 && weights.sum::<i128>() > i128::from(u32::MAX) {
                return not_modelled(format!(
                    "VirtualService {}: Envoy rejects the sum of weights",
                    service.key
                ));
            }
            for (pattern, is_path) in guarded.condition.into_iter().flat_map(HttpMatch::patterns) {
                pattern.check(is_path)?;
            }
        }
        Ok(())
    }

    fn route(
        &self,
        mesh: &Mesh<'_>,
        call: &Call<'_>,
        parsed: &ParsedRequest,
    ) -> Result<Distribution, NotModelledError> {
        let (service, routes) = match &self.routes {
            Routes::Default(entry) if entry.is_headless() && entry.key != call.called.key => {
                return not_modelled(format!("the headless service {} by its name alone", entry.key));
            }
            Routes::Default(entry) => return Ok(Distribution::all_to(entry.endpoint(call.port))),
            Routes::Custom(service, routes) => (service, routes),
        };
        for ConditionalRoute { condition, route } in routes.iter() {
            if let Some(condition) = condition
                && !parsed.fulfils(condition)?
            {
                continue;
            }
            if let Some(field) = route.rest.keys().next() {
                return not_modelled(format!("an http route with the field `{field}`"));
            }
            return distribution(mesh, call, Layer::Http, &route.route, &service.key.namespace);
        }
        // A virtual host has no other routes.
        Ok(Distribution::all_to(Endpoint::Status(404)))
    }
}
