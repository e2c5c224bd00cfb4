//! Misreadings of SMI objects, for mutants.

use crate::edits::{is, matches_of};
use crate::world::NAMESPACES;
use crate::world::workloads::ACCOUNTS;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Returns the map that contains the fields of the specification, in any version.
fn fields(document: &mut Value) -> Option<&mut Map<String, Value>> {
    if document.get("spec").is_some_and(Value::is_object) {
        return document.get_mut("spec")?.as_object_mut();
    }
    document.as_object_mut()
}

fn of<'d>(documents: &'d mut [Value], kind: &'d str) -> impl Iterator<Item = &'d mut Value> {
    documents.iter_mut().filter(move |document| is(document, kind))
}

fn list<'f>(
    fields: &'f mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'f mut Map<String, Value>> + use<'f> {
    let list = fields.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn text(document: &Value, pointer: &str) -> String {
    document
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Reads a weight of zero as the smallest positive one.
pub(super) fn weights_of_one(documents: &mut [Value]) {
    for fields in of(documents, "TrafficSplit").filter_map(fields) {
        for backend in list(fields, "backends") {
            let zero = [json!(0), json!("0"), json!("0m")];
            if backend.get("weight").is_some_and(|weight| zero.contains(weight)) {
                backend.insert("weight".into(), json!(1));
            }
        }
    }
}

/// Adds every port to every service.
pub(super) fn every_port(documents: &mut [Value]) {
    let mut all: Vec<Value> = Vec::new();
    for service in of(documents, "Service") {
        let ports = service.pointer("/spec/ports").and_then(Value::as_array);
        for port in ports.into_iter().flatten() {
            if !all.iter().any(|other| other.get("port") == port.get("port")) {
                all.push(port.clone());
            }
        }
    }
    for fields in of(documents, "Service").filter_map(fields) {
        if fields.get("type") != Some(&json!("ExternalName")) {
            fields.insert("ports".into(), json!(all));
        }
    }
}

/// Reads a traffic target without sources as one with all sources.
pub(super) fn all_sources(documents: &mut [Value]) {
    let accounts = NAMESPACES.into_iter().flat_map(|namespace| {
        ACCOUNTS.map(|name| json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}))
    });
    let all: Value = accounts.collect();
    for fields in of(documents, "TrafficTarget").filter_map(fields) {
        let has_none = fields
            .get("sources")
            .is_none_or(|sources| sources.is_null() || *sources == json!([]));
        if has_none {
            fields.insert("sources".into(), all.clone());
        }
    }
}

/// Reads a source without a namespace as one in each namespace.
pub(super) fn any_namespace(documents: &mut [Value]) {
    for fields in of(documents, "TrafficTarget").filter_map(fields) {
        let Some(sources) = fields.get_mut("sources").and_then(Value::as_array_mut) else {
            continue;
        };
        let everywhere = sources.drain(..).flat_map(|source| {
            if source
                .get("namespace")
                .is_some_and(|namespace| namespace.as_str().is_some_and(|it| !it.is_empty()))
            {
                return vec![source];
            }
            let there = |namespace: &str| {
                let mut source = source.clone();
                if let Some(fields) = source.as_object_mut() {
                    fields.insert("namespace".into(), json!(namespace));
                }
                source
            };
            NAMESPACES.map(there).to_vec()
        });
        *sources = everywhere.collect();
    }
}

/// Reads a missing route group as one that matches everything.
pub(super) fn missing_groups(documents: &mut Vec<Value>) {
    let mut there: BTreeSet<(String, String)> = BTreeSet::new();
    for group in of(documents, "HTTPRouteGroup") {
        there.insert((text(group, "/metadata/namespace"), text(group, "/metadata/name")));
    }
    let mut made = Vec::new();
    for target in of(documents, "TrafficTarget") {
        let namespace = text(target, "/metadata/namespace");
        let Some(fields) = fields(target) else { continue };
        for rule in ["rules", "specs"] {
            for rule in list(fields, rule) {
                let name = rule.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let is_group = rule.get("kind") == Some(&json!("HTTPRouteGroup"));
                if !is_group || !there.insert((namespace.clone(), name.clone())) {
                    continue;
                }
                let listed = rule
                    .get("matches")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                let named = listed.into_iter().chain([json!("everything")]);
                let matches: Value = named.map(|name| json!({ "name": name })).collect();
                made.push(json!({
                    "apiVersion": "specs.smi-spec.io/v1alpha4",
                    "kind": "HTTPRouteGroup",
                    "metadata": {"namespace": namespace, "name": name},
                    "spec": {"matches": matches},
                }));
            }
        }
    }
    documents.extend(made);
}

/// Reads headers with a lost filter as no headers.
pub(super) fn lost_headers(documents: &mut [Value]) {
    for group in of(documents, "HTTPRouteGroup") {
        for matching in matches_of(group).into_iter().flatten().filter_map(Value::as_object_mut) {
            let lost = |headers: &Value| *headers == json!({}) || *headers == json!([{}]);
            if matching.get("headers").is_some_and(lost) {
                matching.remove("headers");
            }
        }
    }
}

/// Keeps only the first copy of an object that occurs twice.
pub(super) fn first_of_two(documents: &mut Vec<Value>) {
    let mut seen = BTreeSet::new();
    documents.retain(|document| {
        let name = ["/kind", "/metadata/namespace", "/metadata/name"].map(|pointer| text(document, pointer));
        seen.insert(name)
    });
}

/// Drops splits of the oldest version.
pub(super) fn old_version(documents: &mut Vec<Value>) {
    documents.retain(|document| !is(document, "TrafficSplit") || !text(document, "/apiVersion").ends_with("/v1alpha1"));
}
