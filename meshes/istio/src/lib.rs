#![doc = include_str!("../README.md")]

mod access;
mod destination;
mod guard;
mod headers;
mod hosts;
mod http;
mod path;
mod pattern;
mod protocol;
mod registry;
mod request;
mod spec;
mod tcp;
mod virtual_hosts;
mod virtual_service;

use crate::protocol::Protocol;
use crate::registry::{Entry, Registry};
use crate::request::Received;
use crate::virtual_service::VirtualService;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, NotModelledError};

/// Istio of August 2026 with sidecars of Envoy 1.40, in a default installation.
///
/// Earlier sidecars differ: up to Envoy 1.38 the lines of a repeated header are matched as a single joined value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IstioMesh {
    /// `trustDomain` of the mesh configuration: the trust domain in the identities of the mesh's own clients.
    pub trust_domain: String,
    /// `trustDomainAliases` of the mesh configuration: trust domains that the mesh treats as its own.
    pub trust_domain_aliases: Vec<String>,
    /// `rootNamespace` of the mesh configuration: the namespace whose policies apply to the whole mesh.
    pub root_namespace: String,
    /// `true` if sidecars reject the handshake of clients that belong neither to the trust domain nor to an alias.
    /// istiod's `PILOT_SKIP_VALIDATE_TRUST_DOMAIN` disables this check.
    pub validates_trust_domain: bool,
}

impl Default for IstioMesh {
    fn default() -> Self {
        Self {
            trust_domain: "cluster.local".to_owned(),
            trust_domain_aliases: Vec::new(),
            root_namespace: "istio-system".to_owned(),
            validates_trust_domain: true,
        }
    }
}

impl Interpreter for IstioMesh {
    fn route(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        let Destination::Service { key, port } = &query.to;
        let registry = Registry::new(world)?;
        let Some(called) = registry.get(key) else {
            return Ok(Distribution::all_to(Endpoint::Nowhere));
        };
        let request = match &query.traffic {
            // Sidecars capture TCP only.
            Traffic::Udp => return Ok(Distribution::all_to(called.udp_endpoint(*port))),
            Traffic::Tcp => None,
            Traffic::Http(request) => Some(request),
        };
        let client = query.from.as_ref().map(|client| client.namespace.as_str());
        guard::reach(objects, &self.root_namespace, client)?;
        let mesh = Mesh {
            virtual_services: virtual_service::bound_to_mesh(objects, client, &registry)?,
            registry,
            client,
        };
        let distribution = mesh.connect(key, *port, request)?;
        guard::policies(objects, &mesh.registry, &distribution)?;
        Ok(distribution)
    }

    fn authorize(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Decision, NotModelledError> {
        let mut mesh = self.clone();
        if !world.trust_domain.is_empty() {
            mesh.trust_domain.clone_from(&world.trust_domain);
        }
        access::authorize(&mesh, objects, world, inbound)
    }
}

/// The configuration that istiod generates for one client's sidecar.
#[derive(Debug)]
struct Mesh<'a> {
    registry: Registry<'a>,
    /// The `VirtualService`s that apply inside the mesh and are visible to the client, in istiod's order of precedence.
    virtual_services: Vec<VirtualService>,
    /// The client's namespace.
    client: Option<&'a str>,
}

/// A connection opened by the client.
#[derive(Clone, Debug)]
struct Call<'a> {
    /// The service whose listener accepts the connection.
    called: &'a Entry<'a>,
    /// The port of the service.
    port: u16,
    /// The host name that the client resolved.
    host: &'a str,
}

impl Call<'_> {
    /// Returns the original destination, which bypasses every route.
    fn passthrough(&self) -> Distribution {
        Distribution::all_to(self.called.endpoint(self.port))
    }
}

impl Mesh<'_> {
    fn connect(&self, key: &ObjectKey, port: u16, request: Option<&Request>) -> Result<Distribution, NotModelledError> {
        let Some(named) = self.registry.get(key) else {
            return Ok(Distribution::all_to(Endpoint::Nowhere));
        };
        let Some(called) = self.registry.concrete(named) else {
            return not_modelled("a call to an ExternalName service of an outside host, which depends on DNS");
        };
        let alias = named.alias().is_some();
        let call = Call {
            called,
            port,
            host: &named.host,
        };
        let protocol = called.protocol(port);
        if alias && protocol != Some(Protocol::Http) {
            // DNS resolves to the address of the target service, whose own listener accepts the connection.
            return not_modelled("a call to an ExternalName service on a port that is not HTTP");
        }
        match (protocol, request) {
            (Some(Protocol::Http), Some(request)) => self.http(&call, request),
            // The HTTP listener of another service listens on the port at every address.
            (None, Some(request)) if self.registry.has_http_listener(port) => self.http(&call, request),
            // The inspector in front of the HTTP listener passes other traffic through.
            (Some(Protocol::Http) | None, _) => Ok(call.passthrough()),
            (Some(Protocol::Sniffed), Some(request)) => match Received::new(request)? {
                Received::Rejected(status) => Ok(Distribution::all_to(Endpoint::Status(status))),
                Received::Accepted(parsed) => http::sniffed(self, &call, &parsed),
            },
            (Some(Protocol::Sniffed | Protocol::Tcp), _) => tcp::route(self, &call),
            (Some(Protocol::Tls), _) => tcp::tls(self, &call),
            (Some(Protocol::Unsupported), _) => not_modelled("a port with a protocol for which Istio has no listener"),
        }
    }

    fn http(&self, call: &Call<'_>, request: &Request) -> Result<Distribution, NotModelledError> {
        match Received::new(request)? {
            Received::Rejected(status) => Ok(Distribution::all_to(Endpoint::Status(status))),
            Received::Accepted(parsed) => http::by_authority(self, call, &parsed),
        }
    }
}

fn not_modelled<T>(subject: impl Into<String>) -> Result<T, NotModelledError> {
    Err(NotModelledError(subject.into()))
}

#[cfg(test)]
mod tests;
