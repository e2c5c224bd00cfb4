//! Routing of connections on ports that are not HTTP or whose traffic is not recognised as HTTP.

use super::destination::{Layer, distribution};
use super::spec::TcpMatch;
use super::virtual_service::is_for_mesh;
use super::{Call, Mesh, not_modelled};
use smi_adapter::query::Distribution;
use smi_conformance::NotModelledError;

/// Routes a connection. The first matching route of the first `VirtualService` with a matching route is selected. The
/// order of the objects counts, so an older wildcard host precedes an exact one. Without a matching route the connection
/// goes to the service itself.
pub(super) fn route(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<Distribution, NotModelledError> {
    let host = &call.called.host;
    listener(mesh, call)?;
    for service in mesh.virtual_services.iter().filter(|service| service.covers(host)) {
        for route in &service.spec.tcp {
            let matches = route.matches.is_empty() || any(mesh, call, &route.matches)?;
            if !matches {
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

/// Routes TLS that the client originates, to which neither `http` nor `tcp` routes apply.
pub(super) fn tls(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<Distribution, NotModelledError> {
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

fn listener(mesh: &Mesh<'_>, call: &Call<'_>) -> Result<(), NotModelledError> {
    if mesh.registry.shares_pods(call.called, call.port) {
        return not_modelled("headless services that may share pods");
    }
    mesh.check_understood(&[&call.called.host])
}

fn any(mesh: &Mesh<'_>, call: &Call<'_>, matches: &[TcpMatch]) -> Result<bool, NotModelledError> {
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
