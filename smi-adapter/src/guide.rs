//! The guide: what everything is about, how to embed it, and the rules by which SMI is read.
//!
//! 1. [`concepts`]: from objects to policies to a mesh
//! 2. [`embed`]: in an operator, step by step
//! 3. [`meshes`]: one set of SMI objects, two meshes
//! 4. [`access`]: who may talk to whom
//! 5. [`rules`]: what the IDs mean
#![cfg_attr(feature = "conformance", doc = "6. [`adapter`]: write one for another mesh")]
#![cfg_attr(
    feature = "conformance",
    doc = "7. [`conformance`]: what is proved of an adapter, and how to read a counterexample"
)]

#[doc = include_str!("guide/concepts.md")]
pub mod concepts {}

#[doc = include_str!("guide/embed.md")]
pub mod embed {}

#[doc = include_str!("guide/meshes.md")]
pub mod meshes {}

#[doc = include_str!("guide/access.md")]
pub mod access {}

#[cfg(feature = "conformance")]
#[doc = include_str!("guide/adapter.md")]
pub mod adapter {}

#[cfg(feature = "conformance")]
#[doc = include_str!("guide/conformance.md")]
pub mod conformance {}

#[doc(inline)]
pub use smi_types::rules;
