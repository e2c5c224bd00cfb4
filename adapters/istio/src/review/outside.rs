//! Review of foreign objects that bring traffic into the cluster.
//!
//! At a gateway a `VirtualService` applies only if it names the gateway and the host of the request. Ours name services,
//! and the mesh. So what a gateway or an ingress controller sends to a service is not split.

use super::{list, qualified};
use crate::native::VirtualService;
use crate::route::MESH;
use serde_json::Value;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::ObjectKey;
use std::collections::BTreeSet;

const WAY: &str = "to split it at an Istio gateway, let a split with the public host as its root take the place of this object: list the host in `external_hosts` and the gateway in `gateways` of the adapter, and name the gateway in the annotation `VirtualService.v1alpha3.networking.istio.io/spec.gateways` of that split";

pub(crate) fn review(desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    let mut diagnostics = ingress::review(desired, foreign.iter().copied(), WAY);
    for theirs in foreign.iter().filter(|object| object.kind == VirtualService::KIND) {
        let mut backends = backends(theirs);
        if backends.is_empty() {
            continue;
        }
        for ours in desired {
            if let PolicyKey::Route(root) = &ours.policy
                && covers(&ours.object, theirs)
            {
                backends.remove(root);
            }
        }
        diagnostics.extend(ingress::report(desired, theirs, &backends, WAY));
    }
    diagnostics
}

/// Returns `true` if one of ours applies to all hosts of another `VirtualService` at all its gateways.
fn covers(ours: &NativeObject, theirs: &NativeObject) -> bool {
    gateways(theirs).is_subset(&gateways(ours)) && hosts(theirs).is_subset(&hosts(ours))
}

/// Returns the gateways of a `VirtualService` as `namespace/name`, without the mesh.
fn gateways(object: &NativeObject) -> BTreeSet<String> {
    let namespace = object.key().namespace;
    let names = list(&object.spec, "gateways").filter_map(Value::as_str);
    names
        .filter(|name| *name != MESH)
        .map(|name| {
            if name.contains('/') {
                name.to_owned()
            } else {
                format!("{namespace}/{name}")
            }
        })
        .collect()
}

fn hosts(object: &NativeObject) -> BTreeSet<String> {
    let hosts = list(&object.spec, "hosts").filter_map(Value::as_str);
    hosts.map(|host| qualified(object, host)).collect()
}

/// Returns the services to which a `VirtualService` sends the traffic of gateways.
pub(super) fn backends(object: &NativeObject) -> BTreeSet<ObjectKey> {
    if gateways(object).is_empty() {
        return BTreeSet::new();
    }
    let protocols = ["http", "tls", "tcp"].into_iter();
    let routes = protocols.flat_map(|protocol| list(&object.spec, protocol));
    routes
        .filter(|route| applies_at_gateways(route))
        .flat_map(|route| list(route, "route"))
        .filter_map(|to| to.get("destination")?.get("host")?.as_str())
        .filter_map(|host| service(&qualified(object, host)))
        .collect()
}

/// Returns `true` unless every match of a route is limited to the mesh.
fn applies_at_gateways(route: &Value) -> bool {
    let mut matches = list(route, "match").peekable();
    matches.peek().is_none()
        || matches.any(|matching| {
            let mut gateways = list(matching, "gateways").peekable();
            gateways.peek().is_none() || gateways.any(|gateway| gateway != MESH)
        })
}

/// Returns the service that a qualified host names, if it names one.
fn service(host: &str) -> Option<ObjectKey> {
    let (name, namespace) = host.strip_suffix(".svc")?.split_once('.')?;
    Some(ObjectKey::new(namespace, name))
}
