use super::super::tests::{account, ask_in, key, pod, policy, service, world};
use super::*;
use crate::protocol::Protocol;
use serde_json::json;
use smi_adapter::query::Traffic;

/// Opens a connection to `port`. The policies deny everything.
fn connect(world: &MeshWorld, port: u16) -> String {
    ask_in(world, &[policy(json!({}))], account("web"), port, Traffic::Tcp)
}

#[test]
fn traffic_that_is_not_captured_passes() {
    let none = json!({"containers": []});
    let proxied = json!({"containers": [{"name": "istio-proxy"}]});
    for (field, name, value, spec, answer) in [
        ("labels", "sidecar.istio.io/inject", "false", &none, "allow"),
        ("annotations", "sidecar.istio.io/inject", "false", &none, "allow"),
        ("annotations", "sidecar.istio.io/inject", "false", &proxied, "deny"),
        ("labels", "sidecar.istio.io/inject", "true", &none, "deny"),
        (
            "annotations",
            "traffic.sidecar.istio.io/excludeInboundPorts",
            "80, 9000",
            &none,
            "allow",
        ),
        (
            "annotations",
            "traffic.sidecar.istio.io/excludeInboundPorts",
            "80",
            &none,
            "deny",
        ),
        (
            "annotations",
            "traffic.sidecar.istio.io/includeInboundPorts",
            "80",
            &none,
            "allow",
        ),
        (
            "annotations",
            "traffic.sidecar.istio.io/includeInboundPorts",
            "",
            &none,
            "allow",
        ),
        (
            "annotations",
            "traffic.sidecar.istio.io/includeInboundPorts",
            "80,9000",
            &none,
            "deny",
        ),
        (
            "annotations",
            "traffic.sidecar.istio.io/includeInboundPorts",
            "*",
            &none,
            "deny",
        ),
    ] {
        let mut world = world();
        pod(&mut world, json!({field: {name: value}}), spec.clone());
        assert_eq!(connect(&world, 9000), answer, "{name}: {value}");
    }
}

#[test]
fn rejects_pods_with_unsupported_configuration() {
    for (metadata, spec) in [
        (
            json!({"labels": {"istio.io/dataplane-mode": "ambient"}}),
            json!({"containers": []}),
        ),
        (
            json!({"annotations": {"proxy.istio.io/config": "{}"}}),
            json!({"containers": []}),
        ),
        (
            json!({"annotations": {"traffic.sidecar.istio.io/excludeInboundPorts": "x"}}),
            json!({"containers": []}),
        ),
        (json!({}), json!({"containers": [], "hostNetwork": true})),
    ] {
        let mut world = world();
        pod(&mut world, metadata.clone(), spec);
        assert!(connect(&world, 9000).len() > 5, "{metadata}");
    }
    let mut ambient = world();
    let namespace = json!({"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}});
    ambient
        .namespaces
        .insert("d".into(), serde_json::from_value(namespace).unwrap());
    assert!(connect(&ambient, 9000).contains("ambient"));
    pod(
        &mut ambient,
        json!({"labels": {"istio.io/dataplane-mode": "none"}}),
        json!({"containers": []}),
    );
    assert_eq!(connect(&ambient, 9000), "deny");
    assert!(connect(&world(), 15021).contains("belongs to the sidecar"));
    assert!(connect(&MeshWorld::default(), 9000).contains("does not exist"));
}

fn protocol(world: &MeshWorld, port: u16) -> Result<Protocol, NotModelledError> {
    Workload::find(world, &key()).unwrap().protocol(port)
}

#[test]
fn the_oldest_service_determines_the_protocol() {
    let age = |year: u16| json!({"creationTimestamp": format!("{year}-01-01T00:00:00Z")});
    let mut world = world();
    service(&mut world, "b", age(2002), json!([{"name": "tcp", "port": 1}]));
    service(&mut world, "a", age(2003), json!([{"name": "http", "port": 1}]));
    service(&mut world, "c", age(2004), json!([{"name": "http", "port": 1}]));
    assert_eq!(protocol(&world, 1), Ok(Protocol::Tcp));
    service(
        &mut world,
        "z",
        age(2001),
        json!([{"name": "http", "port": 9, "targetPort": 1}]),
    );
    assert_eq!(protocol(&world, 1), Ok(Protocol::Http));
    assert_eq!(protocol(&world, 9), Ok(Protocol::Sniffed));
    service(&mut world, "y", age(2001), json!([{"name": "grpc", "port": 1}]));
    assert_eq!(protocol(&world, 1), Ok(Protocol::Http));
    service(&mut world, "x", age(2001), json!([{"name": "tcp", "port": 1}]));
    assert_eq!(protocol(&world, 1), Ok(Protocol::Tcp), "the first host name");
    let waypoint = json!({"labels": {"istio.io/use-waypoint": "w"}});
    service(&mut world, "w", waypoint, json!([{"name": "tcp", "port": 2}]));
    assert!(protocol(&world, 2).is_err());
}

/// istiod gives a UDP port of a service a filter chain for bytes, and the first of two ports keeps the number.
#[test]
fn a_udp_port_makes_its_number_one_for_bytes() {
    let mut world = world();
    let udp = json!({"name": "http3", "port": 443, "targetPort": 8443, "protocol": "UDP"});
    let http = json!({"name": "http", "port": 80, "targetPort": 8443});
    service(&mut world, "api", json!({}), json!([udp]));
    assert_eq!(protocol(&world, 8443), Ok(Protocol::Tcp));
    service(&mut world, "api", json!({}), json!([udp, http]));
    assert_eq!(protocol(&world, 8443), Ok(Protocol::Tcp));
    service(&mut world, "api", json!({}), json!([http, udp]));
    assert_eq!(protocol(&world, 8443), Ok(Protocol::Http));
}

#[test]
fn ignores_services_that_do_not_select_the_pod() {
    let mut world = world();
    let own = world.services.remove(&key()).unwrap();
    world.services.insert(ObjectKey::new("e", "api"), own.clone());
    let mut other = own.clone();
    other.spec.as_mut().unwrap().selector = Some(BTreeMap::from([("app".into(), "db".into())]));
    world.services.insert(ObjectKey::new("d", "db"), other.clone());
    other.spec.as_mut().unwrap().selector = None;
    world.services.insert(ObjectKey::new("d", "none"), other);
    assert_eq!(protocol(&world, 8080), Ok(Protocol::Sniffed));
    let mut alias = own;
    alias.spec.as_mut().unwrap().type_ = Some("ExternalName".into());
    world.services.insert(key(), alias);
    assert_eq!(protocol(&world, 8080), Ok(Protocol::Sniffed));
}

#[test]
fn resolves_named_target_ports() {
    let mut world = world();
    let container = json!({"name": "c", "ports": [
        {"name": "web", "containerPort": 3000, "protocol": "UDP"}, {"name": "web", "containerPort": 4000},
    ]});
    pod(
        &mut world,
        json!({"labels": {"app": "api"}}),
        json!({"containers": [container]}),
    );
    let ports = json!([
        {"name": "http", "port": 1, "targetPort": "web"}, {"name": "tcp", "port": 2, "targetPort": "ghost"},
    ]);
    service(&mut world, "api", json!({}), ports);
    assert_eq!(protocol(&world, 4000), Ok(Protocol::Http));
    for port in [1, 2, 3000] {
        assert_eq!(protocol(&world, port), Ok(Protocol::Sniffed), "{port}");
    }
    let workload = Workload::find(&world, &key()).unwrap();
    assert!(workload.is_declared(4000) && !workload.is_declared(1));
}
