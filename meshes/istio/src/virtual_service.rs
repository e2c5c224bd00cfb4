//! The `VirtualService`s that are in force inside the mesh, in the order in which istiod takes them.

use super::hosts::{covers, qualified};
use super::registry::Registry;
use super::spec::{Spec, Weighted};
use super::{Mesh, not_modelled};
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelled;

/// The reserved name of the gateway that stands for all sidecars.
pub(super) const MESH: &str = "mesh";

/// A `VirtualService`, its hosts written in full.
#[derive(Debug)]
pub(super) struct VirtualService {
    pub(super) key: ObjectKey,
    pub(super) spec: Spec,
    /// Why it cannot be told what it does to its hosts.
    obscure: Option<String>,
}

impl VirtualService {
    /// Whether one of its hosts covers `host`.
    pub(super) fn covers(&self, host: &str) -> bool {
        self.spec.hosts.iter().any(|own| covers(own, host))
    }

    fn read(object: &NativeObject, domain: &str) -> Self {
        let key = object.key();
        let mut obscure = quirk(object);
        let mut spec = match Spec::deserialize(&object.spec) {
            Ok(spec) => spec,
            Err(error) => {
                obscure = Some(error.to_string());
                Spec {
                    hosts: hosts_of(&object.spec),
                    ..Spec::default()
                }
            }
        };
        if obscure.is_none() {
            obscure = unclear(&spec);
        }
        for host in &mut spec.hosts {
            *host = qualified(host, &key.namespace, domain);
        }
        Self { key, spec, obscure }
    }
}

impl Mesh<'_> {
    /// Whether the client is in `namespace`.
    pub(super) fn is_client_in(&self, namespace: &str) -> Result<bool, NotModelled> {
        match self.client {
            Some(client) => Ok(client == namespace),
            None => not_modelled("a match on the namespace of a client that has none"),
        }
    }

    /// Refuses to answer about `hosts` if a `VirtualService` that is not understood is for one of them.
    pub(super) fn understood(&self, hosts: &[&str]) -> Result<(), NotModelled> {
        for service in &self.virtual_services {
            if let Some(reason) = &service.obscure
                && (service.spec.hosts.is_empty() || hosts.iter().any(|host| service.covers(host)))
            {
                return not_modelled(format!("VirtualService {}: {reason}", service.key));
            }
        }
        Ok(())
    }
}

/// All that apply to sidecars and are visible in the client's namespace: those private to it first, then
/// those exported to it by name, then the public ones; each oldest first, then by name and namespace.
pub(super) fn bound_to_mesh(
    objects: &[NativeObject],
    client: Option<&str>,
    registry: &Registry<'_>,
) -> Result<Vec<VirtualService>, NotModelled> {
    let mut sorted = Vec::new();
    for object in objects.iter().filter(|object| is_virtual_service(object)) {
        let service = VirtualService::read(object, registry.domain);
        if !is_admitted(&service.spec) || !is_for_mesh(&service.spec.gateways) {
            continue;
        }
        if service.spec.hosts.is_empty() && service.obscure.is_none() {
            // A delegate: it does nothing by itself.
            continue;
        }
        let Some(scope) = scope(&service, client)? else {
            continue;
        };
        // What has no time yet will be stamped when it is written, after all that are there.
        let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let (name, namespace) = (service.key.name.clone(), service.key.namespace.clone());
        sorted.push(((scope, created.is_none(), created, name, namespace), service));
    }
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(sorted.into_iter().map(|(_, service)| service).collect())
}

fn is_virtual_service(object: &NativeObject) -> bool {
    object.kind.group == "networking.istio.io" && object.kind.kind == "VirtualService"
}

/// Whether a list of gateways takes sidecars in.
pub(super) fn is_for_mesh(gateways: &[String]) -> bool {
    gateways.is_empty() || gateways.iter().any(|gateway| gateway == MESH)
}

/// How near the object is to the client: the less, the earlier it is taken. `None` if it is not visible.
fn scope(service: &VirtualService, client: Option<&str>) -> Result<Option<u8>, NotModelled> {
    let to = &service.spec.export_to;
    if to.is_empty() || to.iter().any(|to| to == "*") {
        return Ok(Some(2));
    }
    if to.iter().any(|to| to == "~") {
        return Ok(None);
    }
    let Some(client) = client else {
        return not_modelled(format!("VirtualService {} and a client of no namespace", service.key));
    };
    let own = service.key.namespace == client;
    Ok(if own && to.iter().any(|to| to == "." || to == client) {
        Some(0)
    } else if to.iter().any(|to| to == client) {
        Some(1)
    } else {
        None
    })
}

/// Whether Istio's webhook takes the weights. It adds them as 32-bit integers, so that a sum of 2³² is zero
/// to it, and the object is never stored.
fn is_admitted(spec: &Spec) -> bool {
    let http = spec.http.iter().map(|route| &route.route);
    let tcp = spec.tcp.iter().map(|route| &route.route);
    let tls = spec.tls.iter().map(|route| &route.route);
    http.chain(tcp).chain(tls).all(|route| has_weight(route))
}

fn has_weight(route: &[Weighted]) -> bool {
    let in_range = |weighted: &Weighted| (0..=i64::from(i32::MAX)).contains(&weighted.weight);
    let sum: i128 = route.iter().map(|weighted| i128::from(weighted.weight)).sum();
    route.iter().all(in_range) && (route.len() < 2 || sum % (1 << 32) != 0)
}

fn hosts_of(spec: &Value) -> Vec<String> {
    let hosts = spec.get("hosts").and_then(Value::as_array).into_iter().flatten();
    hosts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What makes an object mean something else than its `spec` says, or nothing at all.
fn quirk(object: &NativeObject) -> Option<String> {
    if object.annotation("internal.istio.io/route-semantics").is_some() {
        return Some("it was made from a route of the Gateway API".to_owned());
    }
    if object
        .label("istio.io/rev")
        .is_some_and(|revision| revision != "default")
    {
        return Some("it is for one revision of Istio".to_owned());
    }
    has_null(&object.spec).then(|| "a field is null".to_owned())
}

pub(super) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// What decides which routes there are at all, and is not modelled.
fn unclear(spec: &Spec) -> Option<String> {
    if let Some(field) = spec.rest.keys().next() {
        return Some(format!("unknown field `{field}`"));
    }
    if spec.http.iter().any(|route| route.rest.contains_key("delegate")) {
        return Some("it delegates routes".to_owned());
    }
    let http_labels = spec.http.iter().flat_map(|route| &route.matches);
    let tcp_labels = spec.tcp.iter().flat_map(|route| &route.matches);
    if http_labels
        .map(|found| &found.source_labels)
        .any(|labels| !labels.is_empty())
        || tcp_labels
            .map(|found| &found.source_labels)
            .any(|labels| !labels.is_empty())
    {
        return Some("it matches on labels of the client".to_owned());
    }
    let no_action = spec
        .http
        .iter()
        .any(|route| route.route.is_empty() && route.rest.is_empty());
    if no_action || spec.tcp.iter().any(|route| route.route.is_empty()) {
        return Some("a route without destinations".to_owned());
    }
    let nothing = spec.http.is_empty() && spec.tcp.is_empty() && spec.tls.is_empty();
    nothing.then(|| "it has no routes".to_owned())
}
