use super::*;
use crate::access::fixture::{GATEWAY, LINKERD, aged, object, route, with};
use serde_json::{Value, json};

/// Returns the names of the HTTP and of the gRPC routes in force for `d/s`.
fn names(objects: &[NativeObject]) -> Option<String> {
    let attached = attached(objects, &ObjectKey::new("d", "s")).ok()?;
    let names = |routes: &[(Target, Route)]| {
        let names: Vec<_> = routes.iter().map(|(_, route)| &*route.key.name).collect();
        names.join(",")
    };
    Some(format!("{}|{}", names(&attached.http), names(&attached.grpc)))
}

fn http(name: &str) -> NativeObject {
    route(LINKERD, "HTTPRoute", name, &json!([{}]))
}

fn grpc(name: &str) -> NativeObject {
    route(GATEWAY, "GRPCRoute", name, &json!([{}]))
}

fn named(api: &str, parents: Value) -> Option<String> {
    let route = with(route(api, "HTTPRoute", "r", &json!([{}])), "parentRefs", parents);
    names(&[route])
}

#[test]
fn orders_routes_by_age_and_name() {
    assert_eq!(names(&[http("b"), http("a")]).unwrap(), "a,b|");
    let other = route(GATEWAY, "HTTPRoute", "a", &json!([{}]));
    assert_eq!(names(&[aged(other, 2), aged(http("b"), 1)]).unwrap(), "b,a|");
}

#[test]
fn parents_are_servers_in_the_same_namespace_without_port_or_section() {
    let server = |more: Value| {
        let mut parent = json!({"group": "policy.linkerd.io", "kind": "Server", "name": "s"});
        parent
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        parent
    };
    let plain = server(json!({}));
    for (parents, expected) in [
        (json!([plain]), "r|"),
        (json!([{"kind": "Server", "name": "s"}]), "r|"),
        (json!([server(json!({"namespace": "d"}))]), "r|"),
        (json!([plain, server(json!({"name": "t"}))]), "r|"),
        (
            json!([plain, {"group": "core", "kind": "Service", "name": "web"}]),
            "r|",
        ),
        (json!([plain, plain]), "r|"),
        (json!([{"name": "s"}]), "|"),
        (json!([{"group": "", "kind": "Server", "name": "s"}]), "|"),
        (json!([server(json!({"name": "t"}))]), "|"),
        (json!([server(json!({"port": 80}))]), "|"),
        (json!([server(json!({"sectionName": "x"}))]), "|"),
        (json!([server(json!({"namespace": "o"}))]), "|"),
        // One invalid parent invalidates the whole route.
        (json!([plain, server(json!({"name": "t", "port": 81}))]), "|"),
        (json!([plain, server(json!({"name": "t", "namespace": "o"}))]), "|"),
    ] {
        assert_eq!(named(LINKERD, parents.clone()).unwrap(), expected, "{parents}");
    }
    assert_eq!(named(GATEWAY, json!([plain])).unwrap(), "r|");
    assert_eq!(named(GATEWAY, json!([{"kind": "Server", "name": "s"}])).unwrap(), "|");
    assert_eq!(named(GATEWAY, json!([plain, plain])), None);
    let mut far = with(http("r"), "parentRefs", json!([server(json!({"namespace": "d"}))]));
    far.metadata.namespace = Some("o".into());
    assert_eq!(names(&[far]).unwrap(), "|");
    assert_eq!(names(&[object(LINKERD, "HTTPRoute", "d/r", json!({}))]).unwrap(), "|");
}

#[test]
fn grpc_routes_prevent_the_acceptance_of_http_routes() {
    assert_eq!(names(&[http("a"), grpc("g")]).unwrap(), "|g");
    let other = with(
        grpc("g"),
        "parentRefs",
        json!([{"group": "policy.linkerd.io", "kind": "Server", "name": "t"}]),
    );
    assert_eq!(names(&[http("a"), other]).unwrap(), "a|");
    let spoiled = json!({"group": "policy.linkerd.io", "kind": "Server", "name": "s", "port": 80});
    assert_eq!(
        names(&[http("a"), with(grpc("g"), "parentRefs", json!([spoiled]))]),
        None
    );
    let server = json!({"group": "policy.linkerd.io", "kind": "Server", "name": "s"});
    let service = json!({"group": "core", "kind": "Service", "name": "s"});
    assert_eq!(
        names(&[with(http("a"), "parentRefs", json!([server, service])), grpc("g")]),
        None
    );
}

#[test]
fn ignores_rejected_routes() {
    let broken = json!([
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]},
        {"matches": [{"path": {"type": "RegularExpression", "value": "("}}]},
    ]);
    assert_eq!(
        names(&[route(LINKERD, "HTTPRoute", "r", &broken), http("s")]).unwrap(),
        "s|"
    );
    let unusual = json!([{"more": 1}]);
    assert_eq!(names(&[route(LINKERD, "HTTPRoute", "r", &unusual)]), None);
}
