//! Connections on ports that are not HTTP, or do not look like it.

use super::destination::{Layer, distribution};
use super::spec::TcpMatch;
use super::virtual_service::is_for_mesh;
use super::{Call, Mesh, not_modelled};
use smi_adapter::probe::Distribution;
use smi_conformance::NotModelled;

/// Bytes. The first matching route of the first `VirtualService` that has one is taken, in the order of the
/// objects: an older wildcard host comes before an exact one. Without any the service keeps its connections.
pub(super) fn route(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<Distribution, NotModelled> {
    let host = &call.called.host;
    listener(mesh, call)?;
    for service in mesh.virtual_services.iter().filter(|service| service.covers(host)) {
        for route in &service.spec.tcp {
            let taken = route.matches.is_empty() || any(mesh, call, &route.matches)?;
            if !taken {
                continue;
            }
            if let Some(field) = route.rest.keys().next() {
                return not_modelled(format!("a tcp route with the field `{field}`"));
            }
            return distribution(mesh, call, Layer::Tcp, &route.route, &service.key.namespace);
        }
    }
    Ok(call.passthrough())
}

/// TLS that the client began: neither http nor tcp routes see it.
pub(super) fn tls(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<Distribution, NotModelled> {
    listener(mesh, call)?;
    let of_host = |service: &&super::VirtualService| service.covers(&call.called.host);
    match mesh
        .virtual_services
        .iter()
        .filter(of_host)
        .find(|service| !service.spec.tls.is_empty())
    {
        Some(service) => not_modelled(format!("the tls routes of VirtualService {}", service.key)),
        None => Ok(call.passthrough()),
    }
}

fn listener(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<(), NotModelled> {
    if mesh.registry.shares_pods(call.called, call.port) {
        return not_modelled("headless services that may share pods");
    }
    mesh.understood(&[&call.called.host])
}

fn any(mesh: &Mesh<'_>, call: &Call<'_>, matches: &[TcpMatch]) -> Result<bool, NotModelled> {
    for condition in matches {
        let namespace = &condition.source_namespace;
        let applies = is_for_mesh(&condition.gateways)
            && (condition.port == 0 || condition.port == u32::from(call.port))
            && (namespace.is_empty() || mesh.is_client_in(namespace)?);
        if !applies {
            continue;
        }
        if let Some(field) = condition.rest.keys().next() {
            return not_modelled(format!("a tcp match with the field `{field}`"));
        }
        return Ok(true);
    }
    Ok(false)
}
