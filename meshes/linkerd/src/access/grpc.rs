//! Requests to Servers for gRPC, which support only gRPC routes.

use super::super::route::Rule;
use super::Answer;
use super::gate::Gate;
use super::grant::admitted;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

impl Gate<'_> {
    /// Returns the outcome of a request.
    pub(super) fn grpc(&self, request: &Request) -> Result<Answer, NotModelledError> {
        let Some((service, method)) = rpc(request)? else {
            return Ok(Answer::Status(404));
        };
        let takes = |rule: &Rule| rule.rpcs.is_empty() || rule.rpcs.iter().any(|rpc| rpc.takes(service, method));
        let attached = self.routes()?.grpc;
        let mut routes = attached.iter().filter(|(_, route)| route.rules.iter().any(takes));
        let allowed = match (routes.next(), routes.next()) {
            // Without any route, the default route of Linkerd takes all calls.
            (None, _) if attached.is_empty() => admitted(&self.grants, self.client)?,
            (None, _) => return Ok(Answer::Status(404)),
            (Some((target, route)), None) if route.hosts.accept_all() => self.authorizes_on(target)?,
            (Some(_), None) => return Err(NotModelledError("hostnames of a GRPCRoute".into())),
            (Some(_), Some(_)) => return Err(NotModelledError("the order of several GRPCRoutes".into())),
        };
        Ok(if allowed { Answer::Admitted } else { Answer::Status(403) })
    }
}

/// Returns the service and the method of a request, if it is a call: `POST /service/method`.
fn rpc(request: &Request) -> Result<Option<(&str, &str)>, NotModelledError> {
    let path = request.path.split_once('?').map_or(&*request.path, |(path, _)| path);
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), None, _) if path != "*" => Ok(None),
        (Some(service), Some(method), None)
            if request.method == "POST" && !service.is_empty() && !method.is_empty() =>
        {
            Ok(Some((service, method)))
        }
        _ => Err(NotModelledError(format!("{} {path} on a gRPC port", request.method))),
    }
}

#[cfg(test)]
mod tests;
