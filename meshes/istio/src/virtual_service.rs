//! `VirtualService`s that apply inside the mesh, in istiod's order of precedence.

use super::hosts::{covers, qualified};
use super::registry::Registry;
use super::spec::{Spec, Weighted};
use super::{Mesh, not_modelled};
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelledError;

/// The reserved gateway name for all sidecars.
pub(super) const MESH: &str = "mesh";

/// A `VirtualService` with fully qualified hosts.
#[derive(Debug)]
pub(super) struct VirtualService {
    pub(super) key: ObjectKey,
    pub(super) spec: Spec,
    /// The reason why its effect on its hosts is not modelled, if any.
    not_understood: Option<String>,
}

impl VirtualService {
    /// Returns `true` if one of its hosts covers `host`.
    pub(super) fn covers(&self, host: &str) -> bool {
        self.spec.hosts.iter().any(|own| covers(own, host))
    }

    fn read(object: &NativeObject, domain: &str) -> Self {
        let key = object.key();
        let mut not_understood = special_semantics(object);
        let mut spec = match Spec::deserialize(&*object.spec) {
            Ok(spec) => spec,
            Err(error) => {
                not_understood = Some(error.to_string());
                Spec {
                    hosts: hosts_of(&object.spec),
                    ..Spec::default()
                }
            }
        };
        if not_understood.is_none() {
            not_understood = unclear(&spec);
        }
        for host in &mut spec.hosts {
            *host = qualified(host, &key.namespace, domain);
        }
        Self {
            key,
            spec,
            not_understood,
        }
    }
}

impl Mesh<'_> {
    /// Returns `true` if the client is in `namespace`.
    pub(super) fn is_client_in(&self, namespace: &str) -> Result<bool, NotModelledError> {
        match self.client {
            Some(client) => Ok(client == namespace),
            None => not_modelled("a match on the namespace of a client without a namespace"),
        }
    }

    /// Rejects `hosts` if a `VirtualService` that is not understood applies to one of them.
    pub(super) fn check_understood(&self, hosts: &[&str]) -> Result<(), NotModelledError> {
        for service in &self.virtual_services {
            if let Some(reason) = &service.not_understood
                && (service.spec.hosts.is_empty() || hosts.iter().any(|host| service.covers(host)))
            {
                return not_modelled(format!("VirtualService {}: {reason}", service.key));
            }
        }
        Ok(())
    }
}

/// Returns the `VirtualService`s that apply to sidecars and are visible in the client's namespace. Those private to the
/// namespace come first, then those exported to it by name, then the public ones. Within each group they are sorted by
/// age, oldest first, then by name and namespace.
pub(super) fn bound_to_mesh(
    objects: &[NativeObject],
    client: Option<&str>,
    registry: &Registry<'_>,
) -> Result<Vec<VirtualService>, NotModelledError> {
    let mut sorted = Vec::new();
    for object in objects.iter().filter(|object| is_virtual_service(object)) {
        let service = VirtualService::read(object, registry.domain);
        if !is_admitted(&service.spec) || !is_for_mesh(&service.spec.gateways) {
            continue;
        }
        if service.spec.hosts.is_empty() && service.not_understood.is_none() {
            // A delegate has no effect by itself.
            continue;
        }
        let Some(scope) = scope(&service, client)? else {
            continue;
        };
        // An object without a creation time gets one when it is written, after all existing objects.
        let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let (name, namespace) = (service.key.name.clone(), service.key.namespace.clone());
        sorted.push(((scope, created.is_none(), created, name, namespace), service));
    }
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(sorted.into_iter().map(|(_, service)| service).collect())
}

fn is_virtual_service(object: &NativeObject) -> bool {
    object.kind.group() == "networking.istio.io" && object.kind.name() == "VirtualService"
}

/// Returns `true` if a list of gateways includes the sidecars.
pub(super) fn is_for_mesh(gateways: &[String]) -> bool {
    gateways.is_empty() || gateways.iter().any(|gateway| gateway == MESH)
}

/// Returns the precedence of the object for the client, where lower values come first, or `None` if it is not visible.
fn scope(service: &VirtualService, client: Option<&str>) -> Result<Option<u8>, NotModelledError> {
    let to = &service.spec.export_to;
    if to.is_empty() || to.iter().any(|to| to == "*") {
        return Ok(Some(2));
    }
    if to.iter().any(|to| to == "~") {
        return Ok(None);
    }
    let Some(client) = client else {
        return not_modelled(format!(
            "the visibility of VirtualService {} to a client without a namespace",
            service.key
        ));
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

/// Returns `true` if Istio's webhook accepts the weights. It adds them as 32-bit integers, so a sum of 2³² becomes zero,
/// and the object is never stored.
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

/// Returns the reason why the effect of an object does not follow from its `spec`, if any.
fn special_semantics(object: &NativeObject) -> Option<String> {
    if object.annotation("internal.istio.io/route-semantics").is_some() {
        return Some("it was generated from a route of the Gateway API".to_owned());
    }
    if object
        .label("istio.io/rev")
        .is_some_and(|revision| revision != "default")
    {
        return Some("it is limited to a revision of Istio".to_owned());
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

/// Returns the reason why the set of routes is not modelled, if any.
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
