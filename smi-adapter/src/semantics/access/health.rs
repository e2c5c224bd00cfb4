//! A38: health checks of the kubelet.

use super::case::Case;
use crate::query::Traffic;
use crate::workload::HealthCheck;

/// A38: whether the request is a health check that the pod declares, whoever sends it.
pub(super) fn is_asked(case: &Case<'_>) -> bool {
    let Traffic::Http(request) = &case.query.traffic else {
        return false;
    };
    case.workload.health_checks().iter().any(|check| {
        let (method, path) = match check {
            HealthCheck::Http { path, .. } => ("GET", path.as_str()),
            HealthCheck::Grpc { .. } => ("POST", HealthCheck::GRPC_PATH),
        };
        check.port() == case.query.port && request.method == method && request.path == path
    })
}
