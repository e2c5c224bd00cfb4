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
use smi_adapter::probe::{Destination, Distribution, Probe, Request, Target, Traffic};
use smi_conformance::{Access, Inbound, Interpreter, MeshWorld, NotModelled};

/// Istio of August 2026 with sidecars of Envoy 1.40, as a default installation sets both up.
///
/// Earlier sidecars differ: up to Envoy 1.38 the lines of a repeated header are matched as one joined value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IstioMesh {
    /// `trustDomain` of the mesh configuration: what the identities of the mesh's own clients begin with.
    pub trust_domain: String,
    /// `trustDomainAliases` of the mesh configuration: whose identities the mesh takes for its own.
    pub trust_domain_aliases: Vec<String>,
    /// `rootNamespace` of the mesh configuration: the namespace whose policies are for the whole mesh.
    pub root_namespace: String,
    /// Whether sidecars refuse the handshake of clients that are of neither the trust domain nor an alias.
    /// istiod's `PILOT_SKIP_VALIDATE_TRUST_DOMAIN` turns it off.
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
    fn route(&self, objects: &[NativeObject], world: &MeshWorld, probe: &Probe) -> Result<Distribution, NotModelled> {
        let Destination::Service { key, port } = &probe.to;
        let registry = Registry::new(world)?;
        let Some(called) = registry.get(key) else {
            return Ok(Distribution::all_to(Target::Nowhere));
        };
        if probe.traffic == Traffic::Udp {
            // Sidecars capture TCP only.
            return Ok(Distribution::all_to(called.udp_target(*port)));
        }
        let client = probe.from.as_ref().map(|client| client.namespace.as_str());
        guard::reach(objects, &self.root_namespace, client)?;
        let mesh = Mesh {
            virtual_services: virtual_service::bound_to_mesh(objects, client, &registry)?,
            registry,
            client,
        };
        let distribution = match &probe.traffic {
            Traffic::Tcp => mesh.connect(key, *port, None),
            Traffic::Http(request) => mesh.connect(key, *port, Some(request)),
            _ => not_modelled("traffic that is neither TCP nor UDP nor HTTP"),
        }?;
        guard::policies(objects, &mesh.registry, &distribution)?;
        Ok(distribution)
    }

    fn authorize(&self, objects: &[NativeObject], world: &MeshWorld, inbound: &Inbound) -> Result<Access, NotModelled> {
        let mut mesh = self.clone();
        if !world.trust_domain.is_empty() {
            mesh.trust_domain.clone_from(&world.trust_domain);
        }
        access::authorize(&mesh, objects, world, inbound)
    }
}

/// The configuration that istiod has for one client's sidecar.
#[derive(Debug)]
struct Mesh<'a> {
    registry: Registry<'a>,
    /// Those in force inside the mesh and visible to the client, in the order in which istiod takes them.
    virtual_services: Vec<VirtualService>,
    /// The client's namespace.
    client: Option<&'a str>,
}

/// A connection that the client opened.
#[derive(Clone, Debug)]
struct Call<'a> {
    /// The service whose listener takes the connection.
    called: &'a Entry<'a>,
    /// Its port.
    port: u16,
    /// The host that the client resolved.
    host: &'a str,
}

impl Call<'_> {
    /// The original destination, past every route.
    fn passthrough(&self) -> Distribution {
        Distribution::all_to(self.called.target(self.port))
    }
}

impl Mesh<'_> {
    fn connect(&self, key: &ObjectKey, port: u16, request: Option<&Request>) -> Result<Distribution, NotModelled> {
        let Some(named) = self.registry.get(key) else {
            return Ok(Distribution::all_to(Target::Nowhere));
        };
        let Some(called) = self.registry.concrete(named) else {
            return not_modelled("a call to an ExternalName service of an outside host: DNS decides");
        };
        let alias = named.alias().is_some();
        let call = Call {
            called,
            port,
            host: &named.host,
        };
        let protocol = called.protocol(port);
        if alias && protocol != Some(Protocol::Http) {
            // DNS leads to the address of the service behind, whose own listener takes the connection.
            return not_modelled("a call to an ExternalName service on a port that is not HTTP");
        }
        match (protocol, request) {
            (Some(Protocol::Http), Some(request)) => self.http(&call, request),
            // The HTTP listener of another service has the port at every address.
            (None, Some(request)) if self.registry.has_http_listener(port) => self.http(&call, request),
            // The inspector in front of the HTTP listener lets other bytes pass.
            (Some(Protocol::Http) | None, _) => Ok(call.passthrough()),
            (Some(Protocol::Sniffed), Some(request)) => match Received::new(request)? {
                Received::Refused(status) => Ok(Distribution::all_to(Target::Status(status))),
                Received::Taken(seen) => http::sniffed(self, &call, &seen),
            },
            (Some(Protocol::Sniffed | Protocol::Tcp), _) => tcp::route(self, &call),
            (Some(Protocol::Tls), _) => tcp::tls(self, &call),
            (Some(Protocol::Odd), _) => not_modelled("a port whose protocol Istio has no listener for"),
        }
    }

    fn http(&self, call: &Call<'_>, request: &Request) -> Result<Distribution, NotModelled> {
        match Received::new(request)? {
            Received::Refused(status) => Ok(Distribution::all_to(Target::Status(status))),
            Received::Taken(seen) => http::by_authority(self, call, &seen),
        }
    }
}

fn not_modelled<T>(what: impl Into<String>) -> Result<T, NotModelled> {
    Err(NotModelled(what.into()))
}

#[cfg(test)]
mod tests;
