//! Health checks of the kubelet (A38).

use super::case::Case;
use crate::query::Traffic;
use crate::semantics::path::without_query;
use crate::workload::HealthCheck;

/// Returns `true` if the request is a health check that the workload declares, from any sender (A38). HTTP checks are
/// compared without their query, because some meshes cannot ask for its absence.
pub(super) fn is_check(case: &Case<'_>) -> bool {
    let Traffic::Http(request) = &case.query.traffic else {
        return false;
    };
    let is_of = |check: &HealthCheck| match check {
        HealthCheck::Http { path, .. } => {
            request.method == "GET" && without_query(&request.path) == without_query(path)
        }
        HealthCheck::Grpc { .. } => request.method == "POST" && request.path == HealthCheck::GRPC_PATH,
    };
    let mut checks = case.workload.health_checks().iter();
    checks.any(|check| check.port() == case.query.port && is_of(check))
}
