use super::*;

fn web(spec: Value) -> NativeObject {
    let mut spec = spec;
    spec["hosts"] = json!(["web"]);
    virtual_service("web", spec)
}

#[test]
fn the_authority_selects_the_service_of_a_request() {
    let objects = [web(json!({"http": [{"route": to("v1")}]}))];
    for (host, answer) in [
        ("web.d.svc.cluster.local", "v1.d:80"),
        ("WEB.D:80", "v1.d:80"),
        ("v2.d", "v2.d:80"),
        ("bare-alias.d", "v2.d:80"),
        ("web", "web.d:80"),
        ("example.com", "web.d:80"),
    ] {
        assert_eq!(get(&objects, &[("host", host)]), Ok(answer.into()), "{host}");
    }
    assert_eq!(get(&objects, &[]), Ok("v1.d:80".into()));
    for host in ["10.0.0.1", "web.d.svc.cluster.local.", "[::1]:80", ""] {
        assert!(get(&objects, &[("host", host)]).is_err(), "{host}");
    }
    let absolute = ask(
        &objects,
        &world(),
        "web",
        80,
        request("http://v2.d/x", &[("host", "web.d")]),
    );
    assert_eq!(absolute, Ok("v2.d:80".into()));
    // The listener of a port without a protocol belongs to the service.
    let sniffed = ask(
        &objects,
        &world(),
        "web",
        7000,
        request("/", &[("host", "example.com")]),
    );
    assert_eq!(sniffed, Ok("v1.d:7000".into()));
}

#[test]
fn known_addresses_are_hosts() {
    let mut world = world();
    add(
        &mut world,
        "ip",
        json!({"clusterIP": "10.0.0.7", "ports": [{"name": "http", "port": 80}]}),
    );
    assert_eq!(
        ask(&[], &world, "ip", 80, request("/", &[("host", "10.0.0.7")])),
        Ok("ip.d:80".into())
    );
}

#[test]
fn missing_services_and_ports_lead_nowhere() {
    assert_eq!(ask(&[], &world(), "ghost", 80, Traffic::Tcp), Ok("nowhere".into()));
    assert_eq!(ask(&[], &world(), "web", 81, request("/", &[])), Ok("nowhere".into()));
    assert_eq!(ask(&[], &world(), "web", 53, Traffic::Tcp), Ok("nowhere".into()));
    // The HTTP listener of the other services listens on the port at every address.
    let elsewhere = ask(&[], &world(), "only9100", 80, request("/", &[("host", "v1.d")]));
    assert_eq!(elsewhere, Ok("v1.d:80".into()));
    assert_eq!(
        ask(&[], &world(), "only9100", 80, request("/", &[])),
        Ok("nowhere".into())
    );
}

#[test]
fn udp_bypasses_the_sidecar() {
    let objects = [istio("ServiceEntry", "d", json!({}))];
    assert_eq!(ask(&objects, &world(), "web", 53, Traffic::Udp), Ok("web.d:53".into()));
    assert_eq!(ask(&objects, &world(), "web", 80, Traffic::Udp), Ok("nowhere".into()));
}

#[test]
fn destinations_resolve_to_ports() {
    let split = |host: &str| json!([{"destination": {"host": "v1"}, "weight": 1}, {"destination": {"host": host}, "weight": 1}]);
    let http = [web(json!({"http": [{"route": split("only9100")}]}))];
    assert_eq!(get(&http, &[]), Ok("v1.d:80 1/2, status 503 1/2".into()));
    let tcp = [web(json!({"tcp": [{"route": split("only9100")}]}))];
    let answer = ask(&tcp, &world(), "web", 9000, Traffic::Tcp);
    assert_eq!(answer, Ok("only9100.d:9100 1/2, v1.d:9000 1/2".into()));
    let ghost = [web(json!({"tcp": [{"route": split("ghost")}]}))];
    let answer = ask(&ghost, &world(), "web", 9000, Traffic::Tcp);
    assert_eq!(answer, Ok("v1.d:9000 1/2, failure 1/2".into()));
    // HTTP routes do not find an ExternalName service without ports, and TCP routes do.
    let http = [web(json!({"http": [{"route": to("bare-alias")}]}))];
    assert_eq!(get(&http, &[]), Ok("status 503".into()));
    let tcp = [web(json!({"tcp": [{"route": to("bare-alias")}]}))];
    assert_eq!(ask(&tcp, &world(), "web", 9000, Traffic::Tcp), Ok("v2.d:9000".into()));
}

#[test]
fn headless_services_are_roots_but_not_destinations() {
    let objects = |backend: &str| {
        [virtual_service(
            "h",
            json!({"hosts": ["headless"], "http": [{"route": to(backend)}]}),
        )]
    };
    let get = |objects: &[NativeObject]| ask(objects, &world(), "headless", 80, request("/", &[]));
    assert_eq!(get(&[]), Ok("headless.d:80".into()));
    assert_eq!(get(&objects("v1")), Ok("v1.d:80".into()));
    assert_eq!(get(&objects("headless")), Ok("headless.d:80".into()));
    let of_pod = ask(
        &objects("v1"),
        &world(),
        "headless",
        80,
        request("/", &[("host", "p-0.headless.d")]),
    );
    assert_eq!(of_pod, Ok("v1.d:80".into()));
    let backend = [web(json!({"http": [{"route": to("headless")}]}))];
    assert!(super::get(&backend, &[]).unwrap_err().contains("headless"));
    let mut twice = world();
    add(
        &mut twice,
        "other",
        json!({"clusterIP": "None", "ports": [{"name": "tcp", "port": 9000}]}),
    );
    assert!(
        ask(&[], &twice, "headless", 9000, Traffic::Tcp)
            .unwrap_err()
            .contains("share pods")
    );
    assert_eq!(
        ask(&[], &twice, "headless", 80, request("/", &[])),
        Ok("headless.d:80".into())
    );
}

#[test]
fn only_tls_routes_apply_to_tls() {
    let others = [web(
        json!({"tcp": [{"route": to("v1")}], "http": [{"route": to("v1")}]}),
    )];
    assert_eq!(
        ask(&others, &world(), "web", 8443, Traffic::Tcp),
        Ok("web.d:8443".into())
    );
    assert_eq!(
        ask(&others, &world(), "web", 9000, request("/", &[])),
        Ok("v1.d:9000".into())
    );
    let tls = [web(
        json!({"tls": [{"match": [{"sniHosts": ["web"]}], "route": to("v1")}]}),
    )];
    assert!(ask(&tls, &world(), "web", 8443, Traffic::Tcp).is_err());
    assert_eq!(ask(&tls, &world(), "web", 9000, Traffic::Tcp), Ok("web.d:9000".into()));
}

#[test]
fn rejects_services_with_limited_visibility_or_a_waypoint() {
    for (field, name, value) in [
        ("annotations", "networking.istio.io/exportTo", "."),
        ("labels", "istio.io/use-waypoint", "w"),
    ] {
        let mut world = world();
        let metadata = json!({"name": "odd", "namespace": "d", field: {name: value}});
        let service = serde_json::from_value(json!({"metadata": metadata, "spec": {}})).unwrap();
        world.services.insert(ObjectKey::new("d", "odd"), service);
        assert!(ask(&[], &world, "web", 80, Traffic::Tcp).is_err(), "{name}");
    }
}
