//! Traffic from outside: native objects that send it to the root of a split, past the split.
//!
//! A split applies to the traffic of clients (T1), and a client without a proxy of the mesh calls the service itself
//! (T4). Ingress controllers and gateways often are such clients, or choose a pod of the service themselves. An adapter
//! [reads](crate::MeshAdapter::reads) the [`kinds`] of this module and calls [`review`] in its own
//! [review](crate::MeshAdapter::review), with its mesh's way to split this traffic.

use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject};
use crate::model::PolicyKey;
use crate::object::{Kind, ObjectKey, ObjectRef};
use serde_json::Value;
use std::collections::BTreeSet;

/// The API group of gateways and their routes.
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// The kinds of routes that can be attached to a gateway.
const ROUTES: [&str; 4] = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"];

/// Returns the kinds whose objects bring traffic into a cluster: `Ingress`, and the routes of the Gateway API. Versions
/// of the Gateway API serve `TCPRoute` and `TLSRoute` either as `v1` or as `v1alpha2`.
#[must_use]
pub const fn kinds() -> [Kind; 7] {
    [
        Kind::new(&["networking.k8s.io", "v1", "Ingress", "ingresses"]),
        Kind::new(&[GATEWAY_API, "v1", "HTTPRoute", "httproutes"]),
        Kind::new(&[GATEWAY_API, "v1", "GRPCRoute", "grpcroutes"]),
        Kind::new(&[GATEWAY_API, "v1", "TCPRoute", "tcproutes"]),
        Kind::new(&[GATEWAY_API, "v1alpha2", "TCPRoute", "tcproutes"]),
        Kind::new(&[GATEWAY_API, "v1", "TLSRoute", "tlsroutes"]),
        Kind::new(&[GATEWAY_API, "v1alpha2", "TLSRoute", "tlsroutes"]),
    ]
}

/// Reports the foreign objects that send traffic from outside to the root of a split: one [`Code::BypassedByIngress`]
/// for each split and object.
///
/// `desired` and `foreign` are the arguments of [`MeshAdapter::review`](crate::MeshAdapter::review); an adapter leaves
/// out foreign objects of which it knows that their traffic is split. `way` is a clause for users about how to split
/// this traffic.
///
/// ```
/// use serde_json::json;
/// use smi_adapter::ingress;
/// use smi_adapter::manifest::NativeObject;
/// use smi_adapter::object::ObjectKey;
///
/// let [kind, ..] = ingress::kinds();
/// let ingress = NativeObject {
///     kind,
///     metadata: serde_json::from_value(json!({"name": "shop", "namespace": "shop"}))?,
///     spec: json!({"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}).into(),
/// };
/// assert!(ingress::backends(&ingress).contains(&ObjectKey::new("shop", "web")));
///
/// // In `MeshAdapter::review`:
/// let (desired, foreign) = (&[], [ingress]);
/// let way = "to split it, let the ingress controller call the service instead of its pods";
/// assert_eq!(ingress::review(desired, &foreign, way), []);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn review<'a>(
    desired: &[&Manifest],
    foreign: impl IntoIterator<Item = &'a NativeObject>,
    way: &str,
) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    // A cluster can serve an object in several versions.
    let mut is_new = |object: &NativeObject| {
        let kind = (object.kind.group().to_owned(), object.kind.name().to_owned());
        seen.insert((kind, object.key()))
    };
    let foreign = foreign.into_iter().filter(|object| is_new(object));
    foreign
        .flat_map(|object| report(desired, object, &backends(object), way))
        .collect()
}

/// Reports one foreign object that sends traffic from outside to the services `backends`. An adapter calls it for kinds
/// of its mesh; [`review`] calls it for the [`kinds`] of this module.
#[must_use]
pub fn report(
    desired: &[&Manifest],
    object: &NativeObject,
    backends: &BTreeSet<ObjectKey>,
    way: &str,
) -> Vec<Diagnostic> {
    let name = object.reference();
    if backends.is_empty() {
        return Vec::new();
    }
    let splits = desired.iter().flat_map(|manifest| splits(manifest));
    let bypassed: BTreeSet<(&ObjectKey, &ObjectRef)> = splits.filter(|(root, _)| backends.contains(*root)).collect();
    bypassed
        .into_iter()
        .map(|(root, split)| {
            let message = format!(
                "what enters the cluster through `{name}` goes to the root service `{}` and is not split; {way}",
                root.name
            );
            let field = "spec.service".into();
            Diagnostic::new(Code::BypassedByIngress, split.clone(), field, message).caused_by(name.clone())
        })
        .collect()
}

/// Returns the splits of a manifest, each with the root.
fn splits(manifest: &Manifest) -> impl Iterator<Item = (&ObjectKey, &ObjectRef)> {
    let root = match &manifest.policy {
        PolicyKey::Route(root) => Some(root),
        PolicyKey::Access(_) | PolicyKey::Baseline(_) => None,
    };
    let splits = manifest.sources.iter();
    splits
        .filter(|source| source.kind == Kind::TrafficSplit)
        .filter_map(move |split| Some((root?, split)))
}

/// Returns the services to which an object of one of the [`kinds`] sends traffic from outside: the backends of an
/// `Ingress`, or of a route that is attached to a `Gateway`. Other objects have none, nor do parts of a wrong shape.
#[must_use]
pub fn backends(object: &NativeObject) -> BTreeSet<ObjectKey> {
    let namespace = object.key().namespace;
    match (object.kind.group(), object.kind.name()) {
        ("networking.k8s.io", "Ingress") => ingress_backends(&object.spec, &namespace),
        (GATEWAY_API, kind) if ROUTES.contains(&kind) && is_attached(&object.spec) => {
            route_backends(&object.spec, &namespace)
        }
        _ => BTreeSet::new(),
    }
}

fn ingress_backends(spec: &Value, namespace: &str) -> BTreeSet<ObjectKey> {
    let paths = list(spec, "rules").flat_map(|rule| list(rule.get("http").unwrap_or(&Value::Null), "paths"));
    let by_path = paths.filter_map(|path| path.get("backend"));
    let backends = by_path.chain(spec.get("defaultBackend"));
    backends
        .filter_map(|backend| backend.get("service")?.get("name")?.as_str())
        .map(|name| ObjectKey::new(namespace, name))
        .collect()
}

/// Returns `true` if a route has a gateway among its parents.
fn is_attached(spec: &Value) -> bool {
    let mut parents = list(spec, "parentRefs");
    parents.any(|parent| {
        text(parent, "kind", "Gateway") == Some("Gateway") && text(parent, "group", GATEWAY_API) == Some(GATEWAY_API)
    })
}

fn route_backends(spec: &Value, namespace: &str) -> BTreeSet<ObjectKey> {
    let backends = list(spec, "rules").flat_map(|rule| list(rule, "backendRefs"));
    backends
        .filter(|backend| text(backend, "kind", "Service") == Some("Service") && text(backend, "group", "") == Some(""))
        .filter_map(|backend| {
            let name = backend.get("name")?.as_str()?;
            Some(ObjectKey::new(text(backend, "namespace", namespace)?, name))
        })
        .collect()
}

/// Returns the text of a field, or its default if it is absent. Returns `None` if the shape is wrong.
fn text<'v>(object: &'v Value, field: &str, default: &'v str) -> Option<&'v str> {
    match object.as_object()?.get(field) {
        None | Some(Value::Null) => Some(default),
        Some(value) => value.as_str(),
    }
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests;
