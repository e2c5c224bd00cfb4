//! Assumed services and workloads, for tools that read manifests without access to a cluster.

mod services;
mod workloads;

pub use services::assume_services;
pub use workloads::assume_workloads;

use std::collections::BTreeSet;

/// Writes `port 80`, `ports 80, 443` or `no port`.
fn listed(ports: &BTreeSet<u16>) -> String {
    let numbers: Vec<String> = ports.iter().map(u16::to_string).collect();
    match numbers.len() {
        0 => "no port".to_owned(),
        1 => format!("port {}", numbers.concat()),
        _ => format!("ports {}", numbers.join(", ")),
    }
}
