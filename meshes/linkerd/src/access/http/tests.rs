use crate::access::fixture::{Fixture, GATEWAY, LINKERD, aged, below, policy, request, route, server, with};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;

fn fixture() -> Fixture {
    let probe = json!({"httpGet": {"path": "/healthz", "port": 80}});
    Fixture::new(&json!({"containers": [{"name": "c", "livenessProbe": probe}]}))
}

/// Returns an HTTP route `name`, with a policy that authorizes `c/web` if `granted`.
fn granted(name: &str, rules: &Value, granted: bool) -> Vec<NativeObject> {
    let mut objects = vec![route(LINKERD, "HTTPRoute", name, rules)];
    if granted {
        objects.push(policy(LINKERD, "HTTPRoute", name));
    }
    objects
}

fn all(parts: &[Vec<NativeObject>]) -> Vec<NativeObject> {
    let mut objects = parts.concat();
    objects.push(server("s", 80));
    objects
}

#[test]
fn only_the_most_specific_route_decides() {
    let objects = all(&[
        granted("api", &below("/api"), true),
        granted("v1", &below("/api/v1"), false),
    ]);
    let get = |path| fixture().get(&objects, "c/web", path);
    assert_eq!(
        (get("/api"), get("/api/v1"), get("/")),
        ("ok".into(), "403".into(), "404".into())
    );
    // Policies for the Server apply as well, if a route matches.
    let with_server = [objects.clone(), vec![policy(LINKERD, "Server", "s")]].concat();
    let get = |path| fixture().get(&with_server, "c/web", path);
    assert_eq!((get("/api/v1"), get("/")), ("ok".into(), "404".into()));
}

#[test]
fn the_first_of_equal_routes_decides() {
    let two = |a: u8, b: u8| {
        let mut objects = all(&[granted("a", &below("/"), true), granted("b", &below("/"), false)]);
        for object in &mut objects {
            if object.kind.name() == "HTTPRoute" {
                let minute = if object.key().name == "a" { a } else { b };
                *object = aged(object.clone(), minute);
            }
        }
        fixture().get(&objects, "c/web", "/")
    };
    assert_eq!(
        (two(1, 2), two(2, 1), two(1, 1)),
        ("ok".into(), "403".into(), "ok".into())
    );
    let twins = [
        server("s", 80),
        route(LINKERD, "HTTPRoute", "r", &below("/")),
        route(GATEWAY, "HTTPRoute", "r", &below("/")),
    ];
    assert_eq!(fixture().get(&twins, "c/web", "/"), "?");
}

#[test]
fn probes_need_a_route_if_there_are_routes() {
    let deny = vec![server("s", 80)];
    assert_eq!(fixture().get(&deny, "", "/healthz"), "ok");
    assert_eq!(
        fixture().get(&all(&[granted("r", &below("/"), false)]), "", "/healthz"),
        "403"
    );
    assert_eq!(
        fixture().get(&all(&[granted("r", &below("/api"), false)]), "", "/healthz"),
        "404"
    );
    assert_eq!(
        fixture().get(&all(&[granted("r", &json!([]), false)]), "", "/healthz"),
        "404"
    );
    // A route that has no effect does not affect probes.
    let rejected = json!([{"matches": [{"method": "get"}]}]);
    assert_eq!(
        fixture().get(&all(&[granted("r", &rejected, false)]), "", "/healthz"),
        "ok"
    );
    let lost = [
        server("s", 80),
        route(LINKERD, "HTTPRoute", "r", &below("/")),
        route(GATEWAY, "GRPCRoute", "g", &json!([{}])),
    ];
    assert_eq!(fixture().get(&lost, "", "/healthz"), "ok");
}

#[test]
fn the_proxy_sets_the_client_identity() {
    let id = json!({"name": "l5d-client-id", "type": "RegularExpression", "value": r"web\.c\..*"});
    let objects = all(&[granted("r", &json!([{"matches": [{"headers": [id]}]}]), true)]);
    let forged = "web.c.serviceaccount.identity.linkerd.cluster.local";
    for (from, expected) in [
        ("c/web", "ok"),
        ("c/other", "404"),
        ("", "404"),
        ("tls", "404"),
        ("spiffe://c/web", "404"),
    ] {
        for name in ["x", "l5d-client-id", "L5D-Client-ID"] {
            let asked = request("GET", "/", &[(name, forged), (name, "x")]);
            assert_eq!(fixture().ask(&objects, from, asked), expected, "{from} {name}");
        }
    }
}

#[test]
fn redirects_only_authorized_clients() {
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "x.y", "statusCode": 301}});
    let rules = json!([
        {"matches": [{"path": {"value": "/a"}}], "filters": [redirect]},
        {"matches": [{"path": {"value": "/a"}}, {"path": {"value": "/b"}}]},
    ]);
    let objects = all(&[granted("r", &rules, true)]);
    let get = |from, path| fixture().get(&objects, from, path);
    assert_eq!(
        (get("c/web", "/a"), get("c/web", "/b"), get("", "/a")),
        ("301".into(), "ok".into(), "403".into())
    );
}

#[test]
fn hosts_exclude_requests_but_their_order_is_not_modelled() {
    let hosted = with(
        route(LINKERD, "HTTPRoute", "h", &below("/")),
        "hostnames",
        json!(["api.d"]),
    );
    let objects = [server("s", 80), hosted, policy(LINKERD, "HTTPRoute", "h")];
    let ask = |objects: &[NativeObject], host| fixture().ask(objects, "c/web", request("GET", "/", &[("host", host)]));
    assert_eq!(
        (ask(&objects, "api.d"), ask(&objects, "web.d")),
        ("ok".into(), "404".into())
    );
    let both = [objects.to_vec(), granted("r", &below("/x"), true)].concat();
    assert_eq!(ask(&both, "api.d"), "ok");
    let both = [objects.to_vec(), granted("r", &below("/"), true)].concat();
    assert_eq!((ask(&both, "api.d"), ask(&both, "web.d")), ("?".into(), "ok".into()));
}

#[test]
fn does_not_model_policies_for_grpc_routes_on_http_ports() {
    let grpc = route(GATEWAY, "GRPCRoute", "g", &json!([{}]));
    let mut objects = vec![server("s", 80), grpc];
    assert_eq!(fixture().get(&objects, "c/web", "/"), "403");
    objects.push(policy(GATEWAY, "GRPCRoute", "g"));
    assert_eq!(fixture().get(&objects, "c/web", "/"), "?");
}

#[test]
fn admits_the_pod_itself_where_a_route_matches() {
    let mut fixture = fixture();
    fixture.ip = "127.0.0.1";
    let objects = all(&[granted("r", &below("/api"), false)]);
    assert_eq!(
        (fixture.get(&objects, "", "/api"), fixture.get(&objects, "", "/")),
        ("ok".into(), "404".into())
    );
}
