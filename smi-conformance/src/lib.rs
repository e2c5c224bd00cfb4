#![doc = include_str!("../README.md")]

mod case;
pub mod cases;
mod coverage;
#[doc(hidden)]
pub mod dice;
mod edits;
mod extremes;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod implementation;
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

/// What a mesh does, by native objects alone. It knows no SMI type.
///
/// `objects` are native objects, in any order, as they came from an API server or a file; those of other
/// meshes and kinds are passed over. Whoever interprets only routing or only access control implements one
/// method.
pub trait Interpreter: Debug + Send + Sync + 'static {
    /// Where a request or connection goes: which shares the backends get. The client is in the mesh.
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

    /// Whether a request or connection that reaches a pod is let in.
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

/// What is there beside native objects of the mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshWorld {
    /// The services.
    pub services: BTreeMap<ObjectKey, Service>,
    /// The pods, as they run: with the labels and annotations that decide what the mesh does with them.
    pub pods: BTreeMap<ObjectKey, Pod>,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The DNS domain of the cluster.
    pub cluster_domain: String,
    /// The trust domain of the mesh; empty: the one that the interpreter is set to.
    pub trust_domain: String,
    /// Whether whatever no object of the mesh decides is denied: the mesh's own default policy is so, wherever it has
    /// one.
    pub closed: bool,
}

/// A request or connection that reaches a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Who sends it, as the mesh authenticates it.
    pub from: Peer,
    /// The address that it comes from.
    pub ip: IpAddr,
    /// The pod that it reaches.
    pub pod: ObjectKey,
    /// The port that it reaches, as the pod listens on it.
    pub port: u16,
    /// What is sent.
    pub traffic: Traffic,
}

/// Who a mesh takes a peer for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A client without mutual TLS: not in the mesh.
    Plaintext,
    /// A client with mutual TLS whose certificate names nobody.
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
    /// It reaches the workload.
    Allow,
    /// It is refused.
    Deny,
}

/// Why an interpreter has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not modelled: {0}")]
pub struct NotModelledError(pub String);
