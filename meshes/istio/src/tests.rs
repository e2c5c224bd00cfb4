//! Tests of behaviour that the measured facts do not cover.

#![expect(clippy::needless_pass_by_value, reason = "helpers take JSON literals")]

mod matching;
mod objects;
mod services;

use super::*;
use serde_json::{Value, json};
use smi_adapter::object::Kind;
use smi_adapter::principal::Identity;

/// Services of namespace `d`: `web`, its backends `v1` and `v2`, and a few special ones.
fn world() -> MeshWorld {
    let ports = json!([
        {"name": "http", "port": 80}, {"name": "tcp", "port": 9000}, {"name": "any", "port": 7000},
        {"name": "https", "port": 8443}, {"name": "dns", "port": 53, "protocol": "UDP"},
    ]);
    let mut world = MeshWorld::default();
    for name in ["web", "v1", "v2"] {
        add(&mut world, name, json!({"ports": ports}));
    }
    add(&mut world, "headless", json!({"clusterIP": "None", "ports": ports}));
    add(
        &mut world,
        "only9100",
        json!({"ports": [{"name": "tcp", "port": 9100}]}),
    );
    add(
        &mut world,
        "bare-alias",
        json!({"type": "ExternalName", "externalName": "v2.d.svc.cluster.local"}),
    );
    world
}

fn add(world: &mut MeshWorld, name: &str, spec: Value) {
    let key = ObjectKey::new("d", name);
    let value = json!({"metadata": {"name": name, "namespace": "d"}, "spec": spec});
    world.services.insert(key, serde_json::from_value(value).unwrap());
}

fn object(group: &str, kind: &str, namespace: &str, spec: Value) -> NativeObject {
    NativeObject {
        kind: Kind::named(group, "v1", kind, &kind.to_lowercase()),
        metadata: serde_json::from_value(json!({"name": "x", "namespace": namespace})).unwrap(),
        spec: spec.into(),
    }
}

fn istio(kind: &str, namespace: &str, spec: Value) -> NativeObject {
    object("networking.istio.io", kind, namespace, spec)
}

/// A virtual service in namespace `d`.
fn virtual_service(name: &str, spec: Value) -> NativeObject {
    let mut object = istio("VirtualService", "d", spec);
    object.metadata.name = Some(name.to_owned());
    object
}

fn to(name: &str) -> Value {
    json!([{"destination": {"host": format!("{name}.d.svc.cluster.local")}}])
}

/// A virtual service that routes requests that fulfil `condition` to `v1`, and others to `v2`.
fn matching(condition: Value) -> NativeObject {
    virtual_service(
        "m",
        json!({"hosts": ["web"], "http": [{"match": [condition], "route": to("v1")}, {"route": to("v2")}]}),
    )
}

fn request(path: &str, headers: &[(&str, &str)]) -> Traffic {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Traffic::Http(Request {
        method: "GET".into(),
        path: path.into(),
        headers: headers.iter().map(own).collect(),
    })
}

fn ask(objects: &[NativeObject], world: &MeshWorld, name: &str, port: u16, traffic: Traffic) -> Result<String, String> {
    let query = RoutingQuery {
        from: Some(Identity {
            namespace: "c".into(),
            service_account: "client".into(),
        }),
        to: Destination::Service {
            key: ObjectKey::new("d", name),
            port,
        },
        traffic,
    };
    let answer = IstioMesh::default().route(objects, world, &query);
    answer
        .map(|answer| answer.to_string())
        .map_err(|NotModelledError(reason)| reason)
}

/// Routes a plain request for `web` on port 80.
fn get(objects: &[NativeObject], headers: &[(&str, &str)]) -> Result<String, String> {
    ask(objects, &world(), "web", 80, request("/", headers))
}
