use crate::access::fixture::{Fixture, GATEWAY, LINKERD, below, policy, request, route, server, with};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;

fn call(objects: &[NativeObject], from: &str, path: &str) -> String {
    Fixture::new(&json!({"containers": []})).ask(objects, from, request("POST", path, &[]))
}

fn grpc(name: &str, rules: &Value) -> NativeObject {
    route(GATEWAY, "GRPCRoute", name, rules)
}

#[test]
fn the_server_decides_on_calls_without_a_route() {
    let server = with(server("s", 80), "proxyProtocol", "gRPC");
    // HTTP routes do not count.
    let http = route(LINKERD, "HTTPRoute", "s", &below("/"));
    let objects = [server, http, policy(LINKERD, "Server", "s")];
    assert_eq!(
        (call(&objects, "c/web", "/a.B/C"), call(&objects, "", "/a.B/C")),
        ("ok".into(), "403".into())
    );
    for path in ["/", "", "/api", "/api?x=/y"] {
        assert_eq!(call(&objects, "c/web", path), "404", "{path}");
    }
    for path in ["*", "/a/b/c", "//", "/a/", "//b"] {
        assert_eq!(call(&objects, "c/web", path), "?", "{path}");
    }
    let get = request("GET", "/a.B/C", &[]);
    assert_eq!(
        Fixture::new(&json!({"containers": []})).ask(&objects, "c/web", get),
        "?"
    );
}

#[test]
fn one_route_decides() {
    let server = with(server("s", 80), "proxyProtocol", "gRPC");
    let method = json!([{"matches": [{"method": {"service": "a.B", "method": "C"}}]}]);
    let mut objects = vec![server, grpc("g", &method), policy(GATEWAY, "GRPCRoute", "g")];
    assert_eq!(call(&objects, "c/web", "/a.B/C"), "ok");
    assert_eq!(call(&objects, "c/other", "/a.B/C"), "403");
    assert_eq!(call(&objects, "c/web", "/a.B/D"), "404");
    objects.push(grpc("h", &json!([{}])));
    assert_eq!(call(&objects, "c/web", "/a.B/C"), "?");
    assert_eq!(call(&objects, "c/web", "/a.B/D"), "403");
    objects[3] = with(grpc("h", &json!([{}])), "hostnames", json!(["x"]));
    assert_eq!(call(&objects, "c/web", "/a.B/D"), "?");
}
