//! Fixtures for tests: objects, a pod `d/pod`, and requests of clients in the namespace `c`.

use super::Answer;
use crate::LinkerdMesh;
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Request, Traffic};
use smi_conformance::{Inbound, MeshWorld, NotModelledError, Peer};

pub(super) const POLICY: &str = "policy.linkerd.io/v1alpha1";
pub(super) const LINKERD: &str = "policy.linkerd.io/v1beta3";
pub(super) const GATEWAY: &str = "gateway.networking.k8s.io/v1";

pub(super) fn object(api: &str, kind: &str, key: &str, spec: Value) -> NativeObject {
    let (namespace, name) = key.split_once('/').unwrap();
    let (group, version) = api.split_once('/').unwrap();
    NativeObject {
        kind: Kind::named(group, version, kind, "objects"),
        metadata: serde_json::from_value(json!({"namespace": namespace, "name": name})).unwrap(),
        spec: spec.into(),
    }
}

/// Returns the object with another value for a field of its spec.
pub(super) fn with(mut object: NativeObject, field: &str, value: impl Into<Value>) -> NativeObject {
    object.spec[field] = value.into();
    object
}

pub(super) fn aged(mut object: NativeObject, minute: u8) -> NativeObject {
    let created = format!("2026-01-01T00:{minute:02}:00Z");
    object.metadata.creation_timestamp = Some(serde_json::from_value(json!(created)).unwrap());
    object
}

/// Returns a Server for all pods, which admits no client.
pub(super) fn server(name: &str, port: impl Into<Value>) -> NativeObject {
    let spec = json!({"podSelector": {}, "port": port.into()});
    object(LINKERD, "Server", &format!("d/{name}"), spec)
}

/// Returns a route for the Server `s` with these rules.
pub(super) fn route(api: &str, kind: &str, name: &str, rules: &Value) -> NativeObject {
    let parent = json!({"group": "policy.linkerd.io", "kind": "Server", "name": "s"});
    object(
        api,
        kind,
        &format!("d/{name}"),
        json!({"parentRefs": [parent], "rules": rules}),
    )
}

/// Returns one rule for a path prefix.
pub(super) fn below(path: &str) -> Value {
    json!([{"matches": [{"path": {"type": "PathPrefix", "value": path}}]}])
}

/// Returns the policy `name` for the object of `kind` with the same name, which authorizes `c/web`.
pub(super) fn policy(api: &str, kind: &str, name: &str) -> NativeObject {
    let group = api.split_once('/').unwrap().0;
    let web = json!({"kind": "ServiceAccount", "name": "web", "namespace": "c"});
    let spec = json!({
        "targetRef": {"group": group, "kind": kind, "name": name}, "requiredAuthenticationRefs": [web]
    });
    object(POLICY, "AuthorizationPolicy", &format!("d/{name}"), spec)
}

pub(super) fn account(name: &str) -> Peer {
    let (namespace, service_account) = name.split_once('/').unwrap();
    Peer::Account(Identity {
        namespace: namespace.into(),
        service_account: service_account.into(),
    })
}

pub(super) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Traffic {
    Traffic::Http(Request {
        method: method.into(),
        path: path.into(),
        headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
    })
}

/// A mesh with one pod, and the address of the requests that tests send to it.
pub(super) struct Fixture {
    pub(super) mesh: LinkerdMesh,
    pub(super) world: MeshWorld,
    pub(super) port: u16,
    pub(super) ip: &'static str,
}

impl Fixture {
    /// Returns a mesh with a pod that has this spec and a proxy.
    pub(super) fn new(spec: &Value) -> Self {
        let labels = json!({"app": "api", "linkerd.io/control-plane-ns": "linkerd"});
        Self::of_pod(json!({"metadata": {"labels": labels}, "spec": spec}))
    }

    /// Returns a mesh with a pod that has an annotation and a proxy.
    pub(super) fn annotated(name: &str, value: &str) -> Self {
        let labels = json!({"linkerd.io/control-plane-ns": "linkerd"});
        Self::of_pod(json!({"metadata": {"labels": labels, "annotations": {name: value}}}))
    }

    pub(super) fn of_pod(pod: Value) -> Self {
        let mut world = MeshWorld {
            cluster_domain: "cluster.local".into(),
            ..MeshWorld::default()
        };
        let pod = serde_json::from_value(pod).unwrap();
        world.pods.insert(ObjectKey::new("d", "pod"), pod);
        Self {
            mesh: LinkerdMesh::default(),
            world,
            port: 80,
            ip: "10.0.0.1",
        }
    }

    pub(super) fn answer(
        &self,
        objects: &[NativeObject],
        from: Peer,
        traffic: Traffic,
    ) -> Result<Answer, NotModelledError> {
        let inbound = Inbound {
            from,
            ip: self.ip.parse().unwrap(),
            pod: ObjectKey::new("d", "pod"),
            port: self.port,
            traffic,
        };
        let answer = self.mesh.answer(objects, &self.world, &inbound);
        // The order of objects must not matter.
        let reversed: Vec<_> = objects.iter().rev().cloned().collect();
        assert_eq!(self.mesh.answer(&reversed, &self.world, &inbound), answer);
        answer
    }

    /// Returns `ok`, a status, `closed`, or `?` if the answer is not modelled.
    pub(super) fn ask(&self, objects: &[NativeObject], from: &str, traffic: Traffic) -> String {
        let from = match from {
            "" => Peer::Plaintext,
            "tls" => Peer::Unidentified,
            id if id.starts_with("spiffe:") => Peer::Spiffe(id.into()),
            name => account(name),
        };
        match self.answer(objects, from, traffic) {
            Ok(Answer::Admitted) => "ok".into(),
            Ok(Answer::Closed) => "closed".into(),
            Ok(Answer::Status(status)) => status.to_string(),
            Err(NotModelledError(_)) => "?".into(),
        }
    }

    /// Returns the answer to a `GET` request.
    pub(super) fn get(&self, objects: &[NativeObject], from: &str, path: &str) -> String {
        self.ask(objects, from, request("GET", path, &[]))
    }
}
