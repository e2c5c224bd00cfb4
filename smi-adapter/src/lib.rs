//! What Service Mesh Interface objects mean.

pub mod diagnostic;
pub mod model;
pub mod object;
pub mod pattern;
pub mod probe;
pub mod resolve;
pub mod settings;
pub mod snapshot;
