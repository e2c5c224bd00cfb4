#![doc = include_str!("../README.md")]

pub mod adapter;
pub mod assume;
pub mod cluster;
pub mod diagnostic;
pub mod guide;
pub mod manifest;
pub mod model;
pub mod object;
pub mod pattern;
pub mod plan;
pub mod probe;
pub mod resolve;
pub mod semantics;
pub mod settings;
pub mod snapshot;
pub mod weights;
pub mod workload;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use smi_types;
