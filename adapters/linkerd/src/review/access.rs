//! Review of foreign objects that affect access control.
//!
//! Of two `Server`s for one port of a pod, Linkerd silently uses the older one. Foreign policies add to the access that
//! ours allow. Foreign routes on our servers take requests from our routes.

use super::{GATEWAY_HTTP_ROUTE, GRPC_ROUTE, SERVER_AUTHORIZATION, list, parents};
use crate::native::{AuthorizationPolicy, HttpRoute, Server};
use serde_json::{Map, Value};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn review(desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    let mut review = Review::of(desired);
    if review.namespaces.is_empty() {
        return Vec::new();
    }
    for theirs in foreign {
        let namespace = theirs.metadata.namespace.as_deref().unwrap_or_default();
        if !review.namespaces.contains(namespace) {
            continue;
        }
        if theirs.kind == Server::KIND {
            review.server(namespace, theirs);
        } else if theirs.kind == AuthorizationPolicy::KIND {
            review.policy(namespace, theirs);
        } else if theirs.kind == SERVER_AUTHORIZATION {
            review.server_authorization(namespace, theirs);
        } else if [HttpRoute::KIND, GATEWAY_HTTP_ROUTE, GRPC_ROUTE].contains(&theirs.kind) {
            review.route(namespace, theirs);
        }
    }
    review.diagnostics
}

/// A `Server` or `HTTPRoute` that is managed by us.
struct Ours<'a> {
    object: &'a NativeObject,
    workload: &'a ObjectRef,
}

struct Review<'a> {
    /// The enforced namespaces.
    namespaces: BTreeSet<&'a str>,
    /// Our servers, by namespace.
    servers: BTreeMap<&'a str, Vec<Ours<'a>>>,
    /// Our routes, by namespace and name.
    routes: BTreeMap<(&'a str, &'a str), Ours<'a>>,
    /// The targets that grant access, by workload.
    targets: BTreeMap<&'a ObjectRef, BTreeSet<&'a ObjectRef>>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Review<'a> {
    fn of(desired: &'a [&'a Manifest]) -> Self {
        let mut review = Self {
            namespaces: BTreeSet::new(),
            servers: BTreeMap::new(),
            routes: BTreeMap::new(),
            targets: BTreeMap::new(),
            diagnostics: Vec::new(),
        };
        for manifest in desired.iter().filter(|manifest| manifest.policy.is_access()) {
            let namespace = manifest.policy.namespace();
            review.namespaces.insert(namespace);
            let PolicyKey::Access(workload) = &manifest.policy else {
                continue;
            };
            let object = &manifest.object;
            let ours = Ours { object, workload };
            if object.kind == Server::KIND {
                review.servers.entry(namespace).or_default().push(ours);
            } else if object.kind == HttpRoute::KIND {
                let name = object.metadata.name.as_deref().unwrap_or_default();
                review.routes.insert((namespace, name), ours);
            }
            let sources = manifest.sources.iter();
            let targets = sources.filter(|source| source.kind == Kind::TrafficTarget);
            review.targets.entry(workload).or_default().extend(targets);
        }
        review
    }

    fn report(&mut self, code: Code, object: &ObjectRef, theirs: &NativeObject, message: &str) {
        let about = Diagnostic::new(code, object.clone(), FieldPath::root(), message);
        self.diagnostics.push(about.caused_by(theirs.reference()));
    }

    /// Reports a conflict on the workload and on the targets that grant access to it.
    fn conflict(&mut self, workload: &ObjectRef, theirs: &NativeObject, message: &str) {
        self.report(Code::Conflict, workload, theirs, message);
        let targets = self.targets.get(workload).cloned().unwrap_or_default();
        for target in targets {
            let about = Diagnostic::new(Code::Conflict, target.clone(), FieldPath::root(), message)
                .caused_by(theirs.reference())
                .on_workload(workload.clone());
            self.diagnostics.push(about);
        }
    }

    /// Returns the workloads of those of our servers in a namespace that fulfil `predicate`.
    fn workloads(&self, namespace: &str, predicate: impl Fn(&NativeObject) -> bool) -> BTreeSet<&'a ObjectRef> {
        let servers = self.servers.get(namespace).into_iter().flatten();
        let found = servers.filter(|ours| predicate(ours.object));
        found.map(|ours| ours.workload).collect()
    }

    /// Reviews a foreign server, which can select pods of ours on the same port.
    fn server(&mut self, namespace: &str, theirs: &NativeObject) {
        let Some(selector) = theirs.spec.get("podSelector") else {
            return;
        };
        let name = theirs.reference();
        let older = |ours: &NativeObject| is_older(theirs, ours);
        let clashes = |ours: &NativeObject| same_port(theirs, ours) && may_select(selector, ours);
        for workload in self.workloads(namespace, |ours| clashes(ours) && older(ours)) {
            let age = if theirs.metadata.creation_timestamp.is_none() {
                "may be older than our Server (its creation time is unknown), and then"
            } else {
                "is older than our Server, so"
            };
            let message = format!(
                "`{name}` may select pods of `{workload}` on the same port and {age} it decides there instead or prevents ours from being written; delete it to enforce the port"
            );
            self.conflict(workload, theirs, &message);
        }
        for workload in self.workloads(namespace, |ours| clashes(ours) && !older(ours)) {
            let message =
                format!("`{name}` may select pods of `{workload}` on the same port; our Server is older and decides");
            self.report(Code::Overrides, workload, theirs, &message);
        }
    }

    /// Reviews a foreign policy. On one of our objects, it admits every client that it authorizes.
    fn policy(&mut self, namespace: &str, theirs: &NativeObject) {
        let target = theirs.spec.get("targetRef");
        let text = |field: &str| target.and_then(|target| target.get(field)).and_then(Value::as_str);
        let (kind, name) = (text("kind").unwrap_or_default(), text("name").unwrap_or_default());
        let reference = theirs.reference();
        let workloads = match kind {
            // The target's name does not matter: the policy applies to its own namespace.
            "Namespace" => {
                let message = format!(
                    "`{reference}` targets the whole namespace, so clients that it authorizes reach every workload"
                );
                self.report(Code::NotEnforced, &ObjectRef::namespace(namespace), theirs, &message);
                return;
            }
            "Server" => self.workloads(namespace, |ours| ours.metadata.name.as_deref() == Some(name)),
            "HTTPRoute" => {
                let ours = self.routes.get(&(namespace, name));
                ours.map(|ours| ours.workload).into_iter().collect()
            }
            _ => return,
        };
        for workload in workloads {
            let message =
                format!("`{reference}` targets our {kind} `{name}`, so clients that it authorizes get through there");
            self.report(Code::NotEnforced, workload, theirs, &message);
        }
    }

    /// Reviews a foreign `ServerAuthorization`, the older form of a policy.
    fn server_authorization(&mut self, namespace: &str, theirs: &NativeObject) {
        let Some(server) = theirs.spec.get("server") else {
            return;
        };
        let reference = theirs.reference();
        let named = server.get("name").and_then(Value::as_str);
        let is_for = |ours: &NativeObject| match (named, server.get("selector")) {
            (Some(name), _) => ours.metadata.name.as_deref() == Some(name),
            (None, Some(selector)) => {
                let labels = ours.metadata.labels.iter().flatten();
                let labels: BTreeMap<&str, &str> =
                    labels.map(|(name, value)| (name.as_str(), value.as_str())).collect();
                selects(selector, &labels, true)
            }
            (None, None) => false,
        };
        for workload in self.workloads(namespace, is_for) {
            let message =
                format!("`{reference}` targets a Server of ours, so clients that it authorizes get through there");
            self.report(Code::NotEnforced, workload, theirs, &message);
        }
    }

    /// Reviews a foreign route, which can be on one of our servers.
    fn route(&mut self, namespace: &str, theirs: &NativeObject) {
        let on: BTreeSet<&str> = parents(theirs, "Server").map(|(_, name, _)| name).collect();
        if on.is_empty() {
            return;
        }
        let effect = if theirs.kind == GRPC_ROUTE {
            "so Linkerd accepts none of our HTTPRoutes there"
        } else {
            "and takes the requests for which its matches are more specific; only its own policies allow these requests"
        };
        let is_on = |ours: &NativeObject| ours.metadata.name.as_deref().is_some_and(|name| on.contains(name));
        for workload in self.workloads(namespace, is_on) {
            let message = format!("`{}` is on a Server of `{workload}`, {effect}", theirs.reference());
            self.conflict(workload, theirs, &message);
        }
    }
}

/// Returns `true` if a foreign server is older than ours. If both have the same age, the name decides. A server of ours
/// without a creation time does not exist yet.
fn is_older(theirs: &NativeObject, ours: &NativeObject) -> bool {
    match (&theirs.metadata.creation_timestamp, &ours.metadata.creation_timestamp) {
        (Some(other), Some(own)) => (other, &theirs.metadata.name) < (own, &ours.metadata.name),
        _ => true,
    }
}

/// Returns `true` if two servers can be for one port. A named port can be any port.
fn same_port(theirs: &NativeObject, ours: &NativeObject) -> bool {
    let port = theirs.spec.get("port");
    port.is_some_and(Value::is_string) || port.and_then(Value::as_u64) == ours.spec.get("port").and_then(Value::as_u64)
}

/// Returns `true` if a selector can select pods of one of our servers. These have its labels and perhaps more.
fn may_select(selector: &Value, ours: &NativeObject) -> bool {
    let match_labels = ours.spec.get("podSelector").and_then(|own| own.get("matchLabels"));
    let fields = match_labels.and_then(Value::as_object).into_iter().flatten();
    let labels = fields.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    selects(selector, &labels.collect(), false)
}

/// Returns `true` if a selector selects an object with these labels. With `all`, the object has no other labels;
/// otherwise it can have more, and the result is `true` if some further labels lead to a match.
fn selects(selector: &Value, labels: &BTreeMap<&str, &str>, all: bool) -> bool {
    let none = Map::new();
    let wanted = selector.get("matchLabels").and_then(Value::as_object).unwrap_or(&none);
    let has_value = |name: &str, fits: &dyn Fn(&str) -> bool| labels.get(name).map_or(!all, |value| fits(value));
    let has_labels = wanted
        .iter()
        .all(|(name, value)| has_value(name, &|own| value.as_str() == Some(own)));
    has_labels
        && list(selector, "matchExpressions").all(|expression| {
            let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or_default();
            let (name, known) = (text("key"), labels.contains_key(text("key")));
            let is_listed = |own: &str| list(expression, "values").any(|value| value.as_str() == Some(own));
            match text("operator") {
                "In" => has_value(name, &is_listed),
                "NotIn" => labels.get(name).is_none_or(|own| !is_listed(own)),
                "Exists" => known || !all,
                "DoesNotExist" => !known,
                // An unknown operator can select anything.
                _ => true,
            }
        })
}

#[cfg(test)]
mod tests;
