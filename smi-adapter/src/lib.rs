#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "yaml", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "yaml"),
    doc = "The meaning of Service Mesh Interface objects. The feature `yaml` adds the front page, whose example needs it."
)]

pub mod adapter;
pub mod assume;
pub mod cluster;
mod counts;
pub mod diagnostic;
pub mod engine;
pub mod guide;
pub mod ingress;
pub mod manifest;
pub mod model;
pub mod object;
pub mod pattern;
pub mod plan;
pub mod principal;
pub mod query;
pub mod resolve;
pub mod semantics;
pub mod settings;
pub mod snapshot;
pub mod weights;
pub mod workload;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use adapter::MeshAdapter;
pub use diagnostic::{Code, Diagnostic};
pub use engine::Engine;
pub use object::{ObjectKey, ObjectRef};
pub use plan::{MeshAdapterExt, Observed, Planned};
pub use settings::Settings;
pub use smi_types;
pub use snapshot::{Snapshot, SnapshotBuilder};
