//! Health checks of containers (A38).

use super::{Transport, ports};
use k8s_openapi::api::core::v1::{Container, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// A health check request of the kubelet to a container. It keeps working in an enforced namespace (A38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HealthCheck {
    /// `GET` of a path, on a port.
    Http {
        /// The port that the container listens on.
        port: u16,
        /// The path, including any query. It begins with `/`.
        path: String,
    },
    /// `POST /grpc.health.v1.Health/Check`, on a port.
    Grpc {
        /// The port that the container listens on.
        port: u16,
    },
}

impl HealthCheck {
    /// The path of a gRPC health check.
    pub const GRPC_PATH: &'static str = "/grpc.health.v1.Health/Check";

    /// Returns the port that the request is sent to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Http { port, .. } | Self::Grpc { port } => *port,
        }
    }
}

pub(super) fn of(container: &Container) -> Vec<HealthCheck> {
    let probes = [
        &container.liveness_probe,
        &container.readiness_probe,
        &container.startup_probe,
    ];
    probes
        .into_iter()
        .flatten()
        .filter_map(|probe| check(container, probe))
        .collect()
}

/// Returns the request of a probe. Probes that open a connection or run a command send none.
fn check(container: &Container, probe: &Probe) -> Option<HealthCheck> {
    if let Some(get) = &probe.http_get {
        let path = get.path.as_deref().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        return Some(HealthCheck::Http {
            port: port(container, &get.port)?,
            path: format!("{slash}{path}"),
        });
    }
    let port = u16::try_from(probe.grpc.as_ref()?.port).ok().filter(|port| *port > 0)?;
    Some(HealthCheck::Grpc { port })
}

fn port(container: &Container, port: &IntOrString) -> Option<u16> {
    match port {
        IntOrString::Int(number) => u16::try_from(*number).ok().filter(|port| *port > 0),
        IntOrString::String(name) => {
            let mut ports = ports(container);
            let named = ports.find(|port| port.transport == Transport::Tcp && port.name.as_ref() == Some(name));
            named
                .map(|port| port.number)
                .or_else(|| name.parse().ok().filter(|port| *port > 0))
        }
    }
}
