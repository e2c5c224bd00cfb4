//! The gate of a pod: one port of a proxy, with the objects that decide on access there.

use super::Answer;
use super::authorization::{Policies, is_policy};
use super::client::Client;
use super::grant::{Grant, admitted};
use super::legacy::grants as server_authorizations;
use super::routes::{Attached, attached};
use super::server::{Protocol, Server};
use super::target::Target;
use super::workload::Workload;
use crate::LinkerdMesh;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// A port of a proxy, and one client that calls it.
pub(super) struct Gate<'a> {
    pub(super) mesh: &'a LinkerdMesh,
    pub(super) policies: Policies<'a>,
    pub(super) workload: &'a Workload<'a>,
    pub(super) client: &'a Client,
    protocol: Protocol,
    /// The grants that apply to every route.
    pub(super) grants: Vec<Grant>,
    /// The Server of the port, if there is one.
    server: Option<ObjectKey>,
}

impl<'a> Gate<'a> {
    /// Returns the gate of the port of `workload`. `server` is the Server of the port, if there is one.
    pub(super) fn new(
        mesh: &'a LinkerdMesh,
        policies: Policies<'a>,
        workload: &'a Workload<'a>,
        client: &'a Client,
        server: Option<&Server>,
    ) -> Result<Self, NotModelledError> {
        let cluster = &*mesh.cluster_networks;
        let gate = |protocol, grants| Self {
            mesh,
            policies,
            workload,
            client,
            protocol,
            grants,
            server: server.map(|server| ObjectKey::new(workload.namespace, server.name.clone())),
        };
        let Some(server) = server else {
            let protocol = if workload.is_opaque()? {
                Protocol::Opaque
            } else {
                Protocol::Detect
            };
            let policy = workload.default_policy(mesh.default_inbound_policy);
            // Policies for the namespace apply only to ports with a Server.
            let grants = policy.grant(cluster).into_iter().collect();
            return Ok(gate(protocol, grants));
        };
        let is_limit = |object: &&NativeObject| {
            is_policy(object, "HTTPLocalRateLimitPolicy")
                && object.key().namespace == workload.namespace
                && object.spec.pointer("/targetRef/name").and_then(|name| name.as_str()) == Some(&server.name)
        };
        if let Some(limit) = policies.objects.iter().find(is_limit) {
            return Err(NotModelledError(format!("rate limits ({})", limit.reference())));
        }
        let mut grants = policies.grants(&[Target::Namespace, Target::Server(server.name.clone())])?;
        grants.extend(server_authorizations(policies, server, cluster)?);
        grants.extend(server.policy.grant(cluster));
        Ok(gate(server.protocol, grants))
    }

    /// Returns the outcome of a request, or of bytes that are not HTTP.
    pub(super) fn answer(&self, request: Option<&Request>) -> Result<Answer, NotModelledError> {
        match (self.protocol, request) {
            (Protocol::Detect | Protocol::Http, Some(request)) => self.http(request),
            (Protocol::Grpc, Some(request)) => self.grpc(request),
            // The proxy parses the bytes as HTTP.
            (Protocol::Http | Protocol::Grpc, None) => Ok(Answer::Closed),
            (Protocol::Detect, None) | (Protocol::Opaque, _) => Ok(if admitted(&self.grants, self.client)? {
                Answer::Admitted
            } else {
                Answer::Closed
            }),
        }
    }

    /// Returns the routes in force.
    pub(super) fn routes(&self) -> Result<Attached, NotModelledError> {
        match &self.server {
            Some(server) => attached(self.policies.objects, server),
            None => Ok(Attached::default()),
        }
    }

    /// Returns `true` if the client is authorized on `route`.
    pub(super) fn authorizes_on(&self, route: &Target) -> Result<bool, NotModelledError> {
        let mut grants = self.policies.grants(std::slice::from_ref(route))?;
        grants.extend(self.grants.iter().cloned());
        admitted(&grants, self.client)
    }
}
