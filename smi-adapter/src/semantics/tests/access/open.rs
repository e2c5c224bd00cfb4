//! Authorizations that are left open: A13, A14, A38, S5 and S17, and their precedence.

use super::*;

/// Adds a Service whose port targets 8080 and declares this.
fn declaring(world: World, name: &str, port: &Value) -> World {
    let mut port = port.clone();
    port["port"] = json!(80);
    port["targetPort"] = json!("web");
    world.service("shop", name, &json!({"selector": {"app": "api"}, "ports": [port]}))
}

const HTTP: [&str; 6] = [
    "http",
    "http2",
    "grpc",
    "grpc-web",
    "kubernetes.io/h2c",
    "kubernetes.io/ws",
];
const NO_HTTP: [&str; 9] = [
    "tcp",
    "tls",
    "https",
    "mongo",
    "redis",
    "mysql",
    "udp",
    "kubernetes.io/wss",
    "linkerd.io/opaque",
];

/// Returns the authorization of raw bytes by a TCPRoute, of a request by it, and of a request by a route group.
fn open(port: &Value) -> [Authorization; 3] {
    let l4 = declaring(World::api(), "s", port).target("a", &any_tcp());
    let l7 =
        declaring(World::api(), "s", port).target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "any"}])));
    assert_eq!(l7.web(Traffic::Tcp), DENY);
    let both = json!([{"kind": "HTTPRouteGroup", "name": "any"}, {"kind": "TCPRoute", "name": "any"}]);
    let both = declaring(World::api(), "s", port).target("a", &rules(&both));
    assert_eq!(both.web(Traffic::Tcp), DENY);
    assert_eq!(both.web(get("/")), l7.web(get("/")));
    [l4.web(Traffic::Tcp), l4.web(get("/")), l7.web(get("/"))]
}

#[test]
fn meshes_may_refuse_what_a_service_does_not_declare() {
    // A13, A14
    let (a13, a14) = (either("A13"), either("A14"));
    for protocol in HTTP {
        assert_eq!(
            open(&json!({"appProtocol": protocol})),
            [a13, ALLOW, ALLOW],
            "{protocol}"
        );
        assert_eq!(
            open(&json!({"appProtocol": protocol.to_uppercase(), "name": "tcp"})),
            [a13, ALLOW, ALLOW]
        );
    }
    for protocol in NO_HTTP {
        assert_eq!(
            open(&json!({"appProtocol": protocol})),
            [ALLOW, ALLOW, a14],
            "{protocol}"
        );
        assert_eq!(
            open(&json!({"appProtocol": protocol.to_uppercase(), "name": "http"})),
            [ALLOW, ALLOW, a14]
        );
    }
    for name in ["http", "http-web", "grpc-web", "grpc-web-x", "HTTP2-x"] {
        assert_eq!(open(&json!({"name": name})), [a13, ALLOW, ALLOW], "{name}");
        assert_eq!(
            open(&json!({"name": name, "appProtocol": ""})),
            [a13, ALLOW, ALLOW],
            "{name}"
        );
        assert_eq!(open(&json!({"name": name, "appProtocol": "x"})), [ALLOW; 3], "{name}");
    }
    for name in ["tcp", "tls-web", "mysql", "udp-x", "Https"] {
        assert_eq!(open(&json!({"name": name})), [ALLOW, ALLOW, a14], "{name}");
        assert_eq!(open(&json!({"name": name, "appProtocol": "x"})), [ALLOW; 3], "{name}");
    }
    for port in [
        json!({}),
        json!({"name": "web"}),
        json!({"name": "httpx"}),
        json!({"appProtocol": "http-x"}),
        json!({"name": "web-http"}),
        json!({"appProtocol": "kubernetes.io"}),
    ] {
        assert_eq!(open(&port), [ALLOW; 3], "{port}");
    }
}

#[test]
fn any_service_that_targets_the_port_counts() {
    // A13, A14
    let both = |world| {
        declaring(
            declaring(world, "h", &json!({"name": "http"})),
            "t",
            &json!({"name": "tcp"}),
        )
    };
    let group = rules(&json!([{"kind": "HTTPRouteGroup", "name": "any"}]));
    let l4 = both(World::api()).target("a", &any_tcp());
    let l7 = both(World::api()).target("a", &group);
    assert_eq!(l4.web(Traffic::Tcp), either("A13"));
    assert_eq!(l7.web(get("/")), either("A14"));
    assert_eq!(l4.web(get("/")), ALLOW);
    assert_eq!(
        both(World::api()).web(get("/")),
        DENY,
        "only an allowed query is left open"
    );

    let elsewhere = |selector: &Value, target: &Value, protocol: &str| {
        let port = |name: &str| json!({"port": 80, "targetPort": target, "name": name, "protocol": protocol});
        let world =
            |name: &str| World::api().service("shop", "s", &json!({"selector": selector, "ports": [port(name)]}));
        [
            world("http").target("a", &any_tcp()).web(Traffic::Tcp),
            world("tcp").target("a", &group).web(get("/")),
        ]
    };
    let api = json!({"app": "api"});
    assert_eq!(elsewhere(&api, &json!(8080), "TCP"), [either("A13"), either("A14")]);
    assert_eq!(elsewhere(&api, &json!(8081), "TCP"), [ALLOW; 2]);
    assert_eq!(elsewhere(&api, &json!(8080), "UDP"), [ALLOW, either("A14")]);
    assert_eq!(elsewhere(&json!({"app": "x"}), &json!(8080), "TCP"), [ALLOW; 2]);
    assert_eq!(elsewhere(&json!({}), &json!(8080), "TCP"), [ALLOW; 2]);
}

#[test]
fn an_unconditional_target_wins() {
    // A1, A14
    let group = rules(&json!([{"kind": "HTTPRouteGroup", "name": "any"}]));
    for (l4, l7) in [("a", "b"), ("b", "a")] {
        let world = declaring(World::api(), "s", &json!({"name": "tcp"}))
            .target(l4, &any_tcp())
            .target(l7, &group);
        assert_eq!(world.web(get("/")), ALLOW);
        let world = World::api().target(l4, &any_tcp()).target(l7, &group);
        assert_eq!(world.access("shop/web", 9000, get("/")), either("A11"));
    }
}

/// Adds a pod with health checks.
fn checked(world: World) -> World {
    let probe = |path: &str, port: &Value| json!({"httpGet": {"path": path, "port": port}});
    let containers = json!([
        {"name": "a", "ports": [{"containerPort": 8080, "name": "web"}],
         "livenessProbe": probe("/healthz?full=1", &json!("web")), "readinessProbe": probe("/ready/../x", &json!(9000))},
        {"name": "b", "livenessProbe": {"grpc": {"port": 9001}}, "readinessProbe": {"tcpSocket": {"port": 9002}}},
    ]);
    world.pod_of("shop", "checked", "api", &json!({"app": "api"}), &containers)
}

#[test]
fn health_checks_are_left_open() {
    // A38
    let world = checked(World::api());
    let http = |method: &str, path: &str| Traffic::Http(request(method, path, &[("x", "1"), ("x", "2")]));
    let grpc = "/grpc.health.v1.Health/Check";
    for (port, traffic, is_check) in [
        (8080, http("GET", "/healthz?full=1"), true),
        (8080, http("GET", "/healthz"), true),
        (8080, http("GET", "/healthz?"), true),
        (8080, http("GET", "/healthz?full=0"), true),
        (8080, http("GET", "/healthz?full=1&x"), true),
        (8080, http("GET", "/healthz?full=1#x"), true),
        (8080, http("GET", "/healthz/"), false),
        (8080, http("GET", "/healthz/?full=1"), false),
        (8080, http("GET", "/healthz%3Ffull=1"), false),
        (8080, http("GET", "/./healthz?full=1"), false),
        (8080, http("HEAD", "/healthz?full=1"), false),
        (8080, http("POST", "/healthz?full=1"), false),
        (8080, http("get", "/healthz?full=1"), false),
        (9000, http("GET", "/healthz?full=1"), false),
        (9000, http("GET", "/ready/../x"), true),
        (9000, http("GET", "/ready/../x?y=z"), true),
        (9000, http("GET", "/x"), false),
        (9001, http("POST", grpc), true),
        (9001, http("POST", "/grpc.health.v1.Health/Check?x"), false),
        (9001, http("GET", grpc), false),
        (9001, http("POST", "/grpc.health.v1.Health/Watch"), false),
        (9000, http("POST", grpc), false),
        (8080, Traffic::Tcp, false),
        (9001, Traffic::Tcp, false),
        (9002, Traffic::Tcp, false),
        (9001, Traffic::Udp, false),
    ] {
        for from in ["", "shop/web", "spiffe://x/y"] {
            let expected = if is_check { either("A38") } else { DENY };
            let to = pod_ref("shop", "checked");
            assert_eq!(
                world.authorize(from, to, port, traffic.clone()).0,
                expected,
                "{port} {traffic:?}"
            );
            assert_eq!(world.access(from, port, traffic.clone()), DENY, "of another pod");
        }
    }
}

#[test]
fn a_health_check_that_policy_allows_is_allowed() {
    // A38
    let world = checked(World::api()).target("a", &any_tcp());
    let (access, _) = world.authorize("shop/web", pod_ref("shop", "checked"), 8080, get("/healthz?full=1"));
    assert_eq!(access, ALLOW);
    let (access, _) = world.authorize("shop/db", pod_ref("shop", "checked"), 8080, get("/healthz?full=1"));
    assert_eq!(access, either("A38"));
    // A port that policy leaves open is not a matter of A38.
    let (access, _) = world.authorize("shop/web", pod_ref("shop", "checked"), 9002, get("/"));
    assert_eq!(access, either("A11"));
}

#[test]
fn a_health_check_names_its_port() {
    // A11, A38
    let udp = rules(&json!([{"kind": "UDPRoute", "name": "any"}]));
    let world = checked(World::api()).target("a", &any_tcp()).target("b", &udp);
    for (port, expected) in [
        (9000, ALLOW),
        (9001, ALLOW),
        (9002, either("A11")),
        (9003, either("A11")),
    ] {
        for traffic in [Traffic::Tcp, get("/"), get("/ready/../x")] {
            let (access, _) = world.authorize("shop/web", pod_ref("shop", "checked"), port, traffic.clone());
            assert_eq!(access, expected, "{port} {traffic:?}");
            let other_pod = world.access("shop/web", port, traffic);
            assert_eq!(other_pod, either("A11"), "{port}");
        }
        let (access, _) = world.authorize("shop/web", pod_ref("shop", "checked"), port, Traffic::Udp);
        assert_eq!(access, either("A11"), "{port}");
    }
}

#[test]
fn requests_with_different_readings_are_left_open() {
    // S5, S17, and their precedence over the others.
    let group = json!([{"pathRegex": "/a"}, {"pathRegex": "/x", "headers": {"x": "1,2"}}]);
    let world = || {
        World::api()
            .group("g", &group)
            .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "g"}])))
    };
    let lines = [("x", "1"), ("X", "2")];
    let with_lines = |path: &str| Traffic::Http(request("GET", path, &lines));
    for (traffic, expected) in [
        (get("/a"), ALLOW),
        (get("/b"), DENY),
        (get("/b/../a"), either("S5")),
        (get("/%61"), either("S5")),
        (get("/a?x=/../b"), ALLOW),
        (with_lines("/x"), either("S17")),
        (with_lines("/%78"), either("S5")),
        (with_lines("/a"), ALLOW),
        (Traffic::Http(request("GET", "/x", &[("x", "1,2")])), ALLOW),
    ] {
        assert_eq!(world().web(traffic.clone()), expected, "{traffic:?}");
    }
    // S5 and S17 have precedence over A14, A11 and A38.
    let opaque = declaring(world(), "s", &json!({"name": "tcp"}));
    assert_eq!(opaque.web(get("/a")), either("A14"));
    assert_eq!(opaque.web(get("/b/../a")), either("S5"));
    assert_eq!(opaque.web(with_lines("/x")), either("S17"));
    assert_eq!(world().access("shop/web", 9000, get("/a")), either("A11"));
    assert_eq!(world().access("shop/web", 9000, get("/b/../a")), either("S5"));
    let probed = World::api()
        .group("g", &json!([{"pathRegex": "/x"}]))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "g"}])));
    let (access, _) = checked(probed).authorize("shop/web", pod_ref("shop", "checked"), 9000, get("/ready/../x"));
    assert_eq!(access, either("S5"));
}

#[test]
fn readings_are_compared_over_all_targets() {
    // A1, S5
    let world = World::api()
        .group("b", &json!([{"pathRegex": r"/b/\.\./a"}]))
        .group("a", &json!([{"pathRegex": "/a"}]))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "a"}])))
        .target("b", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "b"}])));
    assert_eq!(world.web(get("/b/../a")), ALLOW);
    let l4 = World::api()
        .group("a", &json!([{"pathRegex": "/a"}]))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "a"}])))
        .target("b", &any_tcp());
    assert_eq!(l4.web(get("/b/../a")), ALLOW);
}
