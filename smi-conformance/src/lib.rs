#![doc = include_str!("../README.md")]

mod case;
pub mod cases;
pub mod cluster;
mod coverage;
#[doc(hidden)]
pub mod dice;
mod edits;
mod extremes;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod implementation;
mod incremental;
mod judgement;
mod lab;
#[doc(hidden)]
pub mod law_tests;
pub mod laws;
pub mod mutants;
pub mod process;
#[doc(hidden)]
pub mod queries;
mod report;
mod server;
pub mod strategies;
mod violation;
mod watchdog;
#[doc(hidden)]
pub mod wire;
#[doc(hidden)]
pub use wordless::wordless;
mod wordless;
#[doc(hidden)]
pub mod world;

pub use case::Case;
#[doc(hidden)]
pub use case::{curl, knock};
pub use cases::Cases;
pub use coverage::Coverage;
pub use implementation::{Implementation, Input};
pub use judgement::{Judgement, judge};
pub use report::{Report, State};
pub use violation::Violation;

use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use serde::{Deserialize, Serialize};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::principal::Identity;
use smi_adapter::query::{Distribution, RoutingQuery, Traffic};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

/// An executable model of a mesh, which decides by native objects alone and knows no SMI types.
///
/// `objects` are native objects in any order, as they came from an API server or a file. An interpreter ignores
/// objects of other meshes and kinds. One that models only routing or only access control implements one method.
pub trait Interpreter: Debug + Send + Sync + 'static {
    /// Returns the destinations of a request or connection, with their shares. The client is in the mesh.
    ///
    /// # Errors
    /// If the interpreter does not model something that decides here. It never guesses.
    fn route(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        let _ = (objects, world, query);
        Err(NotModelledError("routing".to_owned()))
    }

    /// Decides whether a request or connection that reaches a pod is allowed.
    ///
    /// # Errors
    /// If the interpreter does not model something that decides here. It never guesses.
    fn authorize(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Decision, NotModelledError> {
        let _ = (objects, world, inbound);
        Err(NotModelledError("access control".to_owned()))
    }
}

/// The state of a cluster apart from the native objects of the mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshWorld {
    /// The services.
    pub services: BTreeMap<ObjectKey, Service>,
    /// The running pods, with the labels and annotations that decide how the mesh treats them.
    pub pods: BTreeMap<ObjectKey, Pod>,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The DNS domain of the cluster.
    pub cluster_domain: String,
    /// The trust domain of the mesh; if empty, the one that the interpreter is configured with.
    pub trust_domain: String,
    /// Is `true` if the mesh denies what no object decides, by its own default policy wherever it has one.
    pub closed: bool,
}

/// A request or connection that reaches a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The client, as the mesh authenticates it.
    pub from: Peer,
    /// The source address.
    pub ip: IpAddr,
    /// The pod that it reaches.
    pub pod: ObjectKey,
    /// The port that it reaches, on which the pod listens.
    pub port: u16,
    /// The traffic.
    pub traffic: Traffic,
}

/// The identity of a client as a mesh authenticates it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A client without mutual TLS, which is not in the mesh.
    Plaintext,
    /// A client with mutual TLS whose certificate contains no identity.
    Unidentified,
    /// A client in the mesh that runs as this service account of the mesh's own trust domain.
    Account(Identity),
    /// A client whose certificate has this SPIFFE ID, beginning with `spiffe://`.
    Spiffe(String),
    /// A client whose certificate has this DNS name.
    Dns(String),
}

/// The decision of a mesh on inbound traffic.
///
/// Serialises as `"allow"` or `"deny"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The traffic reaches the workload.
    Allow,
    /// The traffic is denied.
    Deny,
}

/// An error that occurs when an interpreter does not model what decides a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not modelled: {0}")]
pub struct NotModelledError(pub String);
