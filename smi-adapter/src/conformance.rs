//! What makes "this adapter means what SMI says" a checked fact. Not covered by semver.
//!
//! An [`Interpreter`] is an adapter author's executable claim about a mesh: given native objects alone, what
//! the mesh does with a request. It is written from the mesh's documentation and source, never from the
//! adapter's code, and is held against what the real mesh answered.

pub mod case;
pub mod cases;
pub mod coverage;
pub mod dice;
mod edits;
mod extremes;
mod lab;
mod law_tests;
pub mod laws;
pub mod probes;
pub mod report;
pub mod server;
pub mod violation;
mod watchdog;
pub mod wire;
pub mod world;

pub use case::Case;
pub use cases::Cases;
pub use report::Report;
pub use violation::Violation;

use crate::manifest::NativeObject;
use crate::object::ObjectKey;
use crate::probe::{Distribution, Probe};
use k8s_openapi::api::core::v1::Service;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What a mesh does, by native objects alone. It knows no SMI type.
pub trait Interpreter: Debug + Send + Sync + 'static {
    /// Where a request or connection goes: which shares the backends get.
    ///
    /// `objects` are native objects, in any order, as they came from an API server or a file; those of other
    /// meshes and kinds are passed over. The client is in the mesh.
    ///
    /// # Errors
    /// If the interpreter does not model something that decides here. It never guesses.
    fn route(&self, objects: &[NativeObject], world: &MeshWorld, probe: &Probe) -> Result<Distribution, NotModelled>;
}

/// What is there beside native objects of the mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshWorld {
    /// The services.
    pub services: BTreeMap<ObjectKey, Service>,
    /// The DNS domain of the cluster.
    pub cluster_domain: String,
}

/// Why an interpreter has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not modelled: {0}")]
pub struct NotModelled(pub String);
