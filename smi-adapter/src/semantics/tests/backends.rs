//! Backends: their shares.

use super::*;

#[test]
fn weights_are_exact_shares() {
    // T6, T7, T8, T9, T26, T38
    for (v1, v2, expected) in [
        (json!(1000), json!(500), "v1.shop:80 2/3, v2.shop:80 1/3"),
        (json!(1), json!("500m"), "v1.shop:80 2/3, v2.shop:80 1/3"),
        (json!(100), json!(900), "v1.shop:80 1/10, v2.shop:80 9/10"),
        (json!(0.1), json!(0.2), "v1.shop:80 1/3, v2.shop:80 2/3"),
        (
            json!("1n"),
            json!(1),
            "v1.shop:80 1/1000000001, v2.shop:80 1000000000/1000000001",
        ),
        (json!(1), json!(0), V1),
        (json!(0), json!(1), V2),
        (Value::Null, json!(1), V2),
        (json!(i64::MAX), json!(i64::MAX), "v1.shop:80 1/2, v2.shop:80 1/2"),
        (json!(0), json!(0), ROOT),    // T10
        (Value::Null, json!(0), ROOT), // T10
        (json!(-1), json!(1), ROOT),   // T6: inert, not only the one backend
        (json!("x"), json!(1), ROOT),
        (json!(1), json!(u64::MAX), ROOT),
        (json!(true), json!(1), ROOT),
    ] {
        let world = World::shop().split("a", &shares(&[("v1", v1.clone()), ("v2", v2.clone())]));
        assert_eq!(world.get(), expected, "{v1} {v2}");
    }
}

#[test]
fn many_large_weights_do_not_overflow() {
    // T6, T30
    let backends: Vec<_> = (0..2000).map(|_| ("v1", json!(i64::MAX))).collect();
    assert_eq!(World::shop().split("a", &shares(&backends)).get(), V1);
}

#[test]
fn the_trace_explains_an_inert_split() {
    // T6, T10, T31
    for (rule, backends) in [
        (
            "T6",
            json!([{"service": "v1", "weight": 1}, {"service": "v2", "weight": -1}]),
        ),
        ("T10", json!([{"service": "v1", "weight": 0}])),
        ("T31", json!([])),
        ("T31", Value::Null),
    ] {
        let world = World::shop().split("a", &json!({"service": "web", "backends": backends}));
        assert_eq!(world.get(), ROOT);
        assert!(world.trace().contains(&format!("({rule})")), "{rule} {}", world.trace());
    }
}

#[test]
fn duplicate_backends_add_up() {
    // T30
    let spec = |v2: Value| shares(&[("v1", json!(1)), ("v2", json!(1)), ("v1", json!("2")), ("v2", v2)]);
    assert_eq!(
        World::shop().split("a", &spec(json!(0))).get(),
        "v1.shop:80 3/4, v2.shop:80 1/4"
    );
    assert_eq!(World::shop().split("a", &spec(json!("x"))).get(), ROOT);
}

#[test]
fn a_backend_gets_a_share_of_the_ports_that_it_has() {
    // T20, T21, T22, T23: the example of `birds` with `blue` on 1024.
    let port = |number: i32, more: Value| {
        let mut port = json!({"port": number});
        port.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"ports": [port]})
    };
    let shop = |blue: &Value| {
        World::default()
            .tcp("web", &[8080, 9090])
            .tcp("green", &[8080])
            .service("shop", "blue", blue)
            .split("a", &shares(&[("green", json!(1)), ("blue", json!(9))]))
    };
    let green = "green.shop:8080";
    for (blue, expected) in [
        (port(1024, json!({"name": "http", "targetPort": 8080})), green),
        (port(8080, json!({"protocol": "UDP"})), green),
        (
            port(8080, json!({"protocol": "TCP"})),
            "blue.shop:8080 9/10, green.shop:8080 1/10",
        ),
        (
            port(8080, json!({"targetPort": 8081, "name": "x"})),
            "blue.shop:8080 9/10, green.shop:8080 1/10",
        ),
        (
            port(8080, json!({"appProtocol": "h2c"})),
            "blue.shop:8080 9/10, green.shop:8080 1/10",
        ),
    ] {
        let world = shop(&blue);
        assert_eq!(world.query("web", 8080, Traffic::Tcp).0.to_string(), expected, "{blue}");
    }
    // T23: no backend has the port.
    let (routing, trace) = shop(&port(8080, json!({}))).query("web", 9090, Traffic::Tcp);
    assert_eq!(routing.to_string(), "web.shop:9090");
    assert!(
        trace
            .to_string()
            .contains("no backend with a weight has TCP port 9090 (T23)")
    );
    // T9, T23: the only backend with the port has no weight.
    let world = World::shop().tcp("off", &[81]);
    let world = world.split("a", &shares(&[("v1", json!(0)), ("off", json!(1))]));
    assert_eq!(world.get(), ROOT);
}

#[test]
fn the_root_stands_in_for_absent_backends() {
    // T5, T25, T32
    for gone in ["gone", "v1.shop", "v1.shop.svc.cluster.local", "other/v1", "V1", ""] {
        let world = World::shop().split("a", &shares(&[(gone, json!(99)), ("v2", json!(1))]));
        assert_eq!(world.get(), "v2.shop:80 1/100, web.shop:80 99/100", "{gone}");
    }
    // A service of this name in another namespace is not a backend.
    let world = World::shop()
        .service("other", "gone", &json!({"ports": [{"port": 80}]}))
        .split("a", &shares(&[("gone", json!(1)), ("v2", json!(1))]));
    assert_eq!(world.get(), "v2.shop:80 1/2, web.shop:80 1/2");
    // Several absent backends, one of them without weight.
    let world = World::shop().split(
        "a",
        &shares(&[("x", json!(1)), ("y", json!(2)), ("z", json!(0)), ("v2", json!(7))]),
    );
    assert_eq!(world.get(), "v2.shop:80 7/10, web.shop:80 3/10");
}

#[test]
fn the_root_does_not_stand_in_alone() {
    // T23, T25: the split is passed over, so the next one decides.
    let world = World::shop()
        .tcp("web2", &[80])
        .tcp("elsewhere", &[81])
        .group("all", &json!([{"name": "all"}]));
    for backends in [
        shares(&[("gone", json!(1))]),
        shares(&[("gone", json!(1)), ("v1", json!(0))]),
        shares(&[("gone", json!(1)), ("elsewhere", json!(1))]),
    ] {
        let mut first = backends;
        first["matches"] = json!([{"kind": "HTTPRouteGroup", "name": "all"}]);
        let world = World {
            snapshot: world.snapshot.clone(),
            settings: world.settings.clone(),
        };
        let world = world.split("a", &first).split("b", &all_to("v2"));
        assert_eq!(world.get(), V2, "{first}");
    }
    // T25: the weight of a present backend without the port goes to the others, not to the root.
    let world = World::shop().tcp("elsewhere", &[81]);
    let world = world.split(
        "a",
        &shares(&[("gone", json!(1)), ("elsewhere", json!(8)), ("v1", json!(1))]),
    );
    assert_eq!(world.get(), "v1.shop:80 1/2, web.shop:80 1/2");
}

#[test]
fn the_root_may_be_its_own_backend() {
    // T28. With T25, its weights add up.
    let world = World::shop().split("a", &shares(&[("web", json!(3)), ("v1", json!(1))]));
    assert_eq!(world.get(), "v1.shop:80 1/4, web.shop:80 3/4");
    assert!(world.trace().contains("for its own endpoints (T28)"));
    let world = World::shop().split("a", &shares(&[("web", json!(1)), ("gone", json!(2)), ("v1", json!(1))]));
    assert_eq!(world.get(), "v1.shop:80 1/4, web.shop:80 3/4");
    let world = World::shop().split("a", &shares(&[("web", json!(1)), ("gone", json!(2))]));
    assert_eq!(world.get(), ROOT);
    assert!(world.trace().contains("takes the traffic"));
}

#[test]
fn splits_are_not_hierarchical() {
    // T27
    let deeper = json!({"service": "v1", "backends": [{"service": "v2", "weight": 1}]});
    let world = World::shop().split("a", &all_to("v1")).split("b", &deeper);
    assert_eq!(world.get(), V1);
    assert_eq!(world.query("v1", 80, Traffic::Tcp).0.to_string(), V2);
}
