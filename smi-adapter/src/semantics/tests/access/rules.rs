//! Rules: the traffic that the rules of targets match.

use super::*;

fn tcp(ports: &Value) -> Value {
    json!({"matches": {"ports": ports}})
}

#[test]
fn decides_the_example_of_ports_in_the_specification() {
    // A16
    let spec = json!([{"kind": "TCPRoute", "name": "tcp"}, {"kind": "UDPRoute", "name": "udp"}]);
    let world = World::api()
        .route("TCPRoute", "tcp", &tcp(&json!([8301, 8302, 8300])))
        .route("UDPRoute", "udp", &tcp(&json!([8301, 8302])))
        .target("a", &rules(&spec));
    for (port, over_tcp, over_udp) in [
        (8300, ALLOW, DENY),
        (8301, ALLOW, ALLOW),
        (8302, ALLOW, ALLOW),
        (8303, DENY, DENY),
    ] {
        assert_eq!(world.access("shop/web", port, Traffic::Tcp), over_tcp, "{port}");
        assert_eq!(world.access("shop/web", port, get("/")), over_tcp, "{port}");
        assert_eq!(world.access("shop/web", port, Traffic::Udp), over_udp, "{port}");
        assert_eq!(world.access("shop/db", port, Traffic::Tcp), DENY, "{port}");
        assert_eq!(world.access("shop/db", port, Traffic::Udp), DENY, "{port}");
    }
}

#[test]
fn decides_the_example_of_requests_in_the_specification() {
    // A5, A8, A17
    let target = |world: World, name: &str, matched: &str, sources: &Value| {
        let mut spec = rules(&json!([{"kind": "HTTPRouteGroup", "name": "routes", "matches": [matched]}]));
        spec["sources"] = sources.clone();
        world.target(name, &spec)
    };
    let routes = json!([
        {"name": "api", "pathRegex": "/api", "methods": ["*"]},
        {"name": "metrics", "pathRegex": "/metrics", "methods": ["GET"]},
    ]);
    let world = World::api().group("routes", &routes);
    let world = target(
        world,
        "api-service",
        "api",
        &json!([account("website"), account("payments")]),
    );
    let world = target(world, "metrics", "metrics", &json!([account("prometheus")]));
    for (from, traffic, expected) in [
        ("shop/website", get("/api"), ALLOW),
        ("shop/website", post("/api"), ALLOW),
        ("shop/payments", get("/api"), ALLOW),
        ("shop/payments", post("/api?x=y"), ALLOW),
        ("shop/prometheus", get("/metrics"), ALLOW),
        ("shop/prometheus", post("/metrics"), DENY),
        ("shop/prometheus", get("/api"), DENY),
        ("shop/website", get("/metrics"), DENY),
        ("shop/payments", get("/metrics"), DENY),
        ("shop/website", get("/"), DENY),
        ("shop/website", get("/api/x"), DENY),
        ("shop/website", Traffic::Tcp, DENY),
        ("shop/website", Traffic::Udp, DENY),
        ("shop/other", get("/api"), DENY),
        ("", get("/api"), DENY),
    ] {
        assert_eq!(
            world.access(from, 8080, traffic.clone()),
            expected,
            "{from} {traffic:?}"
        );
    }
}

#[test]
fn targets_are_additive() {
    // A1, A15
    let world = World::api()
        .group("a", &json!([{"pathRegex": "/a"}]))
        .group("b", &json!([{"pathRegex": "/b"}]))
        .route("TCPRoute", "p", &tcp(&json!([9000])))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "a"}])))
        .target("b", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "b"}])))
        .target("c", &rules(&json!([{"kind": "TCPRoute", "name": "p"}])))
        .target("0", &json!({}));
    assert_eq!(world.web(get("/a")), ALLOW);
    assert_eq!(world.web(get("/b")), ALLOW);
    assert_eq!(world.web(get("/c")), DENY);
    assert_eq!(world.web(Traffic::Tcp), DENY);
    assert_eq!(world.access("shop/web", 9000, Traffic::Tcp), ALLOW);
    assert_eq!(world.access("shop/web", 9000, get("/c")), ALLOW);
}

#[test]
fn a_target_without_a_required_part_allows_nothing() {
    // A6, I7
    assert_eq!(World::api().target("a", &any_tcp()).web(Traffic::Tcp), ALLOW);
    for (field, value) in [
        ("rules", json!([])),
        ("rules", Value::Null),
        ("sources", json!([])),
        ("sources", Value::Null),
        ("destination", Value::Null),
    ] {
        let world = World::api().target("a", &with(field, &value));
        for traffic in [Traffic::Tcp, get("/"), Traffic::Udp] {
            assert_eq!(world.web(traffic), DENY, "{field} {value}");
        }
    }
}

#[test]
fn rules_select_matches_by_name() {
    // A7, A8, S2, S3, S21
    let matches = json!([
        {"name": "a", "pathRegex": "/a"}, {"name": "b", "pathRegex": "/b"},
        {"name": "a", "pathRegex": "/a2"}, {"pathRegex": "/c"},
    ]);
    let allowed = |matches: &Value, selected: &Value| {
        let mut rule = json!({"kind": "HTTPRouteGroup", "name": "g"});
        rule["matches"] = selected.clone();
        let world = World::api().group("g", matches).target("a", &rules(&json!([rule])));
        let mut paths = vec!["/a", "/a2", "/b", "/c"];
        paths.retain(|path| world.web(get(path)) == ALLOW);
        paths.join(" ")
    };
    for (selected, expected) in [
        (Value::Null, "/a /a2 /b /c"),
        (json!([]), "/a /a2 /b /c"),
        (json!(["a"]), "/a /a2"),
        (json!(["b", "a"]), "/a /a2 /b"),
        (json!(["b", "x"]), "/b"),
        (json!(["x"]), ""),
        (json!([""]), ""),
        (json!(["A"]), ""),
    ] {
        assert_eq!(allowed(&matches, &selected), expected, "{selected}");
        assert_eq!(allowed(&json!([]), &selected), "", "{selected}");
    }
}

#[test]
fn a_rule_for_ports_selects_by_the_name_of_the_only_match() {
    // A8, D7
    let named = json!({"matches": {"name": "p", "ports": [8080]}});
    let unnamed = json!({"matches": {"ports": [8080]}});
    for (spec, selected, expected) in [
        (&named, json!([]), ALLOW),
        (&named, json!(["p"]), ALLOW),
        (&named, json!(["x", "p"]), ALLOW),
        (&named, json!(["x"]), DENY),
        (&named, json!([""]), DENY),
        (&unnamed, json!([]), ALLOW),
        (&unnamed, json!(["p"]), DENY),
        (&unnamed, json!([""]), DENY),
        (&json!({}), json!(["p"]), DENY),
        (&json!({}), json!([""]), DENY),
        (&json!({}), json!([]), ALLOW),
    ] {
        for (kind, traffic) in [("TCPRoute", Traffic::Tcp), ("UDPRoute", Traffic::Udp)] {
            let spec = spec.clone();
            let world = World::api()
                .pod(
                    "shop",
                    "api-2",
                    "api",
                    &json!([{"containerPort": 8080, "protocol": "UDP"}, {"containerPort": 8080}]),
                )
                .route(kind, "r", &spec)
                .target("a", &rules(&json!([{"kind": kind, "name": "r", "matches": selected}])));
            let (access, _) = world.authorize("shop/web", pod_ref("shop", "api-2"), 8080, traffic);
            assert_eq!(access, expected, "{kind} {spec} {selected}");
        }
    }
}

#[test]
fn layers_are_anded_and_their_members_ored() {
    // A9, A12, A13, A14, A25, S6
    const T: (&str, &str) = ("TCPRoute", "t");
    const T2: (&str, &str) = ("TCPRoute", "t2");
    const U: (&str, &str) = ("UDPRoute", "u");
    const H: (&str, &str) = ("HTTPRouteGroup", "h");
    const H2: (&str, &str) = ("HTTPRouteGroup", "h2");
    const BAD_H: (&str, &str) = ("HTTPRouteGroup", "unreadable");
    const NO_T: (&str, &str) = ("TCPRoute", "gone");
    const NO_U: (&str, &str) = ("UDPRoute", "gone");
    const NO_H: (&str, &str) = ("HTTPRouteGroup", "gone");
    const ODD: (&str, &str) = ("GRPCRoute", "any");
    // The allowed traffic out of raw bytes, `/h`, `/h2`, `/x` and datagrams on ports 1 and 2.
    for (listed, expected) in [
        (&[T][..], "tcp:1 /h:1 /h2:1 /x:1"),
        (&[T, T2], "tcp:1 /h:1 /h2:1 /x:1 tcp:2 /h:2 /h2:2 /x:2"),
        (&[H], "/h:1 /h:2"),
        (&[H, H2], "/h:1 /h2:1 /h:2 /h2:2"),
        (&[T, H], "/h:1"),
        (&[H2, T2], "/h2:2"),
        (&[T, T2, H, H2], "/h:1 /h2:1 /h:2 /h2:2"),
        (&[U], "udp:1"),
        (&[U, T2], "udp:1 tcp:2 /h:2 /h2:2 /x:2"),
        (&[U, H], "/h:1 udp:1 /h:2"),
        (&[T, NO_H], ""),
        (&[NO_T, H], ""),
        (&[T, NO_T], "tcp:1 /h:1 /h2:1 /x:1"),
        (&[T, H, NO_H, NO_T], "/h:1"),
        (&[T, BAD_H], ""),
        (&[BAD_H, H], "/h:1 /h:2"),
        (&[NO_U], ""),
        (&[NO_U, T], "tcp:1 /h:1 /h2:1 /x:1"),
        (&[NO_U, U], "udp:1"),
        (&[T, H, ODD], ""),
        (&[ODD, U], ""),
        (&[ODD], ""),
        (&[("tcproute", "t"), T], ""),
        (&[("", "t"), T], ""),
        (&[("TCPRoute", "h"), H], ""),
    ] {
        let rule = |(kind, name): &(&str, &str)| json!({"kind": kind, "name": name});
        let listed: Vec<Value> = listed.iter().map(rule).collect();
        let ports = json!([{"containerPort": 1}, {"containerPort": 2},
                           {"containerPort": 1, "protocol": "UDP"}, {"containerPort": 2, "protocol": "UDP"}]);
        let world = World::api()
            .pod("shop", "api-2", "api", &ports)
            .route("TCPRoute", "t", &tcp(&json!([1])))
            .route("TCPRoute", "t2", &tcp(&json!([2])))
            .route("UDPRoute", "u", &tcp(&json!([1])))
            .group("h", &json!([{"pathRegex": "/h"}]))
            .group("h2", &json!([{"pathRegex": "/h2"}]))
            .group("unreadable", &json!([{"pathRegex": "(?!a)"}, {"headers": {}}]))
            .object(&json!({
                "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
                "metadata": {"name": "gone", "namespace": "other"}, "spec": {"matches": [{"name": "x"}]},
            }))
            .target("a", &rules(&json!(listed)));
        let mut allowed = Vec::new();
        for port in [1, 2] {
            for (name, traffic) in [
                ("tcp", Traffic::Tcp),
                ("/h", get("/h")),
                ("/h2", get("/h2")),
                ("/x", get("/x")),
                ("udp", Traffic::Udp),
            ] {
                match world.authorize("shop/web", pod_ref("shop", "api-2"), port, traffic).0 {
                    Authorization::Allow => allowed.push(format!("{name}:{port}")),
                    Authorization::Deny => {}
                    Authorization::Either { rule } => panic!("{rule}"),
                }
            }
        }
        assert_eq!(allowed.join(" "), expected, "{listed:?}");
    }
}

#[test]
fn every_part_of_a_match_must_hold() {
    // A36, S11, S12, S14, I6
    let sends = |matching: &Value, headers: &[(&str, &str)]| {
        let world = World::api()
            .group("g", &json!([matching]))
            .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "g"}])));
        world.web(Traffic::Http(request("GET", "/a", headers)))
    };
    let full = json!({"pathRegex": "/a", "methods": ["GET"], "headers": [{"x": "1"}]});
    assert_eq!(sends(&full, &[("X", "1")]), ALLOW);
    assert_eq!(sends(&full, &[("x", "11")]), DENY);
    assert_eq!(sends(&full, &[]), DENY);
    for (field, value) in [
        ("pathRegex", json!("/")),
        ("methods", json!(["POST"])),
        ("headers", json!({})),
    ] {
        let mut other = full.clone();
        other[field] = value;
        assert_eq!(sends(&other, &[("x", "1")]), DENY, "{field}");
    }
}

#[test]
fn settings_choose_the_anchors() {
    // S4, S12
    let world = || {
        World::api()
            .group("g", &json!([{"pathRegex": "/a", "headers": {"x": "1"}}]))
            .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "g"}])))
    };
    let sent = || Traffic::Http(request("GET", "/ab", &[("x", "01")]));
    assert_eq!(world().web(sent()), DENY);
    let mut wide = world();
    wide.settings.path_anchor = crate::settings::PathAnchor::Start;
    wide.settings.header_anchor = crate::settings::HeaderAnchor::Search;
    assert_eq!(wide.web(sent()), ALLOW);
}
