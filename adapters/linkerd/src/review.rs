//! Review of foreign objects that affect ours. This module covers the routes and profiles that affect splits, [`access`]
//! the rest.
//!
//! A `ServiceProfile` with routes or overrides hides every `HTTPRoute` of its service from the clients in its
//! namespace. A `GRPCRoute` on the same port makes Linkerd reject our routes. `HTTPRoute`s on the same port are merged
//! with ours by specificity, request by request, so they can take requests from a split.
//!
//! The module [`outside`] covers the objects that bring traffic into the cluster.

mod access;
mod outside;

use crate::native::{HttpRoute, ServiceProfile, TcpRoute};
use serde_json::Value;
use smi_adapter::adapter::Concern;
use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, Native, NativeObject, Stage};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const GATEWAY_HTTP_ROUTE: Kind = Kind::new(&["gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"]);
pub(crate) const GRPC_ROUTE: Kind = Kind::new(&["gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes"]);

pub(crate) const SERVER_AUTHORIZATION: Kind = Kind::new(&[
    "policy.linkerd.io",
    "v1beta1",
    "ServerAuthorization",
    "serverauthorizations",
]);

pub(crate) fn review(desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    if foreign.is_empty() {
        return Vec::new();
    }
    let mut diagnostics = access::review(desired, foreign);
    diagnostics.extend(outside::review(desired, foreign));
    let mut by_service: BTreeMap<(&str, &str), Vec<&Manifest>> = BTreeMap::new();
    for ours in desired.iter().filter(|ours| ours.stage == Stage::Route) {
        if let Some((namespace, service, _)) = parents(&ours.object, "Service").next() {
            by_service.entry((namespace, service)).or_default().push(ours);
        }
    }
    for theirs in foreign {
        for ours in services(theirs)
            .iter()
            .filter_map(|service| by_service.get(service))
            .flatten()
        {
            if let Some((code, message)) = verdict(&ours.object, theirs) {
                let splits = ours.sources.iter().filter(|source| source.kind == Kind::TrafficSplit);
                let report = |split: &ObjectRef| {
                    let about = Diagnostic::new(code, split.clone(), "spec.service".into(), message.as_str());
                    about.on_ports(ports(&ours.object)).caused_by(theirs.reference())
                };
                diagnostics.extend(splits.map(report));
            }
        }
    }
    diagnostics
}

/// Returns what an object concerns: services, or the namespace of objects for access control.
pub(crate) fn concerns(object: &NativeObject) -> BTreeSet<Concern> {
    let services = services(object).into_iter();
    let services = services.map(|(namespace, name)| ObjectKey::new(namespace, name));
    let all = services.chain(ingress::backends(object));
    let mut concerns: BTreeSet<Concern> = all.map(|service| Concern::Own(format!("service {service}"))).collect();
    let is_on_server = parents(object, "Server").next().is_some();
    let is_of_service = !concerns.is_empty() || object.kind == ServiceProfile::KIND;
    if is_on_server || !is_of_service {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        concerns.insert(Concern::Own(format!("namespace {namespace}")));
    }
    concerns
}

/// Returns the services to which a foreign object may apply: namespace, name.
fn services(theirs: &NativeObject) -> BTreeSet<(&str, &str)> {
    if theirs.kind == ServiceProfile::KIND {
        let name = theirs.metadata.name.as_deref().unwrap_or_default();
        let parts = name
            .split_once('.')
            .and_then(|(service, rest)| Some((rest.split_once(".svc.")?.0, service)));
        return parts.into_iter().collect();
    }
    parents(theirs, "Service")
        .map(|(namespace, service, _)| (namespace, service))
        .collect()
}

/// Returns the ports that one of our objects applies to.
fn ports(ours: &NativeObject) -> PortSet {
    let port = parents(ours, "Service").find_map(|(_, _, port)| u16::try_from(port?).ok());
    port.map_or(PortSet::All, |port| PortSet::Only([port].into()))
}

/// Returns how a foreign object affects one of ours, which is for one of its [`services`], if at all.
fn verdict(ours: &NativeObject, theirs: &NativeObject) -> Option<(Code, String)> {
    if ours.kind == ServiceProfile::KIND {
        return None;
    }
    let (namespace, service, port) = parents(ours, "Service").next()?;
    let name = theirs.reference();
    if theirs.kind == ServiceProfile::KIND {
        let counts = ["routes", "dstOverrides"]
            .iter()
            .any(|field| list(&theirs.spec, field).next().is_some());
        // A profile that has only routes does not affect TCP.
        let hides = ours.kind != TcpRoute::KIND || list(&theirs.spec, "dstOverrides").next().is_some();
        // A profile in the namespace of the service applies to clients of all namespaces without one.
        let code = if name.key.namespace == namespace {
            Code::Conflict
        } else {
            Code::ConflictInPart
        };
        return (counts && hides).then(|| {
            let message = format!(
                "`{name}` has routes or overrides, which hide the routes of `{service}` from clients in its namespace; delete them to put the split in force"
            );
            (code, message)
        });
    }
    let (code, decides) = if theirs.kind == GRPC_ROUTE {
        (
            Code::Conflict,
            "makes it a gRPC port, so Linkerd does not accept our routes",
        )
    } else if theirs.kind == HttpRoute::KIND || theirs.kind == GATEWAY_HTTP_ROUTE {
        (
            Code::ConflictInPart,
            "takes the requests for which its matches are more specific, or as specific and older",
        )
    } else {
        return None;
    };
    let same_port = |theirs: Option<u64>| theirs.is_none() || theirs == port;
    let shared =
        parents(theirs, "Service").any(|(other, name, port)| (other, name) == (namespace, service) && same_port(port));
    shared.then(|| {
        let message = format!("`{name}` is on the same port of `{service}` and {decides}");
        (code, message)
    })
}

/// Returns the parents of a route that are of a kind: namespace, name, port.
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
