//! Access: whether a pod's sidecar lets a request or connection in.
//!
//! In this order, as the traffic meets it: what the sidecar does not capture passes; the handshake tells who
//! the client is, or fails; the port's protocol says whether requests are judged or bytes; then come the
//! policies.

mod address;
mod arrival;
mod condition;
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
use super::request::Seen;
use super::{IstioMesh, not_modelled};
use arrival::Arrival;
use peer::Client;
use policy::Policies;
use reading::Reading;
use smi_adapter::manifest::NativeObject;
use smi_adapter::probe::{Request, Traffic};
use smi_conformance::{Access, Inbound, MeshWorld, NotModelled};
use workload::Workload;

/// What the sidecar of the pod does.
pub(super) fn authorize(
    mesh: &IstioMesh,
    objects: &[NativeObject],
    world: &MeshWorld,
    inbound: &Inbound,
) -> Result<Access, NotModelled> {
    let workload = Workload::find(world, &inbound.pod)?;
    // Sidecars capture TCP only.
    if inbound.traffic == Traffic::Udp || !workload.captures(inbound.port)? {
        return Ok(Access::Allow);
    }
    guard::reach(objects, &mesh.root_namespace, &workload)?;
    let mode = mutual_tls::mode(objects, &mesh.root_namespace, &workload, inbound.port)?;
    let gate = Gate {
        mesh,
        protocol: workload.protocol(inbound.port)?,
        policies: Policies::select(objects, &mesh.root_namespace, &workload)?,
        shadows: shadow::select(objects, &mesh.root_namespace, &workload)?,
        workload,
        inbound,
    };
    match peer::meet(mesh, mode, &inbound.from) {
        Client::Refused => Ok(Access::Deny),
        Client::Plaintext => gate.traffic(None),
        Client::Certified(name) => gate.traffic(Some(&name)),
        // Clients that know of it send plaintext; to others, the sidecar reads TLS records as bytes.
        Client::NotAsked => agree([
            gate.traffic(None),
            if gate.protocol == Protocol::Http {
                Ok(Access::Deny)
            } else {
                gate.judge(None, None)
            },
        ]),
    }
}

/// The part of the sidecar that stands behind the handshake.
#[derive(Debug)]
struct Gate<'a> {
    mesh: &'a IstioMesh,
    workload: Workload<'a>,
    inbound: &'a Inbound,
    protocol: Protocol,
    policies: Policies,
    shadows: Vec<shadow::Shadow>,
}

impl Gate<'_> {
    /// What becomes of the traffic of the client that this certificate names.
    fn traffic(&self, client: Option<&str>) -> Result<Access, NotModelled> {
        match (&self.inbound.traffic, self.protocol) {
            (Traffic::Tcp, Protocol::Http) => Ok(Access::Deny),
            (Traffic::Tcp, Protocol::Sniffed) | (Traffic::Tcp | Traffic::Http(_), Protocol::Tcp | Protocol::Tls) => {
                self.judge(client, None)
            }
            (Traffic::Http(request), Protocol::Http | Protocol::Sniffed) => self.request(client, request),
            (_, Protocol::Odd) => not_modelled("a port whose protocol Istio has no listener for"),
            _ => not_modelled("traffic that is neither TCP nor UDP nor HTTP"),
        }
    }

    fn request(&self, client: Option<&str>, request: &Request) -> Result<Access, NotModelled> {
        // What the inspector in front does not take for HTTP is judged as bytes.
        let unless_read = || match self.protocol {
            Protocol::Http => Ok(Access::Deny),
            _ => self.judge(client, None),
        };
        match Reading::of(request)? {
            Reading::Taken(seen) => self.judge(client, Some(&seen)),
            Reading::Refused => Ok(Access::Deny),
            Reading::Malformed => agree([Ok(Access::Deny), unless_read()]),
            Reading::OnlyHttp2(seen) => agree([unless_read(), self.judge(client, Some(&seen))]),
        }
    }

    /// What the policies say; of bytes, if there is no request.
    fn judge(&self, client: Option<&str>, request: Option<&Seen>) -> Result<Access, NotModelled> {
        let arrival = Arrival {
            mesh: self.mesh,
            workload: &self.workload,
            shadows: &self.shadows,
            client,
            ip: self.inbound.ip,
            port: self.inbound.port,
            request,
        };
        let allowed = self.policies.allow(&arrival)?;
        Ok(if allowed { Access::Allow } else { Access::Deny })
    }
}

/// The answer if every way in which the traffic may be read leads to the same.
fn agree(answers: [Result<Access, NotModelled>; 2]) -> Result<Access, NotModelled> {
    let [first, second] = answers;
    let (first, second) = (first?, second?);
    if first != second {
        return not_modelled("traffic whose reading depends on the version of HTTP or on the client");
    }
    Ok(first)
}

#[cfg(test)]
mod tests;
