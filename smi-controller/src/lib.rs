#![doc = include_str!("../README.md")]

mod backoff;
mod cluster;
mod conditions;
mod controller;
mod event;
mod lease;
mod mirror;
mod request;
mod rules;
mod served;
mod task;
mod watch;

pub use cluster::KubeCluster;
pub use conditions::conditions;
pub use controller::{Change, Changes, Controller, DryRun, Handle, ObjectStatus, Readiness};
pub use event::{Reporter, Subject};
pub use kube;
pub use lease::{Candidate, Leadership, LeaseName, LeaseSettings};
pub use mirror::{Mirror, Update};
#[cfg(feature = "metrics")]
pub use prometheus_client;
pub use rules::{Rules, lease_rules, rules};
pub use served::Served;
