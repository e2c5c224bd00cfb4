use super::*;
use serde_json::{Value, json};
use smi_adapter::object::Kind;

const GATEWAY: &str = "gateway.networking.k8s.io";

fn route(group: &'static str, kind: &'static str, key: &str, parents: &Value) -> NativeObject {
    let (namespace, name) = key.split_once('/').unwrap();
    NativeObject {
        kind: Kind::named(group, if group == GATEWAY { "v1" } else { "v1beta3" }, kind, "routes"),
        metadata: serde_json::from_value(json!({"namespace": namespace, "name": name})).unwrap(),
        spec: json!({"parentRefs": parents, "rules": [{}]}).into(),
    }
}

fn http(key: &str, parents: &Value) -> NativeObject {
    route("policy.linkerd.io", "HTTPRoute", key, parents)
}

fn parent(namespace: &str, port: Option<u16>) -> Value {
    let mut parent = json!({"group": "core", "kind": "Service", "name": "web", "namespace": namespace});
    if let Some(port) = port {
        parent["port"] = json!(port);
    }
    parent
}

/// Returns the names of the gRPC and of the HTTP routes in force for port 80 of `d/web`.
fn names(objects: &[NativeObject], client: &str) -> Result<[Vec<String>; 2], NotModelledError> {
    let Attached { grpc, http, .. } = attached(objects, &ObjectKey::new("d", "web"), 80, Some(client))?;
    let names = |routes: Vec<Route>| routes.into_iter().map(|route| route.key.to_string()).collect();
    Ok([names(grpc), names(http)])
}

#[test]
fn producer_routes_apply_to_all_clients_and_consumer_routes_to_their_namespace() {
    let routes = [
        http("d/b", &json!([parent("d", None)])),
        http("c/a", &json!([parent("d", Some(80))])),
        http("c/x", &json!([parent("d", Some(81))])),
        http("d/y", &json!([parent("e", Some(80))])),
    ];
    assert_eq!(names(&routes, "c").unwrap()[1], ["c/a", "d/b"]);
    assert_eq!(names(&routes, "d").unwrap()[1], ["d/b"]);
}

#[test]
fn lists_a_route_with_two_parents_once() {
    let both = http("d/r", &json!([parent("d", None), parent("d", Some(80))]));
    assert_eq!(names(&[both], "c").unwrap()[1], ["d/r"]);
}

#[test]
fn kinds_conflict_only_on_the_same_port_or_without_a_port() {
    let grpc = |port| route(GATEWAY, "GRPCRoute", "e/g", &json!([parent("d", port)]));
    let eighty = http("d/r", &json!([parent("d", Some(80))]));
    // The gRPC route does not apply to the client, but it prevents the acceptance of the HTTP route.
    assert_eq!(
        names(&[eighty.clone(), grpc(Some(80))], "c").unwrap(),
        [vec![], Vec::<String>::new()]
    );
    assert_eq!(names(&[eighty.clone(), grpc(None)], "c").unwrap()[1], ["d/r"]);
    assert_eq!(names(&[eighty, grpc(None)], "e").unwrap(), [["e/g"], ["d/r"]]);
}

#[test]
fn does_not_model_another_accepted_parent_with_the_same_name() {
    let grpc = route(GATEWAY, "GRPCRoute", "d/g", &json!([parent("d", Some(80))]));
    let also = |other: Value| [http("d/r", &json!([parent("d", Some(80)), other])), grpc.clone()];
    assert!(names(&also(parent("d", None)), "c").is_err());
    assert!(names(&also(parent("e", Some(80))), "c").is_err());
    assert_eq!(
        names(&also(parent("d", Some(81))), "c").unwrap()[1],
        Vec::<String>::new()
    );
}
