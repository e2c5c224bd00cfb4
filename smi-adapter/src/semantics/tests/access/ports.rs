//! Ports: the allowed ports, and the ports that nothing names.

use super::*;

fn group_rule() -> Value {
    rules(&json!([{"kind": "HTTPRouteGroup", "name": "any"}]))
}

fn udp_rule() -> Value {
    rules(&json!([{"kind": "UDPRoute", "name": "any"}]))
}

fn destination(port: &Value) -> Value {
    json!({"kind": "ServiceAccount", "name": "api", "port": port})
}

#[test]
fn destination_port_is_the_only_allowed_port() {
    // A10, A12
    for version in ["v1alpha2", "v1alpha3", "v1alpha4"] {
        for port in [json!(9000), json!("9000"), json!(9000.0)] {
            let mut both = rules(&json!([{"kind": "TCPRoute", "name": "any"}, {"kind": "UDPRoute", "name": "any"}]));
            both["destination"] = destination(&port);
            let world = World::api().target_in("shop", version, "a", &both);
            for traffic in [Traffic::Tcp, Traffic::Udp, get("/")] {
                let on = |port| world.access("shop/web", port, traffic.clone());
                assert_eq!(on(9000), ALLOW, "{version} {traffic:?}");
                assert_eq!(on(8080), DENY, "{version} {traffic:?}");
            }
        }
    }
    // The port of a Service is not mapped.
    let service = json!({"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}]});
    let world = World::api()
        .service("shop", "api", &service)
        .target("a", &with("destination", &destination(&json!(80))));
    assert_eq!(world.web(Traffic::Tcp), DENY);
    // It is ANDed with the ports of the layers.
    let mut spec = rules(&json!([{"kind": "TCPRoute", "name": "t"}]));
    spec["destination"] = destination(&json!(8080));
    let world = World::api()
        .route("TCPRoute", "t", &json!({"matches": {"ports": [8080, 9000]}}))
        .target("a", &spec);
    assert_eq!(world.web(Traffic::Tcp), ALLOW);
    assert_eq!(world.access("shop/web", 9000, Traffic::Tcp), DENY);
}

#[test]
fn an_invalid_port_never_allows_all_ports() {
    // S23, A10
    for port in [
        json!(0),
        json!(-1),
        json!(70000),
        json!("http"),
        json!(""),
        json!(80.5),
        json!([80]),
    ] {
        let world = World::api().target("a", &with("destination", &destination(&port)));
        assert_eq!(world.web(Traffic::Tcp), DENY, "{port}");
        for ports in [json!([port]), json!([8080, port])] {
            for (kind, traffic) in [("TCPRoute", Traffic::Tcp), ("UDPRoute", Traffic::Udp)] {
                let world = World::api()
                    .route(kind, "r", &json!({"matches": {"ports": ports}}))
                    .target("a", &rules(&json!([{"kind": kind, "name": "r"}])));
                assert_eq!(world.web(traffic), DENY, "{kind} {ports}");
            }
        }
    }
}

#[test]
fn a_route_without_ports_allows_all_ports() {
    // S22, S23
    for spec in [
        Value::Null,
        json!({}),
        json!({"matches": null}),
        json!({"matches": {}}),
        json!({"matches": {"ports": []}}),
        json!({"matches": {"ports": null}}),
    ] {
        let world = World::api()
            .route("TCPRoute", "r", &spec)
            .target("a", &rules(&json!([{"kind": "TCPRoute", "name": "r"}])));
        assert_eq!(world.web(Traffic::Tcp), ALLOW, "{spec}");
        assert_eq!(world.access("shop/web", 9000, Traffic::Tcp), either("A11"), "{spec}");
        assert_eq!(world.web(Traffic::Udp), DENY, "{spec}");
    }
    for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
        let world = World::api()
            .object(&json!({
                "apiVersion": format!("specs.smi-spec.io/{version}"), "kind": "TCPRoute",
                "metadata": {"name": "r", "namespace": "shop"},
            }))
            .target("a", &rules(&json!([{"kind": "TCPRoute", "name": "r"}])));
        assert_eq!(world.web(Traffic::Tcp), ALLOW, "{version}");
    }
}

#[test]
fn a_container_names_its_ports() {
    // A11
    let ports = json!([{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}, {"containerPort": 3, "protocol": "SCTP"}]);
    for (spec, traffic, named) in [
        (any_tcp(), Traffic::Tcp, 1),
        (any_tcp(), get("/"), 1),
        (group_rule(), get("/"), 1),
        (udp_rule(), Traffic::Udp, 2),
    ] {
        let world = World::api().pod("shop", "api-2", "api", &ports).target("a", &spec);
        for port in [1, 2, 3, 4, 8080] {
            let expected = if port == named { ALLOW } else { either("A11") };
            let (access, _) = world.authorize("shop/web", pod_ref("shop", "api-2"), port, traffic.clone());
            assert_eq!(access, expected, "{traffic:?} {port}");
        }
    }
}

#[test]
fn a_service_names_the_ports_that_it_targets() {
    // A11
    let ports = json!([
        {"port": 80, "targetPort": 1}, {"port": 81, "targetPort": "web"}, {"port": 82},
        {"port": 83, "targetPort": 0}, {"port": 84, "targetPort": 2, "protocol": "UDP"},
        {"port": 85, "targetPort": 3, "protocol": "SCTP"}, {"port": 86, "targetPort": "gone"},
        {"port": 87, "targetPort": "dns", "protocol": "UDP"}, {"port": 88, "targetPort": "dns"},
        {"port": 89, "targetPort": 4, "protocol": "TCP"}, {"port": 0, "targetPort": 5},
        {"port": 90, "targetPort": 70000}, {"port": 91, "targetPort": ""},
    ]);
    let tcp = [1, 4, 82, 83, 91, 8080];
    let udp = [2, 53];
    let selecting = json!({"selector": {"app": "api"}, "ports": ports});
    let containers = json!([{"name": "x", "ports": [
        {"containerPort": 8080, "name": "web"}, {"containerPort": 53, "name": "dns", "protocol": "UDP"},
    ]}]);
    let world = |namespace: &str, service: &Value| {
        World::api()
            .pod_of("shop", "api-2", "api", &json!({"app": "api", "v": "2"}), &containers)
            .service(namespace, "api", service)
            .target("a", &any_tcp())
            .target("b", &udp_rule())
    };
    let named = |world: &World, traffic: &Traffic| {
        let on = |port| {
            world
                .authorize("shop/web", pod_ref("shop", "api-2"), port, traffic.clone())
                .0
        };
        let ports = (1..100).chain([8080, 4464]);
        let (named, others): (Vec<u16>, Vec<u16>) = ports.partition(|port| on(*port) == ALLOW);
        assert!(others.into_iter().all(|port| on(port) == either("A11")));
        named
    };
    for selector in [json!({"app": "api"}), json!({"app": "api", "v": "2"})] {
        let mut service = selecting.clone();
        service["selector"] = selector;
        assert_eq!(named(&world("shop", &service), &Traffic::Tcp), tcp);
        assert_eq!(named(&world("shop", &service), &get("/")), tcp);
        assert_eq!(named(&world("shop", &service), &Traffic::Udp), udp);
    }
    for selector in [
        json!({}),
        Value::Null,
        json!({"app": "x"}),
        json!({"app": "api", "v": "1"}),
    ] {
        let mut service = selecting.clone();
        service["selector"] = selector.clone();
        assert_eq!(named(&world("shop", &service), &Traffic::Tcp), [8080], "{selector}");
    }
    assert_eq!(named(&world("other", &selecting), &Traffic::Tcp), [8080]);
    let twice = world("shop", &selecting).service("shop", "api", &selecting);
    assert_eq!(named(&twice, &Traffic::Tcp), [8080], "I1");
    let mut external = selecting.clone();
    external["type"] = json!("ExternalName");
    assert_eq!(named(&world("shop", &external), &Traffic::Tcp), [8080]);
}

#[test]
fn targets_name_ports_of_their_destination() {
    // A11
    let named = |ports: &Value| json!({"matches": {"name": "p", "ports": ports}});
    let other = |spec: &Value| {
        World::api()
            .route("TCPRoute", "t", &named(&json!([9000, 9001])))
            .route("UDPRoute", "t", &named(&json!([9002])))
            .route("TCPRoute", "odd", &named(&json!([9000, "x"])))
            .target("a", &any_tcp())
            .target("u", &udp_rule())
            .target("b", spec)
    };
    let on = |world: &World, port, traffic| world.access("shop/web", port, traffic);
    // The other target is for other callers.
    let to = |listed: &Value| {
        let mut spec = rules(listed);
        spec["sources"] = json!([account("db")]);
        spec
    };
    let t = json!([{"kind": "TCPRoute", "name": "t"}]);
    let world = other(&to(&t));
    for (port, over_tcp) in [(9000, ALLOW), (9001, ALLOW), (9002, either("A11")), (8080, ALLOW)] {
        assert_eq!(on(&world, port, Traffic::Tcp), over_tcp, "{port}");
        assert_eq!(on(&world, port, get("/")), over_tcp, "{port}");
        assert_eq!(on(&world, port, Traffic::Udp), either("A11"), "{port}");
    }
    let world = other(&to(&json!([{"kind": "UDPRoute", "name": "t"}])));
    assert_eq!(on(&world, 9002, Traffic::Udp), ALLOW);
    assert_eq!(on(&world, 9002, Traffic::Tcp), either("A11"));
    for (listed, expected) in [
        (json!([{"kind": "TCPRoute", "name": "t", "matches": ["p"]}]), ALLOW),
        (
            json!([{"kind": "TCPRoute", "name": "t", "matches": ["x"]}]),
            either("A11"),
        ),
        (json!([{"kind": "TCPRoute", "name": "odd"}]), either("A11")),
        (json!([{"kind": "TCPRoute", "name": "gone"}]), either("A11")),
        (
            json!([{"kind": "TCPRoute", "name": "t"}, {"kind": "X", "name": "t"}]),
            ALLOW,
        ),
        (json!([{"kind": "X", "name": "t"}]), either("A11")),
        (
            json!([{"kind": "TCPRoute", "name": "t"}, {"kind": "HTTPRouteGroup", "name": "gone"}]),
            ALLOW,
        ),
        (json!([]), either("A11")),
    ] {
        assert_eq!(on(&other(&to(&listed)), 9000, Traffic::Tcp), expected, "{listed}");
    }
    // The port of a destination is named for both protocols.
    let with_port = |name: &str| {
        let mut spec = to(&json!([{"kind": "TCPRoute", "name": "gone"}]));
        spec["destination"] = json!({"kind": "ServiceAccount", "name": name, "port": 9000});
        spec
    };
    assert_eq!(on(&other(&with_port("api")), 9000, Traffic::Tcp), ALLOW);
    assert_eq!(on(&other(&with_port("api")), 9000, Traffic::Udp), ALLOW);
    // A target for another destination names nothing, nor does a route without references.
    assert_eq!(on(&other(&with_port("db")), 9000, Traffic::Tcp), either("A11"));
    let mut of_db = to(&t);
    of_db["destination"] = account("db");
    assert_eq!(on(&other(&of_db), 9000, Traffic::Tcp), either("A11"));
    assert_eq!(on(&other(&json!({})), 9000, Traffic::Tcp), either("A11"));
}

/// Returns the answer to raw bytes on port 9000, which only the target `b` can name, with and without I8.
fn on_9000(object: &Value) -> [Authorization; 2] {
    let world = || {
        World::api()
            .route("TCPRoute", "t", &json!({"matches": {"ports": [9000]}}))
            .route("TCPRoute", "odd", &json!({"matches": {"ports": [9000], "foo": "x"}}))
            .binding("shop", "good", &json!({"serviceAccount": "api"}))
            .binding("shop", "odd", &json!({"serviceAccount": "api", "foo": "x"}))
            .binding("shop", "empty", &json!({}))
            .target("a", &any_tcp())
            .object(object)
    };
    [
        world().access("shop/web", 9000, Traffic::Tcp),
        world().ignoring().access("shop/web", 9000, Traffic::Tcp),
    ]
}

fn target_b(version: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("access.smi-spec.io/{version}"), "kind": "TrafficTarget",
        "metadata": {"name": "b", "namespace": "shop"}, "spec": spec,
    })
}

/// Returns the spec of a target for `api` that names port 9000 by its route.
fn by_route() -> Value {
    rules(&json!([{"kind": "TCPRoute", "name": "t"}]))
}

/// Returns the spec of a target for `api` that names port 9000 by its destination.
fn by_destination() -> Value {
    with("destination", &destination(&json!(9000)))
}

#[test]
fn targets_that_are_not_in_force_name_ports() {
    // A11, A6, A10, A12, I5, I8
    let changed = |spec: &Value, field: &str, value: Value| {
        let mut spec = spec.clone();
        spec[field] = value;
        spec
    };
    let with_odd_rule = json!([{"kind": "TCPRoute", "name": "t"}, {"kind": "X", "name": "x"}]);
    for spec in [
        by_route(),
        by_destination(),
        changed(&by_route(), "sources", json!([])),
        changed(&by_destination(), "sources", json!([])),
        changed(&by_destination(), "rules", json!([])),
        changed(&by_route(), "rules", with_odd_rule.clone()),
        changed(&by_destination(), "rules", with_odd_rule),
        changed(&by_route(), "destination", destination(&json!("x"))),
        changed(&by_route(), "destination", destination(&json!(1))),
        changed(&by_route(), "sources", json!([{"kind": "X", "name": "x"}])),
    ] {
        for version in ["v1alpha2", "v1alpha3", "v1alpha4"] {
            assert_eq!(on_9000(&target_b(version, &spec)), [ALLOW, ALLOW], "{version} {spec}");
        }
    }
    // I5
    let mut converted = target_b("v1alpha3", &by_route());
    let annotations =
        json!({"kubectl.kubernetes.io/last-applied-configuration": r#"{"apiVersion":"access.smi-spec.io/v1alpha1"}"#});
    converted["metadata"]["annotations"] = annotations;
    assert_eq!(on_9000(&converted), [ALLOW, ALLOW]);
    // A target of v1alpha1 without rules.
    let mut root = target_b("v1alpha1", &Value::Null);
    root["destination"] = destination(&json!(9000));
    root.as_object_mut().unwrap().remove("spec");
    assert_eq!(on_9000(&root), [ALLOW, ALLOW]);
    // I1: a target that is defined twice, and one that cannot be read, have no content.
    let twice = World::api()
        .route("TCPRoute", "t", &json!({"matches": {"ports": [9000]}}))
        .target("a", &any_tcp())
        .target("b", &by_route())
        .target("b", &by_route());
    assert_eq!(twice.access("shop/web", 9000, Traffic::Tcp), either("A11"));
}

#[test]
fn unknown_fields_stop_only_their_rule_or_route_from_naming_ports() {
    // A11, I8
    let a11 = either("A11");
    let rule = |name: &str| json!({"kind": "TCPRoute", "name": name});
    for version in ["v1alpha2", "v1alpha3", "v1alpha4"] {
        for (spec, place, restricting) in [
            (by_route(), "", ALLOW),
            (by_route(), "/spec", ALLOW),
            (by_route(), "/spec/destination", ALLOW),
            (by_route(), "/spec/sources/0", ALLOW),
            (by_route(), "/spec/rules/0", a11),
            (by_destination(), "", ALLOW),
            (by_destination(), "/spec", ALLOW),
            (by_destination(), "/spec/destination", ALLOW),
            (by_destination(), "/spec/rules/0", ALLOW),
            (rules(&json!([rule("gone"), rule("t")])), "/spec/rules/0", ALLOW),
            (rules(&json!([rule("t"), rule("gone")])), "/spec/rules/0", a11),
            (rules(&json!([rule("odd")])), "/metadata", a11),
        ] {
            let target = with_unknown(&target_b(version, &spec), place);
            assert_eq!(on_9000(&target), [restricting, ALLOW], "{target}");
        }
    }
    let mut root = target_b("v1alpha1", &Value::Null);
    root.as_object_mut().unwrap().remove("spec");
    root["destination"] = account("api");
    root["specs"] = json!([rule("t")]);
    for (place, restricting) in [("", ALLOW), ("/destination", ALLOW), ("/specs/0", a11)] {
        assert_eq!(on_9000(&with_unknown(&root, place)), [restricting, ALLOW], "{place}");
    }
}

#[test]
fn only_a_usable_destination_names_ports() {
    // A11, A22, A26, A28, I8
    let a11 = either("A11");
    let binding = |name: &str| json!({"kind": "IdentityBinding", "name": name});
    for (version, subject, expected) in [
        ("v1alpha4", account("api"), [ALLOW, ALLOW]),
        ("v1alpha4", binding("good"), [ALLOW, ALLOW]),
        ("v1alpha3", binding("good"), [a11, a11]),
        ("v1alpha4", binding("odd"), [a11, ALLOW]),
        ("v1alpha4", binding("empty"), [a11, a11]),
        ("v1alpha4", binding("gone"), [a11, a11]),
        ("v1alpha4", json!({"kind": "User", "name": "api"}), [a11, a11]),
        ("v1alpha4", json!({"kind": "ServiceAccount"}), [a11, a11]),
        (
            "v1alpha4",
            json!({"kind": "ServiceAccount", "name": "api", "group": "x"}),
            [a11, a11],
        ),
        ("v1alpha4", account("db"), [a11, a11]),
        ("v1alpha4", Value::Null, [a11, a11]),
    ] {
        let mut spec = by_route();
        spec["destination"] = subject.clone();
        assert_eq!(on_9000(&target_b(version, &spec)), expected, "{version} {subject}");
        if subject.is_object() {
            spec["destination"]["port"] = json!(9000);
            spec["rules"] = json!([]);
            assert_eq!(on_9000(&target_b(version, &spec)), expected, "{version} {subject}");
        }
    }
    let mut world = World::api().target("a", &any_tcp());
    world = world.target_in("other", "v1alpha3", "b", &{
        let mut spec = by_destination();
        spec["destination"]["namespace"] = json!("shop");
        spec
    });
    assert_eq!(world.access("shop/web", 9000, Traffic::Tcp), a11);
    world.settings.foreign_destinations = true;
    assert_eq!(world.access("shop/web", 9000, Traffic::Tcp), ALLOW);
}
