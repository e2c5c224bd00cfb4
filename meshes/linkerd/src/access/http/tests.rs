use crate::access::lab::{GATEWAY, LINKERD, Lab, aged, below, policy, request, route, server, with};
use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;

fn lab() -> Lab {
    let probe = json!({"httpGet": {"path": "/healthz", "port": 80}});
    Lab::new(&json!({"containers": [{"name": "c", "livenessProbe": probe}]}))
}

/// An HTTP route called `name`, with a policy if `c/web` may use it.
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
fn only_the_most_specific_route_counts() {
    let objects = all(&[
        granted("api", &below("/api"), true),
        granted("v1", &below("/api/v1"), false),
    ]);
    let get = |path| lab().get(&objects, "c/web", path);
    assert_eq!(
        (get("/api"), get("/api/v1"), get("/")),
        ("ok".into(), "403".into(), "404".into())
    );
    // What is said of the Server counts beside it, if there is a route at all.
    let with_server = [objects.clone(), vec![policy(LINKERD, "Server", "s")]].concat();
    let get = |path| lab().get(&with_server, "c/web", path);
    assert_eq!((get("/api/v1"), get("/")), ("ok".into(), "404".into()));
}

#[test]
fn of_equal_routes_the_first_counts() {
    let two = |a: u8, b: u8| {
        let mut objects = all(&[granted("a", &below("/"), true), granted("b", &below("/"), false)]);
        for object in &mut objects {
            if object.kind.kind == "HTTPRoute" {
                let minute = if object.key().name == "a" { a } else { b };
                *object = aged(object.clone(), minute);
            }
        }
        lab().get(&objects, "c/web", "/")
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
    assert_eq!(lab().get(&twins, "c/web", "/"), "?");
}

#[test]
fn probes_need_a_route_once_there_is_one() {
    let deny = vec![server("s", 80)];
    assert_eq!(lab().get(&deny, "", "/healthz"), "ok");
    assert_eq!(
        lab().get(&all(&[granted("r", &below("/"), false)]), "", "/healthz"),
        "403"
    );
    assert_eq!(
        lab().get(&all(&[granted("r", &below("/api"), false)]), "", "/healthz"),
        "404"
    );
    assert_eq!(
        lab().get(&all(&[granted("r", &json!([]), false)]), "", "/healthz"),
        "404"
    );
    // A route that does not count takes nothing away.
    let refused = json!([{"matches": [{"method": "get"}]}]);
    assert_eq!(lab().get(&all(&[granted("r", &refused, false)]), "", "/healthz"), "ok");
    let lost = [
        server("s", 80),
        route(LINKERD, "HTTPRoute", "r", &below("/")),
        route(GATEWAY, "GRPCRoute", "g", &json!([{}])),
    ];
    assert_eq!(lab().get(&lost, "", "/healthz"), "ok");
}

#[test]
fn the_proxy_says_who_the_client_is() {
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
            assert_eq!(lab().ask(&objects, from, asked), expected, "{from} {name}");
        }
    }
}

#[test]
fn a_redirect_is_for_those_who_may_come_in() {
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "x.y", "statusCode": 301}});
    let rules = json!([
        {"matches": [{"path": {"value": "/a"}}], "filters": [redirect]},
        {"matches": [{"path": {"value": "/a"}}, {"path": {"value": "/b"}}]},
    ]);
    let objects = all(&[granted("r", &rules, true)]);
    let get = |from, path| lab().get(&objects, from, path);
    assert_eq!(
        (get("c/web", "/a"), get("c/web", "/b"), get("", "/a")),
        ("301".into(), "ok".into(), "403".into())
    );
}

#[test]
fn hosts_exclude_requests_but_put_routes_in_no_known_order() {
    let hosted = with(
        route(LINKERD, "HTTPRoute", "h", &below("/")),
        "hostnames",
        json!(["api.d"]),
    );
    let objects = [server("s", 80), hosted, policy(LINKERD, "HTTPRoute", "h")];
    let ask = |objects: &[NativeObject], host| lab().ask(objects, "c/web", request("GET", "/", &[("host", host)]));
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
fn policies_for_grpc_routes_on_ports_of_http_are_not_modelled() {
    let grpc = route(GATEWAY, "GRPCRoute", "g", &json!([{}]));
    let mut objects = vec![server("s", 80), grpc];
    assert_eq!(lab().get(&objects, "c/web", "/"), "403");
    objects.push(policy(GATEWAY, "GRPCRoute", "g"));
    assert_eq!(lab().get(&objects, "c/web", "/"), "?");
}

#[test]
fn the_pod_itself_is_let_in_wherever_a_route_is() {
    let mut lab = lab();
    lab.ip = "127.0.0.1";
    let objects = all(&[granted("r", &below("/api"), false)]);
    assert_eq!(
        (lab.get(&objects, "", "/api"), lab.get(&objects, "", "/")),
        ("ok".into(), "404".into())
    );
}
