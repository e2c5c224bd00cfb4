#![doc = include_str!("../README.md")]

mod cluster;

pub use cluster::KubeCluster;
pub use kube;
