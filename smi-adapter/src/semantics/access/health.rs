//! Health checks of the kubelet (A38).

use super::case::Case;
use crate::query::Traffic;
use crate::workload::HealthCheck;

/// Returns `true` if the request is a health check that the workload declares, from any sender (A38).
pub(super) fn is_check(case: &Case<'_>) -> bool {
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
