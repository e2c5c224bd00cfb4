//! Services: presence, ports and roots.

use super::*;

#[test]
fn absent_services_and_ports_get_no_traffic() {
    // I1, I3, T21
    let two = json!({"ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}, {"port": 0}, {"port": 65536},
        {"port": 90, "protocol": ""}]});
    let world = World::shop()
        .tcp("twin", &[80])
        .tcp("twin", &[80])
        .service("shop", "two", &two)
        .service("shop", "empty", &json!({}));
    for (name, port, traffic, expected) in [
        ("two", 80, Traffic::Tcp, "two.shop:80"),
        ("two", 80, Traffic::Udp, "nowhere"),
        ("two", 53, Traffic::Udp, "two.shop:53"),
        ("two", 53, Traffic::Tcp, "nowhere"),
        ("two", 81, Traffic::Tcp, "nowhere"),
        ("two", 90, Traffic::Tcp, "two.shop:90"),
        ("two", 0, Traffic::Tcp, "nowhere"),
        ("empty", 80, Traffic::Tcp, "nowhere"),
        ("gone", 80, Traffic::Tcp, "nowhere"),
        ("twin", 80, Traffic::Tcp, "nowhere"),
    ] {
        let (routing, trace) = world.query(name, port, traffic.clone());
        assert_eq!(routing.to_string(), expected, "{name} {port} {traffic:?}");
        assert!(!trace.steps().is_empty());
    }
    assert_eq!(world.query("twin", 80, Traffic::Tcp).1.steps()[0].rule, "I1");
    assert_eq!(world.query("gone", 80, Traffic::Tcp).1.steps()[0].rule, "I3");
    assert_eq!(world.query("two", 81, Traffic::Tcp).1.steps()[0].rule, "T21");
}

#[test]
fn udp_is_never_split() {
    // T21
    let both = json!({"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]});
    let world = World::default()
        .service("shop", "web", &both)
        .service("shop", "v1", &both)
        .split("a", &all_to("v1"));
    assert_eq!(world.query("web", 53, Traffic::Udp).0.to_string(), "web.shop:53");
    assert_eq!(world.query("web", 53, Traffic::Tcp).0.to_string(), "v1.shop:53");
}

#[test]
fn an_external_name_is_neither_root_nor_backend() {
    // T5, T40
    let external = json!({"type": "ExternalName", "externalName": "example.org", "ports": [{"port": 80}]});
    let world = World::default()
        .tcp("v1", &[80])
        .service("shop", "web", &external)
        .split("a", &all_to("v1"));
    assert_eq!(world.get(), ROOT);
    assert!(world.trace().contains("(T40)"), "{}", world.trace());
    assert_eq!(world.query("web", 81, Traffic::Tcp).0.to_string(), "nowhere");

    let world = World::shop()
        .service("shop", "out", &external)
        .split("a", &shares(&[("out", json!(1)), ("v1", json!(3))]));
    assert_eq!(world.get(), "v1.shop:80 3/4, web.shop:80 1/4");
}

#[test]
fn a_root_needs_a_tcp_port() {
    // T40
    let world = World::shop()
        .service("shop", "udp", &json!({"ports": [{"port": 80, "protocol": "UDP"}]}))
        .service("shop", "sctp", &json!({"ports": [{"port": 80, "protocol": "SCTP"}]}));
    let usable =
        |name| crate::semantics::destination::usable_root(&world.snapshot, &ObjectKey::new("shop", name)).is_ok();
    assert!(usable("web"));
    assert!(!usable("udp"));
    assert!(!usable("sctp"));
    assert!(!usable("gone"));
}

#[test]
fn accepts_every_form_of_a_root() {
    // T2, T3
    for (service, is_root) in [
        ("web", true),
        ("web.shop", true),
        ("web.shop.svc", true),
        ("web.shop.svc.cluster.local", true),
        ("web.other", false),
        ("web.svc", false),
        ("web.other.svc", false),
        ("web.other.svc.cluster.local", false),
        ("web.shop.svc.cluster", false),
        ("web.shop.svc.cluster.local.", false),
        ("web.shop.svc.other.local", false),
        ("web.shop.pod", false),
        ("web.", false),
        ("WEB", false),
        ("web2", false),
        ("v1", false),
        ("web.example.com", false),
    ] {
        let mut spec = all_to("v1");
        spec["service"] = json!(service);
        let world = World::shop().split("a", &spec);
        assert_eq!(world.get(), if is_root { V1 } else { ROOT }, "{service}");
    }
    let mut spec = all_to("v1");
    spec["service"] = json!("web.shop.svc.k8s.example");
    let mut world = World::shop().split("a", &spec);
    assert!(
        world
            .trace()
            .contains("`web.shop.svc.k8s.example` is not a service of namespace `shop` (T3)")
    );
    world.settings.cluster_domain = "k8s.example".into();
    assert_eq!(world.get(), V1);
}
