//! Access control.

use super::*;
use crate::object::Kind;
use crate::principal::{Identity, Principal};
use crate::query::{AccessQuery, Authorization};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod};

mod bindings;
mod enforcement;
mod input;
mod open;
mod ports;
mod rules;
mod subjects;
mod traces;
mod unknown;

const ALLOW: Authorization = Authorization::Allow;
const DENY: Authorization = Authorization::Deny;

const fn either(rule: &'static str) -> Authorization {
    Authorization::Either { rule }
}

/// Parses a caller: an account as `namespace/name`, a SPIFFE ID, or an empty text for a peer without identity.
fn caller(from: &str) -> Option<Principal> {
    if from.is_empty() {
        return None;
    }
    let account = from.split_once('/').filter(|_| !from.starts_with("spiffe:"));
    Some(match account {
        Some((namespace, name)) => Principal::Account(Identity {
            namespace: namespace.into(),
            service_account: name.into(),
        }),
        None => Principal::Spiffe(from.into()),
    })
}

fn pod_ref(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(Kind::Pod, ObjectKey::new(namespace, name))
}

fn get(path: &str) -> Traffic {
    Traffic::Http(request("GET", path, &[]))
}

fn post(path: &str) -> Traffic {
    Traffic::Http(request("POST", path, &[]))
}

/// Returns the spec of a target for `api` with these rules and the source `shop/web`.
fn rules(rules: &Value) -> Value {
    json!({
        "destination": {"kind": "ServiceAccount", "name": "api"},
        "rules": rules,
        "sources": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
    })
}

/// Returns the spec of a target for `api` that allows all TCP from `shop/web` (TCPRoute `any`).
fn any_tcp() -> Value {
    rules(&json!([{"kind": "TCPRoute", "name": "any"}]))
}

/// Returns [`any_tcp`] with this value of a field.
fn with(field: &str, value: &Value) -> Value {
    let mut spec = any_tcp();
    spec[field] = value.clone();
    spec
}

fn account(name: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": "shop"})
}

impl World {
    /// Returns a namespace enforced by its label, with pod `api-1` of account `api`, which listens on 8080, and routes
    /// `any`.
    fn api() -> Self {
        World::default()
            .namespace("shop", &json!({"smi-adapter.dev/enforce": "true"}))
            .pod("shop", "api-1", "api", &json!([{"containerPort": 8080, "name": "web"}]))
            .route("TCPRoute", "any", &json!({}))
            .route("UDPRoute", "any", &json!({}))
            .group("any", &json!([{"name": "any"}]))
    }

    fn namespace(self, name: &str, labels: &Value) -> Self {
        let namespace = json!({"metadata": {"name": name, "labels": labels}});
        let namespace: Namespace = serde_json::from_value(namespace).unwrap();
        self.add(|input| input.add_namespace(namespace))
    }

    /// Adds a pod whose label `app` is the name of its account.
    fn pod(self, namespace: &str, name: &str, account: &str, ports: &Value) -> Self {
        let containers = json!([{"name": "main", "ports": ports}]);
        self.pod_of(namespace, name, account, &json!({"app": account}), &containers)
    }

    fn pod_of(self, namespace: &str, name: &str, account: &str, labels: &Value, containers: &Value) -> Self {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"serviceAccountName": account, "containers": containers},
        }))
        .unwrap();
        self.add(|input| input.add_workload(&pod))
    }

    fn deployment(self, name: &str, account: &str, labels: &Value) -> Self {
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {
                "selector": {},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"serviceAccountName": account, "containers": []},
                },
            },
        }))
        .unwrap();
        self.add(|input| input.add_workload(&deployment))
    }

    fn route(self, kind: &str, name: &str, spec: &Value) -> Self {
        self.object(&json!({
            "apiVersion": "specs.smi-spec.io/v1alpha4",
            "kind": kind,
            "metadata": {"name": name, "namespace": "shop"},
            "spec": spec,
        }))
    }

    fn target(self, name: &str, spec: &Value) -> Self {
        self.target_in("shop", "v1alpha3", name, spec)
    }

    fn target_in(self, namespace: &str, version: &str, name: &str, spec: &Value) -> Self {
        self.object(&json!({
            "apiVersion": format!("access.smi-spec.io/{version}"),
            "kind": "TrafficTarget",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }))
    }

    fn binding(self, namespace: &str, name: &str, schemes: &Value) -> Self {
        self.object(&json!({
            "apiVersion": "access.smi-spec.io/v1alpha4",
            "kind": "IdentityBinding",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"schemes": schemes},
        }))
    }

    fn authorize(&self, from: &str, to: ObjectRef, port: u16, traffic: Traffic) -> (Authorization, Trace) {
        let query = AccessQuery {
            from: caller(from),
            to,
            port,
            traffic,
        };
        authorize(&self.snapshot, &self.settings, &query)
    }

    /// Returns the authorization of `from` to send this to pod `api-1`.
    fn access(&self, from: &str, port: u16, traffic: Traffic) -> Authorization {
        self.authorize(from, pod_ref("shop", "api-1"), port, traffic).0
    }

    /// Returns the authorization of `shop/web` to send this to port 8080 of pod `api-1`.
    fn web(&self, traffic: Traffic) -> Authorization {
        self.access("shop/web", 8080, traffic)
    }

    /// Returns the authorization of `from` to open a TCP connection to port 8080 of pod `api-1`.
    fn connects(&self, from: &str) -> Authorization {
        self.access(from, 8080, Traffic::Tcp)
    }
}
