//! Access: the decision of a pod's sidecar on an inbound request or connection.
//!
//! The steps are in the order in which the sidecar performs them. Traffic that it does not capture passes. The handshake
//! identifies the client, or fails. The protocol of the port determines whether requests or bytes are evaluated. The
//! policies come last.

mod address;
mod condition;
mod context;
mod guard;
mod header;
mod logic;
mod mutual_tls;
mod operation;
mod peer;
mod policy;
mod principal;
mod reading;
mod rule;
mod selection;
mod shadow;
mod source;
mod template;
mod text;
mod trust_domain;
mod workload;

use super::protocol::Protocol;
use super::request::ParsedRequest;
use super::{IstioMesh, not_modelled};
use context::Context;
use peer::Client;
use policy::Policies;
use reading::Reading;
use smi_adapter::manifest::NativeObject;
use smi_adapter::query::{Request, Traffic};
use smi_conformance::{Decision, Inbound, MeshWorld, NotModelledError};
use workload::Workload;

/// Returns the decision of the pod's sidecar.
pub(super) fn authorize(
    mesh: &IstioMesh,
    objects: &[NativeObject],
    world: &MeshWorld,
    inbound: &Inbound,
) -> Result<Decision, NotModelledError> {
    let workload = Workload::find(world, &inbound.pod)?;
    // Sidecars capture TCP only.
    if inbound.traffic == Traffic::Udp || !workload.captures(inbound.port)? {
        return Ok(Decision::Allow);
    }
    guard::reach(objects, &mesh.root_namespace, &workload)?;
    let mode = mutual_tls::mode(objects, &mesh.root_namespace, &workload, inbound.port)?;
    let sidecar = InboundSidecar {
        mesh,
        protocol: workload.protocol(inbound.port)?,
        policies: Policies::select(objects, &mesh.root_namespace, &workload)?,
        shadows: shadow::select(objects, &mesh.root_namespace, &workload)?,
        workload,
        inbound,
    };
    match peer::handshake(mesh, mode, &inbound.from) {
        Client::Rejected => Ok(Decision::Deny),
        Client::Plaintext => sidecar.traffic(None),
        Client::Certified(name) => sidecar.traffic(Some(&name)),
        // Clients that know this mode send plaintext. From other clients the sidecar receives TLS records as bytes.
        Client::NotRequested => unanimous([
            sidecar.traffic(None),
            if sidecar.protocol == Protocol::Http {
                Ok(Decision::Deny)
            } else {
                sidecar.evaluate(None, None)
            },
        ]),
    }
}

/// The part of the sidecar that processes traffic after the handshake.
#[derive(Debug)]
struct InboundSidecar<'a> {
    mesh: &'a IstioMesh,
    workload: Workload<'a>,
    inbound: &'a Inbound,
    protocol: Protocol,
    policies: Policies,
    shadows: Vec<shadow::ShadowFilter>,
}

impl InboundSidecar<'_> {
    /// Returns the decision for a client with this name in its certificate.
    fn traffic(&self, client: Option<&str>) -> Result<Decision, NotModelledError> {
        match (&self.inbound.traffic, self.protocol) {
            (Traffic::Tcp, Protocol::Http) => Ok(Decision::Deny),
            (Traffic::Tcp, Protocol::Sniffed) | (Traffic::Tcp | Traffic::Http(_), Protocol::Tcp | Protocol::Tls) => {
                self.evaluate(client, None)
            }
            (Traffic::Http(request), Protocol::Http | Protocol::Sniffed) => self.request(client, request),
            (_, Protocol::Unsupported) => not_modelled("a port with a protocol for which Istio has no listener"),
            _ => not_modelled("traffic that is neither TCP nor UDP nor HTTP"),
        }
    }

    fn request(&self, client: Option<&str>, request: &Request) -> Result<Decision, NotModelledError> {
        match Reading::of(request)? {
            Reading::Accepted(parsed) => self.evaluate(client, Some(&parsed)),
            Reading::Rejected => Ok(Decision::Deny),
            Reading::Malformed if self.protocol == Protocol::Http => Ok(Decision::Deny),
            // Traffic that the inspector does not recognise as HTTP is evaluated as bytes.
            Reading::Malformed => unanimous([Ok(Decision::Deny), self.evaluate(client, None)]),
        }
    }

    /// Returns the decision of the policies. Without a request, the traffic is evaluated as bytes.
    fn evaluate(&self, client: Option<&str>, request: Option<&ParsedRequest>) -> Result<Decision, NotModelledError> {
        let context = Context {
            mesh: self.mesh,
            workload: &self.workload,
            shadows: &self.shadows,
            client,
            ip: self.inbound.ip,
            port: self.inbound.port,
            request,
        };
        let allowed = self.policies.allow(&context)?;
        Ok(if allowed { Decision::Allow } else { Decision::Deny })
    }
}

/// Returns the answer if all interpretations of the traffic lead to the same one.
fn unanimous(answers: [Result<Decision, NotModelledError>; 2]) -> Result<Decision, NotModelledError> {
    let [first, second] = answers;
    let (first, second) = (first?, second?);
    if first != second {
        return not_modelled("traffic whose interpretation depends on the version of HTTP or on the client");
    }
    Ok(first)
}

#[cfg(test)]
mod tests;
