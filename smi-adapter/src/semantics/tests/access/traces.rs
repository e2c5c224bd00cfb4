//! Traces: the examined objects, and the rules that decided.

use super::*;

#[test]
fn a_trace_lists_every_step_of_an_authorization() {
    let world = World::api()
        .group(
            "books",
            &json!([{"name": "ids", "pathRegex": "/books"}, {"name": "all"}]),
        )
        .target(
            "a",
            &with(
                "sources",
                &json!([account("db"), {"kind": "User", "name": "x", "namespace": "shop"}]),
            ),
        )
        .target("b", &with("destination", &account("db")))
        .target(
            "c",
            &rules(&json!([{"kind": "HTTPRouteGroup", "name": "books", "matches": ["ids", "x"]}])),
        )
        .target(
            "d",
            &rules(&json!([{"kind": "TCPRoute", "name": "gone"}, {"kind": "TCPRoute", "name": "any"}])),
        );
    let to = || pod_ref("shop", "api-1");
    let (_, trace) = world.authorize("shop/web", to(), 8080, get("/"));
    let expected = "\
Namespace shop: is enforced because its label `smi-adapter.dev/enforce` is `true` (A2)
TrafficTarget shop/a: `sources[1]` matches no caller because `User` is not a kind of identity in `v1alpha3` (A26)
TrafficTarget shop/a: does not allow the traffic because the caller is not one of its sources (A4)
TrafficTarget shop/b: does not allow the traffic because its destination `db` does not match the workload (A18)
TrafficTarget shop/c: a rule selects `x`, which is not a match of `books` (A8)
HTTPRouteGroup shop/books: the request does not fulfil match `ids` (`matches[0]`) because the path `/` does not match `/books` as a whole (S4)
TrafficTarget shop/c: does not allow the traffic because no rule of kind `HTTPRouteGroup` matches it (A5)
TCPRoute shop/gone: matches nothing because it does not exist (A9)
TCPRoute shop/any: port `8080` is one of its ports (A11)
TrafficTarget shop/d: allows the traffic (A3)
Pod shop/api-1: the traffic is allowed (A1)
";
    assert_eq!(trace.to_string(), expected);
    let of_target = trace.steps().iter().find(|step| step.object.key.name == "c").unwrap();
    let (name, group) = ("x".to_owned(), "books".to_owned());
    assert_eq!(of_target.outcome, Outcome::UnknownMatch { name, group });

    let (_, trace) = world.authorize("", to(), 8080, Traffic::Udp);
    let expected = "\
Namespace shop: is enforced because its label `smi-adapter.dev/enforce` is `true` (A2)
TrafficTarget shop/a: does not allow the traffic because the caller has no identity (A34)
TrafficTarget shop/b: does not allow the traffic because its destination `db` does not match the workload (A18)
TrafficTarget shop/c: does not allow the traffic because the caller has no identity (A34)
TrafficTarget shop/d: does not allow the traffic because the caller has no identity (A34)
Pod shop/api-1: the traffic is denied (A2)
";
    assert_eq!(trace.to_string(), expected);
}

/// Returns the rules recorded on objects of this kind, for traffic from `shop/web` to pod `api-1`.
fn recorded(world: &World, kind: &Kind, port: u16, traffic: Traffic) -> Vec<&'static str> {
    let (_, trace) = world.authorize("shop/web", pod_ref("shop", "api-1"), port, traffic);
    let steps = trace.steps().iter().filter(|step| step.object.kind == *kind);
    steps.map(|step| step.rule).collect()
}

#[test]
fn a_trace_names_the_rule_of_every_clause() {
    let destination = |port: Value| json!({"kind": "ServiceAccount", "name": "api", "port": port});
    let elsewhere = json!({"kind": "ServiceAccount", "name": "api", "namespace": "other"});
    let rule = |kind: &str| rules(&json!([{"kind": kind, "name": "any"}]));
    for (expected, spec) in [
        ("I7", json!({})),
        ("A6", with("rules", &json!([]))),
        ("A6", with("sources", &json!([]))),
        ("A6", with("destination", &Value::Null)),
        ("A22", with("destination", &elsewhere)),
        ("A12", rule("X")),
        ("A12", rule("UDPRoute")),
        ("A10", with("destination", &destination(json!("x")))),
        ("A10", with("destination", &destination(json!(1)))),
        ("A26", with("destination", &json!({"kind": "User", "name": "x"}))),
        ("A18", with("destination", &account("web"))),
        ("A4", with("sources", &json!([account("db")]))),
        ("A5", rules(&json!([{"kind": "TCPRoute", "name": "gone"}]))),
        ("A14", rule("HTTPRouteGroup")),
        ("A3", any_tcp()),
    ] {
        let world = World::api().target("a", &spec);
        assert_eq!(
            recorded(&world, &Kind::TRAFFIC_TARGET, 8080, Traffic::Tcp),
            [expected],
            "{spec}"
        );
    }
    let world = World::api().target("a", &any_tcp());
    assert_eq!(recorded(&world, &Kind::TRAFFIC_TARGET, 9000, Traffic::Tcp), ["A11"]);
    let twice = world.target("a", &any_tcp());
    assert_eq!(recorded(&twice, &Kind::TRAFFIC_TARGET, 8080, Traffic::Tcp), ["I1"]);
    let foreign = World::api().target_in("other", "v1alpha3", "a", &with("destination", &account("api")));
    assert_eq!(recorded(&foreign, &Kind::TRAFFIC_TARGET, 8080, Traffic::Tcp), ["A22"]);
}

#[test]
fn a_trace_explains_routes_and_bindings_that_match_nothing() {
    let route = |spec: &Value, selected: &Value| {
        let listed = json!([{"kind": "TCPRoute", "name": "r", "matches": selected}]);
        let world = World::api().route("TCPRoute", "r", spec).target("a", &rules(&listed));
        recorded(&world, &Kind::TCP_ROUTE, 8080, Traffic::Tcp)
    };
    assert_eq!(route(&json!({"matches": {"ports": [0]}}), &json!([])), ["S23"]);
    assert_eq!(route(&json!({"matches": {"ports": [1]}}), &json!([])), ["A11"]);
    assert_eq!(route(&json!({}), &json!(["x"])), ["A8"]);

    let binding = |schemes: &Value| {
        let source = json!([{"kind": "IdentityBinding", "name": "b", "namespace": "shop"}]);
        let world =
            World::api()
                .binding("shop", "b", schemes)
                .target_in("shop", "v1alpha4", "a", &with("sources", &source));
        recorded(&world, &Kind::IDENTITY_BINDING, 8080, Traffic::Tcp)
    };
    let labels = json!({"matchLabels": {"a": "b"}});
    assert_eq!(binding(&json!({})), ["I7"]);
    assert_eq!(
        binding(&json!({"podLabelSelector": labels, "serviceAccount": "x"})),
        ["A28"]
    );
    assert_eq!(binding(&json!({"podLabelSelector": {"matchLabels": {}}})), ["A30"]);
    assert_eq!(binding(&json!({"serviceAccount": "x"})), [""; 0]);
}

#[test]
fn the_last_step_is_the_decision_with_its_rule() {
    let group = World::api()
        .group("g", &json!([{"pathRegex": "/a"}]))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "g"}])));
    let ends = |world: &World, port, traffic| {
        let (_, trace) = world.authorize("shop/web", pod_ref("shop", "api-1"), port, traffic);
        let text = trace.to_string();
        let lines: Vec<&str> = text.lines().rev().take(2).collect();
        format!("{}\n{}", lines[1], lines[0])
    };
    assert_eq!(
        ends(&group, 8080, get("/b/../a")),
        "Pod shop/api-1: if the path is rewritten to `/a`, the request is allowed (S5)\n\
         Pod shop/api-1: the traffic is allowed or denied (meshes differ here, S5) (S5)"
    );
    assert_eq!(
        ends(&group, 9000, get("/a")),
        "TrafficTarget shop/a: may allow the traffic, depending on the mesh, because nothing names port `9000` (A11)\n\
         Pod shop/api-1: the traffic is allowed or denied (meshes differ here, A11) (A11)"
    );
    let released = group.namespace("other", &json!({}));
    let (_, trace) = released.authorize("", pod_ref("other", "x"), 1, Traffic::Tcp);
    assert_eq!(
        trace.to_string(),
        "Namespace other: is not enforced because no traffic target applies to it (A2)\n\
         Pod other/x: the traffic is allowed (A2)\n"
    );
}
