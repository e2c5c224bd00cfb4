//! What reaches a pod, and what its proxy turns away: the server's side of the mesh.
//!
//! Pods are as they run. What an injector makes of annotations of a namespace is on them already, and a pod
//! without the label that injection sets has no proxy.

mod authentication;
mod authorization;
mod cidr;
mod client;
mod gate;
mod grant;
mod grpc;
mod http;
mod identity;
mod legacy;
mod policy;
mod routes;
mod selector;
mod server;
mod target;
mod workload;

pub use self::cidr::Cidr;
pub use self::policy::DefaultPolicy;

use self::authorization::Policies;
use self::client::Client;
use self::gate::Gate;
use self::identity::Domain;
use self::server::Server;
use self::workload::Workload;
use super::LinkerdMesh;
use super::checks::check_request;
use super::fields::{Fault, Read};
use smi_adapter::manifest::NativeObject;
use smi_adapter::probe::Traffic;
use smi_conformance::{Access, Inbound, MeshWorld, NotModelled};

/// What becomes of a request or connection that reaches a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It reaches the workload.
    Admitted,
    /// The proxy answers by itself with this HTTP status: 404 where no route is for the request, 403 where it
    /// may not come in, a redirect where a route says so.
    Status(u16),
    /// The proxy closes the connection.
    Closed,
}

/// Only what reaches the workload is allowed.
impl From<Answer> for Access {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Admitted => Self::Allow,
            Answer::Status(_) | Answer::Closed => Self::Deny,
        }
    }
}

impl LinkerdMesh {
    /// What becomes of a request or connection that reaches a pod: more than
    /// [`authorize`](smi_conformance::Interpreter::authorize) says.
    ///
    /// # Errors
    /// If something that decides here is not modelled.
    pub fn answer(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Answer, NotModelled> {
        let Some(pod) = world.pods.get(&inbound.pod) else {
            return Err(NotModelled(format!("{}, which is no pod", inbound.pod)));
        };
        let namespace = &*inbound.pod.namespace;
        let workload = Workload {
            namespace,
            port: inbound.port,
            pod,
        };
        // UDP never enters a proxy.
        if inbound.traffic == Traffic::Udp || !workload.is_proxied(self)? {
            return Ok(Answer::Admitted);
        }
        let request = match &inbound.traffic {
            Traffic::Tcp => None,
            Traffic::Http(request) => Some(check_request(request)?),
            _ => return Err(NotModelled("this traffic".into())),
        };
        let trust_domain = self.trust_domain.as_deref().unwrap_or(&world.cluster_domain);
        let domain = Domain::new(&self.control_plane_namespace, trust_domain);
        let client = Client::of(&inbound.from, inbound.ip, &domain)?;
        let policies = Policies {
            objects,
            namespace,
            domain: &domain,
        };
        let server = Server::of(&workload, objects)?;
        let gate = Gate::new(self, policies, &workload, &client, server.as_ref())?;
        gate.answer(request)
    }
}

/// Why the API server or Linkerd's admission refuses an object that is no route.
pub(super) fn refusal(object: &NativeObject) -> Option<String> {
    let read = if authorization::is_policy(object, "Server") {
        Server::read(object).map(drop)
    } else if authorization::is_policy(object, "ServerAuthorization") {
        legacy::check(object, &Domain::new("", ""))
    } else if &*object.kind.group == target::LINKERD {
        authorization::check(object, &Domain::new("", ""))
    } else {
        return None;
    };
    match read {
        Err(Fault::Refused(why)) => Some(why),
        Ok(()) | Err(Fault::Unmodelled(_)) => None,
    }
}

/// What was read of an object, if that exists. What is refused never came to be.
fn existing<T>(object: &NativeObject, read: Read<T>) -> Result<Option<T>, NotModelled> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Refused(_)) => Ok(None),
        Err(Fault::Unmodelled(what)) => Err(NotModelled(format!("{what} ({})", object.reference()))),
    }
}

#[cfg(test)]
mod lab;
#[cfg(test)]
mod tests;
