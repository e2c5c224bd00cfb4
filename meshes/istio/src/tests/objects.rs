use super::*;

fn routing(name: &str, host: &str, backend: &str) -> NativeObject {
    let spec = json!({"hosts": [host], "http": [{"route": to(backend)}], "tcp": [{"route": to(backend)}]});
    virtual_service(name, spec)
}

fn aged(mut object: NativeObject, day: u8) -> NativeObject {
    let time = json!(format!("2026-01-{day:02}T00:00:00Z"));
    object.metadata.creation_timestamp = Some(serde_json::from_value(time).unwrap());
    object
}

fn with(mut object: NativeObject, field: &str, value: Value) -> NativeObject {
    object.spec[field] = value;
    object
}

/// Returns the answers to a request and to a connection, and asserts that the order of the objects does not matter.
fn both(a: NativeObject, b: NativeObject) -> (String, String) {
    let http = get(&[a.clone(), b.clone()], &[]).unwrap();
    let tcp = ask(&[a.clone(), b.clone()], &world(), "web", 9000, Traffic::Tcp).unwrap();
    assert_eq!(get(&[b.clone(), a.clone()], &[]).unwrap(), http);
    assert_eq!(ask(&[b, a], &world(), "web", 9000, Traffic::Tcp).unwrap(), tcp);
    (http, tcp)
}

fn all(backend: &str) -> (String, String) {
    (format!("{backend}.d:80"), format!("{backend}.d:9000"))
}

#[test]
fn objects_without_age_are_the_youngest() {
    let old = || aged(routing("z", "web", "v1"), 1);
    assert_eq!(both(old(), routing("a", "web", "v2")), all("v1"));
    assert_eq!(both(routing("b", "web", "v2"), routing("a", "web", "v1")), all("v1"));
}

#[test]
fn objects_of_equal_age_are_sorted_by_name_and_namespace() {
    let of = |name: &str, namespace: &str, backend: &str| {
        let mut object = aged(routing(name, "web.d.svc.cluster.local", backend), 1);
        object.metadata.namespace = Some(namespace.to_owned());
        object
    };
    assert_eq!(both(of("b", "a", "v2"), of("a", "z", "v1")), all("v1"));
    assert_eq!(both(of("a", "y", "v1"), of("a", "z", "v2")), all("v1"));
}

#[test]
fn visibility_takes_precedence_over_age() {
    let old = || aged(routing("z", "web", "v2"), 1);
    let young = |to: Value| with(aged(routing("a", "web", "v1"), 2), "exportTo", to);
    assert_eq!(
        both(old(), young(json!(["c"]))),
        all("v1"),
        "exported to the client by name"
    );
    assert_eq!(
        both(old(), young(json!(["."]))),
        all("v2"),
        "private to another namespace"
    );
    assert_eq!(both(old(), young(json!(["e"]))), all("v2"));
    assert_eq!(both(old(), young(json!(["~"]))), all("v2"));
    assert_eq!(both(old(), young(json!(["c", "*"]))), all("v2"));
    let unknown = RoutingQuery {
        from: None,
        to: Destination::Service {
            key: ObjectKey::new("d", "web"),
            port: 80,
        },
        traffic: request("/", &[]),
    };
    let route = |objects: &[NativeObject]| IstioMesh::default().route(objects, &world(), &unknown);
    assert!(route(&[young(json!(["c"]))]).is_err());
    assert_eq!(route(&[old()]).unwrap().to_string(), "v2.d:80");
}

#[test]
fn requests_select_the_closest_wildcard_and_connections_the_oldest() {
    let wide = aged(routing("wide", "*.svc.cluster.local", "v2"), 1);
    let close = aged(routing("close", "*.d.svc.cluster.local", "v1"), 2);
    assert_eq!(both(wide, close), ("v1.d:80".into(), "v2.d:9000".into()));
    // An exact host without a route for the port still excludes the wildcard.
    let exact = virtual_service(
        "exact",
        json!({"hosts": ["web"], "http": [{"match": [{"port": 7000}], "route": to("v2")}]}),
    );
    let wild = routing("wild", "*.d.svc.cluster.local", "v1");
    assert_eq!(both(exact, wild), ("web.d:80".into(), "v1.d:9000".into()));
}

#[test]
fn hosts_other_than_services_apply_on_port_80() {
    let outside = [routing("o", "*.example.com", "v1")];
    assert_eq!(get(&outside, &[("host", "a.Example.com")]), Ok("v1.d:80".into()));
    assert_eq!(get(&outside, &[("host", "example.com")]), Ok("web.d:80".into()));
}

#[test]
fn objects_with_weights_that_the_webhook_rejects_do_not_exist() {
    let weighted = |a: i64, b: i64| {
        let spec = json!({"hosts": ["web"], "tcp": [{"route": [
            {"destination": {"host": "v1"}, "weight": a}, {"destination": {"host": "v2"}, "weight": b},
        ]}]});
        ask(&[virtual_service("w", spec)], &world(), "web", 9000, Traffic::Tcp)
    };
    for (a, b) in [(0, 0), (-1, 2), (1 << 31, 1)] {
        assert_eq!(weighted(a, b), Ok("web.d:9000".into()), "{a} {b}");
    }
    assert_eq!(weighted(0, 7), Ok("v2.d:9000".into()));
}

#[test]
fn rejects_objects_that_affect_the_client() {
    let outbound = json!({"configPatches": [{"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND"}}]});
    let inbound = json!({"configPatches": [{"applyTo": "HTTP_FILTER", "match": {"context": "SIDECAR_INBOUND"}}]});
    let parents = |kind: &str| json!({"parentRefs": [{"kind": kind, "name": "web"}]});
    let gateway_api = |kind: &str| object("gateway.networking.k8s.io", "HTTPRoute", "d", parents(kind));
    for rejected in [
        istio("Sidecar", "c", json!({})),
        istio("Sidecar", "istio-system", json!({})),
        istio("ServiceEntry", "e", json!({})),
        istio("EnvoyFilter", "c", outbound.clone()),
        istio(
            "EnvoyFilter",
            "istio-system",
            json!({"configPatches": [{"applyTo": "CLUSTER"}]}),
        ),
        istio(
            "DestinationRule",
            "e",
            json!({"host": "*.d.svc.cluster.local", "trafficPolicy": {}}),
        ),
        object("extensions.istio.io", "WasmPlugin", "c", json!({})),
        object("", "MeshConfig", "", json!({})),
        gateway_api("Service"),
    ] {
        assert!(get(std::slice::from_ref(&rejected), &[]).is_err(), "{rejected:?}");
    }
    for accepted in [
        istio("Sidecar", "d", json!({})),
        istio("EnvoyFilter", "d", outbound),
        istio("EnvoyFilter", "c", inbound),
        istio("DestinationRule", "d", json!({"host": "v1", "trafficPolicy": {}})),
        istio("DestinationRule", "d", json!({"host": "web", "subsets": []})),
        object("security.istio.io", "AuthorizationPolicy", "d", json!({})),
        object("policy.linkerd.io", "HTTPRoute", "d", parents("Service")),
        gateway_api("Gateway"),
    ] {
        assert_eq!(
            get(std::slice::from_ref(&accepted), &[]),
            Ok("web.d:80".into()),
            "{accepted:?}"
        );
    }
}

#[test]
fn rejects_selected_routes_with_other_fields_than_destinations() {
    for field in [
        "fault",
        "mirror",
        "redirect",
        "rewrite",
        "timeout",
        "corsPolicy",
        "headers",
        "retries",
    ] {
        let route = json!([
            {"match": [{"uri": {"exact": "/x"}}], "route": to("v1"), field: {}},
            {"route": to("v2")},
        ]);
        let objects = [virtual_service("r", json!({"hosts": ["web"], "http": route}))];
        assert_eq!(get(&objects, &[]), Ok("v2.d:80".into()), "{field}");
        let selected = ask(&objects, &world(), "web", 80, request("/x", &[]));
        assert!(selected.unwrap_err().contains(field), "{field}");
    }
    let subset = json!({"hosts": ["web"], "http": [{"route": [{"destination": {"host": "v1", "subset": "s"}}]}]});
    assert!(
        get(&[virtual_service("s", subset)], &[])
            .unwrap_err()
            .contains("subset")
    );
}

#[test]
fn rejects_hosts_of_objects_that_are_not_understood() {
    for spec in [
        json!({"hosts": ["web"], "http": [{"delegate": {"name": "x"}}]}),
        json!({"hosts": ["web"], "http": [{"route": to("v1")}], "unknown": 1}),
        json!({"hosts": ["web"], "http": [{"match": null, "route": to("v1")}]}),
        json!({"hosts": ["web"], "http": "x"}),
        json!({"hosts": ["web"], "http": [{"match": [{"uri": {"suffix": "x"}}], "route": to("v1")}]}),
        json!({"hosts": ["web"], "tcp": [{}]}),
        json!({"hosts": ["web"]}),
        json!("x"),
    ] {
        let objects = [virtual_service("u", spec.clone())];
        assert!(get(&objects, &[]).is_err(), "{spec}");
        assert!(ask(&objects, &world(), "web", 9000, Traffic::Tcp).is_err(), "{spec}");
        let other = ask(&objects, &world(), "v1", 80, request("/", &[]));
        assert_eq!(other.is_ok(), spec.is_object(), "{spec}");
    }
    let mut revised = routing("r", "web", "v1");
    revised.metadata.labels = Some([("istio.io/rev".to_owned(), "canary".to_owned())].into());
    assert!(get(&[revised], &[]).is_err());
    let delegate = virtual_service("d", json!({"http": [{"route": to("v1")}]}));
    assert_eq!(get(&[delegate], &[]), Ok("web.d:80".into()));
}

#[test]
fn an_invalid_route_affects_its_port_unless_it_is_omitted() {
    let bad = json!({"match": [{"uri": {"regex": "(?=a)"}}], "route": to("v2")});
    let included = virtual_service("s", json!({"hosts": ["v2"], "http": [bad]}));
    assert!(get(&[included], &[]).unwrap_err().contains("not portable"));
    let omitted = virtual_service("b", json!({"hosts": ["web"], "http": [{"route": to("v1")}, bad]}));
    assert_eq!(get(&[omitted], &[]), Ok("v1.d:80".into()));
}
