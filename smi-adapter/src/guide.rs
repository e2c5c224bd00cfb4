//! The guide: what everything is about, how to embed it, and the rules by which SMI is read.
//!
//! 1. [`concepts`]: from objects to policies to a mesh
//! 2. [`embed`]: in an operator, step by step
//! 3. [`meshes`]: one set of SMI objects, two meshes
//! 4. [`access`]: who may talk to whom
//! 5. [`rules`]: what the IDs mean
//! 6. [`adapter`]: write one for another mesh

#[doc = include_str!("guide/concepts.md")]
pub mod concepts {}

#[doc = include_str!("guide/embed.md")]
pub mod embed {}

#[doc = include_str!("guide/meshes.md")]
pub mod meshes {}

#[doc = include_str!("guide/access.md")]
pub mod access {}

#[doc = include_str!("guide/adapter.md")]
pub mod adapter {}

#[doc(inline)]
pub use smi_types::rules;
