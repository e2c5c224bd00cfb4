//! Destinations of routes: resolution to services and shares.

use super::hosts::qualified;
use super::registry::Entry;
use super::spec::Weighted;
use super::{Call, Mesh, not_modelled};
use smi_adapter::query::{Distribution, Endpoint};
use smi_conformance::NotModelledError;

/// The traffic of a route. It determines how destinations are resolved and how failures appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Requests. Services without the called port are not found, and the proxy responds with status 503.
    Http,
    /// Connections. Every service is found, and connections without an endpoint are closed.
    Tcp,
}

impl Layer {
    fn failure(self) -> Endpoint {
        match self {
            Self::Http => Endpoint::Status(503),
            Self::Tcp => Endpoint::Failure,
        }
    }
}

/// Returns the shares of `route`, which belongs to a `VirtualService` in `namespace`.
pub(super) fn distribution(
    mesh: &Mesh<'_>,
    call: &Call<'_>,
    layer: Layer,
    route: &[Weighted],
    namespace: &str,
) -> Result<Distribution, NotModelledError> {
    let mut shares = Vec::new();
    for weighted in route {
        // The weight of a single destination is ignored, even if it is zero.
        let weight = if route.len() == 1 { 1 } else { weighted.weight };
        if weight != 0 {
            let endpoint = endpoint(mesh, call, layer, weighted, namespace)?;
            shares.push((endpoint, u128::from(weight.unsigned_abs())));
        }
    }
    Distribution::of(shares).ok_or_else(|| NotModelledError("a route without any weight".to_owned()))
}

fn endpoint(
    mesh: &Mesh<'_>,
    call: &Call<'_>,
    layer: Layer,
    weighted: &Weighted,
    namespace: &str,
) -> Result<Endpoint, NotModelledError> {
    let destination = &weighted.destination;
    if !destination.subset.is_empty() {
        return not_modelled(format!("subset `{}`", destination.subset));
    }
    let fields = weighted.rest.keys().chain(destination.rest.keys());
    if let Some(field) = fields.into_iter().next() {
        return not_modelled(format!("a destination with the field `{field}`"));
    }
    let host = qualified(&destination.host, namespace, mesh.registry.domain);
    let registered = mesh.registry.by_host(&host);
    let known = registered.filter(|entry| layer == Layer::Tcp || entry.protocol(call.port).is_some());
    let port = match &destination.port {
        Some(port) => port.number,
        None => known.and_then(Entry::only_port).unwrap_or(call.port),
    };
    // Only one ExternalName is followed, not a chain of them.
    let concrete = match known.and_then(|entry| entry.alias()) {
        Some(outside) => mesh.registry.by_host(outside),
        None => mesh.registry.by_host(&host),
    };
    let Some(backend) = concrete.filter(|entry| entry.alias().is_none() && entry.protocol(port).is_some()) else {
        return Ok(layer.failure());
    };
    if backend.is_headless() && (backend.key != call.called.key || port != call.port) {
        // Its cluster connects to the address that the client called, even if that address belongs to another service.
        return not_modelled(format!("the headless service {} as a destination", backend.key));
    }
    Ok(backend.endpoint(port))
}
