//! The server side of the mesh: the requests that a pod admits, and those that its proxy denies.
//!
//! The input contains running pods. The injector has already copied the annotations of the namespace to them, and a pod
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
use super::fields::{Read, ReadError};
use smi_adapter::manifest::NativeObject;
use smi_adapter::query::Traffic;
use smi_conformance::{Decision, Inbound, MeshWorld, NotModelledError};

/// The outcome of a request or connection to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The request reaches the workload.
    Admitted,
    /// The proxy responds itself with this HTTP status: 404 if no route matches the request, 403 if the request is
    /// denied, the status of a redirect if a route redirects it.
    Status(u16),
    /// The proxy closes the connection.
    Closed,
}

/// A request is allowed only if it reaches the workload.
impl From<Answer> for Decision {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Admitted => Self::Allow,
            Answer::Status(_) | Answer::Closed => Self::Deny,
        }
    }
}

impl LinkerdMesh {
    /// Returns the outcome of a request or connection to a pod, in more detail than
    /// [`authorize`](smi_conformance::Interpreter::authorize).
    ///
    /// # Errors
    /// Returns an error if the outcome depends on something that is not modelled.
    pub fn answer(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Answer, NotModelledError> {
        let Some(pod) = world.pods.get(&inbound.pod) else {
            return Err(NotModelledError(format!("{}, which is not a pod", inbound.pod)));
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
            Traffic::Tcp | Traffic::Udp => None,
            Traffic::Http(request) => Some(check_request(request)?),
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

/// Returns the reason if the API server or Linkerd's admission rejects an object that is not a route.
pub(super) fn refusal(object: &NativeObject) -> Option<String> {
    let read = if authorization::is_policy(object, "Server") {
        Server::read(object).map(drop)
    } else if authorization::is_policy(object, "ServerAuthorization") {
        legacy::check(object, &Domain::new("", ""))
    } else if object.kind.group() == target::LINKERD {
        authorization::check(object, &Domain::new("", ""))
    } else {
        return None;
    };
    match read {
        Err(ReadError::Rejected(why)) => Some(why),
        Ok(()) | Err(ReadError::Unmodelled(_)) => None,
    }
}

/// Returns the parsed part of an object, or `None` if the object is rejected and so does not exist.
fn existing<T>(object: &NativeObject, read: Read<T>) -> Result<Option<T>, NotModelledError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ReadError::Rejected(_)) => Ok(None),
        Err(ReadError::Unmodelled(what)) => Err(NotModelledError(format!("{what} ({})", object.reference()))),
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
