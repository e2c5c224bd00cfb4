//! What objects of others do to ours: routes and profiles to splits, here; the rest in [`access`].
//!
//! A `ServiceProfile` with routes or overrides hides every `HTTPRoute` of its service, for the clients of its
//! namespace. A `GRPCRoute` on the same port un-accepts our routes. `HTTPRoute`s on the same port are merged
//! with ours, request by request by specificity, so they may take what a split should.

mod access;

use crate::native::{HttpRoute, ServiceProfile, TcpRoute};
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Manifest, Native, NativeObject, Stage};
use smi_adapter::object::Kind;

pub(crate) const GATEWAY_HTTP_ROUTE: Kind = Kind::new("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
pub(crate) const GRPC_ROUTE: Kind = Kind::new("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes");

pub(crate) const SERVER_AUTHORIZATION: Kind = Kind::new(
    "policy.linkerd.io",
    "v1beta1",
    "ServerAuthorization",
    "serverauthorizations",
);

pub(crate) fn review(desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
    let mut diagnostics = access::review(desired, foreign);
    let desired: Vec<&Manifest> = desired.iter().filter(|ours| ours.stage == Stage::Route).collect();
    for theirs in foreign {
        for ours in &desired {
            if let Some(message) = verdict(&ours.object, theirs) {
                let splits = ours.sources.iter().filter(|source| source.kind == Kind::TRAFFIC_SPLIT);
                let say = |split: &_| {
                    Diagnostic::new(
                        Code::Conflict,
                        Clone::clone(split),
                        "spec.service".into(),
                        message.as_str(),
                    )
                };
                diagnostics.extend(splits.map(say));
            }
        }
    }
    diagnostics
}

/// What an object of somebody else does to one of ours, if anything.
fn verdict(ours: &NativeObject, theirs: &NativeObject) -> Option<String> {
    if ours.kind == ServiceProfile::KIND {
        return None;
    }
    let (namespace, service, port) = parents(ours, "Service").next()?;
    let name = theirs.reference();
    if theirs.kind == ServiceProfile::KIND {
        let counts = ["routes", "dstOverrides"]
            .iter()
            .any(|field| list(&theirs.spec, field).next().is_some());
        let is_for = name.key.name.starts_with(&format!("{service}.{namespace}.svc."));
        // A profile with nothing but routes leaves TCP alone.
        let hides = ours.kind != TcpRoute::KIND || list(&theirs.spec, "dstOverrides").next().is_some();
        return (counts && is_for && hides).then(|| {
            format!(
                "`{name}` has routes or overrides, which hide the routes of `{service}` from clients of its namespace; delete them to hand the service over"
            )
        });
    }
    let decides = if theirs.kind == GRPC_ROUTE {
        "takes the port for gRPC, so that ours are not accepted"
    } else if theirs.kind == HttpRoute::KIND || theirs.kind == GATEWAY_HTTP_ROUTE {
        "takes the requests that its matches are more specific for, or older"
    } else {
        return None;
    };
    let same_port = |theirs: Option<u64>| theirs.is_none() || theirs == port;
    let shared =
        parents(theirs, "Service").any(|(other, name, port)| (other, name) == (namespace, service) && same_port(port));
    shared.then(|| format!("`{name}` is on the same port of `{service}` and {decides}"))
}

/// The objects of a kind that a route is for: namespace, name, port.
fn parents<'v>(route: &'v NativeObject, kind: &'static str) -> impl Iterator<Item = (&'v str, &'v str, Option<u64>)> {
    let own = route.metadata.namespace.as_deref().unwrap_or_default();
    list(&route.spec, "parentRefs")
        .filter(move |parent| parent.get("kind").and_then(Value::as_str) == Some(kind))
        .filter_map(move |parent| {
            let text = |field: &str| parent.get(field).and_then(Value::as_str);
            let port = parent.get("port").and_then(Value::as_u64);
            Some((text("namespace").unwrap_or(own), text("name")?, port))
        })
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests;
