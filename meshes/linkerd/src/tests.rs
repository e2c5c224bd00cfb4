use super::*;
use serde_json::{Value, json};
use smi_adapter::object::Kind;
use smi_adapter::principal::Identity;

const LINKERD: [&str; 3] = ["policy.linkerd.io", "v1beta3", "HTTPRoute"];
const GATEWAY: [&str; 3] = ["gateway.networking.k8s.io", "v1", "HTTPRoute"];
const GRPC: [&str; 3] = ["gateway.networking.k8s.io", "v1", "GRPCRoute"];
const TCP: [&str; 3] = ["gateway.networking.k8s.io", "v1alpha2", "TCPRoute"];
const TLS: [&str; 3] = ["gateway.networking.k8s.io", "v1alpha3", "TLSRoute"];
const PROFILE: [&str; 3] = ["linkerd.io", "v1alpha2", "ServiceProfile"];

/// Returns a world with a service `web` and its backends `v1` to `v3`, with several ports each.
fn world() -> MeshWorld {
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    for name in ["web", "v1", "v2", "v3"] {
        let ports = json!([
            {"port": 80}, {"port": 81, "appProtocol": "http"}, {"port": 82, "appProtocol": "kubernetes.io/h2c"},
            {"port": 3306}, {"port": 4567}
        ]);
        let service = serde_json::from_value(json!({"spec": {"ports": ports}})).unwrap();
        world.services.insert(ObjectKey::new("d", name), service);
    }
    world
}

fn object([group, version, kind]: [&'static str; 3], key: &str, spec: Value) -> NativeObject {
    let (namespace, name) = key.split_once('/').unwrap();
    NativeObject {
        kind: Kind::named(group, version, kind, "objects"),
        metadata: serde_json::from_value(json!({"namespace": namespace, "name": name})).unwrap(),
        spec: spec.into(),
    }
}

fn rule(backend: &str) -> Value {
    json!({"backendRefs": [{"name": backend, "namespace": "d", "port": 80}]})
}

/// Returns a route with one rule to `backend`, for `port` of `web`.
fn route(kind: [&'static str; 3], key: &str, port: u16, backend: &str) -> NativeObject {
    with_rules(kind, key, port, &json!([rule(backend)]))
}

fn with_rules(kind: [&'static str; 3], key: &str, port: u16, rules: &Value) -> NativeObject {
    let mut parent = json!({"group": "core", "kind": "Service", "name": "web", "namespace": "d"});
    parent["port"] = json!(port);
    object(kind, key, json!({"parentRefs": [parent], "rules": rules}))
}

fn aged(mut object: NativeObject, minute: u8) -> NativeObject {
    let created = format!("2026-01-01T00:{minute:02}:00Z");
    object.metadata.creation_timestamp = Some(serde_json::from_value(json!(created)).unwrap());
    object
}

fn http(path: &str) -> Traffic {
    Traffic::Http(Request {
        method: "GET".into(),
        path: path.into(),
        headers: Vec::new(),
    })
}

fn ask(objects: &[NativeObject], from: Option<&str>, port: u16, traffic: Traffic) -> Result<String, NotModelledError> {
    let query = RoutingQuery {
        from: from.map(|namespace| Identity {
            namespace: namespace.into(),
            service_account: "client".into(),
        }),
        to: Destination::Service {
            key: ObjectKey::new("d", "web"),
            port,
        },
        traffic,
    };
    let answer = LinkerdMesh::default().route(objects, &world(), &query)?;
    // The order of objects must not matter.
    let reversed: Vec<_> = objects.iter().rev().cloned().collect();
    assert_eq!(
        LinkerdMesh::default().route(&reversed, &world(), &query),
        Ok(answer.clone())
    );
    Ok(answer.to_string())
}

fn get(objects: &[NativeObject], port: u16) -> String {
    ask(objects, Some("c"), port, http("/")).unwrap()
}

fn bytes(objects: &[NativeObject], port: u16) -> String {
    ask(objects, Some("c"), port, Traffic::Tcp).unwrap()
}

#[test]
fn udp_and_ignored_ports_never_enter_the_proxy() {
    let routes = [route(LINKERD, "d/r", 80, "v1"), route(LINKERD, "d/i", 4567, "v1")];
    assert_eq!(ask(&routes, Some("c"), 80, Traffic::Udp).unwrap(), "web.d:80");
    assert_eq!(get(&routes, 4567), "web.d:4567");
    assert_eq!(get(&routes, 4568), "nowhere");
}

#[test]
fn prefers_older_routes_and_then_lower_names() {
    let a = route(LINKERD, "d/a", 80, "v1");
    let b = route(LINKERD, "d/b", 80, "v2");
    assert_eq!(get(&[a.clone(), b.clone()], 80), "v1.d:80");
    assert_eq!(get(&[a.clone(), aged(b.clone(), 9)], 80), "v2.d:80");
    assert_eq!(get(&[aged(a.clone(), 2), aged(b.clone(), 1)], 80), "v2.d:80");
    assert_eq!(get(&[aged(a, 1), aged(b, 1)], 80), "v1.d:80");
}

#[test]
fn does_not_model_the_order_of_routes_with_the_same_name() {
    let one = with_rules(
        LINKERD,
        "d/r",
        80,
        &json!([{"matches": [{"path": {"value": "/a"}}]}, rule("v1")]),
    );
    let other = route(GATEWAY, "d/r", 80, "v2");
    let both = [one, other];
    assert!(ask(&both, Some("c"), 80, http("/")).is_err());
    assert_eq!(ask(&both, Some("c"), 80, http("/a")), Ok("web.d:80".into()));
    let tcp = [route(TCP, "d/t", 80, "v1"), route(TCP, "c/t", 80, "v2")];
    assert!(ask(&tcp, Some("c"), 80, Traffic::Tcp).is_err());
    assert_eq!(ask(&tcp, Some("e"), 80, Traffic::Tcp), Ok("v1.d:80".into()));
}

#[test]
fn distinguishes_empty_and_absent_rules() {
    let none = with_rules(LINKERD, "d/r", 80, &json!([]));
    assert_eq!(get(&[none], 80), "status 404");
    let mut absent = route(LINKERD, "d/r", 80, "v1");
    absent.spec.as_object_mut().unwrap().remove("rules");
    assert_eq!(get(&[absent], 80), "web.d:80");
}

#[test]
fn grpc_routes_apply_only_to_ports_that_can_carry_grpc() {
    let both = |port| [route(GRPC, "d/g", port, "v1"), route(LINKERD, "d/h", port, "v2")];
    assert_eq!(get(&both(80), 80), "v1.d:80");
    assert_eq!(get(&both(82), 82), "v1.d:80");
    // On a port declared as HTTP, the controller sends only HTTP routes, and those are not accepted.
    assert_eq!(get(&both(81), 81), "web.d:81");
    // The proxy parses bytes as HTTP/2.
    assert_eq!(bytes(&both(80), 80), "failure");
    let matches = json!([{"matches": [{"method": {"service": "a.B", "method": "C"}}]}]);
    let matching = with_rules(GRPC, "d/g", 80, &matches);
    assert!(ask(&[matching], Some("c"), 80, http("/a.B/C")).is_err());
}

#[test]
fn tcp_routes_apply_to_opaque_ports_but_not_to_http_ports() {
    let on = |port| [route(TCP, "d/t", port, "v1")];
    assert_eq!(get(&on(3306), 3306), "v1.d:80");
    assert_eq!(get(&on(81), 81), "web.d:81");
    assert_eq!(bytes(&on(81), 81), "failure");
    let newer = [route(
        ["gateway.networking.k8s.io", "v1", "TCPRoute"],
        "d/t",
        3306,
        "v1",
    )];
    assert_eq!(bytes(&newer, 3306), "web.d:3306");
}

#[test]
fn a_preferred_kind_in_another_namespace_prevents_acceptance() {
    // The HTTP route applies only to clients in `c`, but the TCP route is not accepted for any client.
    let routes = [route(LINKERD, "c/h", 80, "v1"), route(TCP, "d/t", 80, "v2")];
    assert_eq!(ask(&routes, Some("c"), 80, Traffic::Tcp), Ok("web.d:80".into()));
    assert_eq!(ask(&routes, Some("e"), 80, Traffic::Tcp), Ok("web.d:80".into()));
    assert_eq!(ask(&routes, Some("e"), 80, http("/")), Ok("web.d:80".into()));
    assert_eq!(ask(&routes, Some("c"), 80, http("/")), Ok("v1.d:80".into()));
}

#[test]
fn profiles_take_precedence_over_routes() {
    let name = "web.d.svc.cluster.local";
    let overrides = json!({"dstOverrides": [{"authority": "v3.d.svc.cluster.local", "weight": "1"}]});
    let profile = object(PROFILE, &format!("d/{name}"), overrides);
    let routes = object(
        PROFILE,
        &format!("d/{name}"),
        json!({"routes": [{"name": "r", "condition": {"pathRegex": "/"}}]}),
    );
    let grpc = route(GRPC, "d/g", 80, "v1");
    let tcp = route(TCP, "d/t", 3306, "v2");
    assert_eq!(get(&[profile.clone(), grpc.clone()], 80), "v3.d:80");
    assert_eq!(get(&[routes.clone(), grpc], 80), "web.d:80");
    assert_eq!(get(&[profile.clone(), tcp.clone()], 3306), "v3.d:3306");
    assert_eq!(bytes(&[routes.clone(), tcp], 3306), "v2.d:80");
    assert_eq!(get(std::slice::from_ref(&profile), 81), "v3.d:81");
    assert!(ask(std::slice::from_ref(&profile), Some("c"), 81, Traffic::Tcp).is_err());
    assert!(ask(std::slice::from_ref(&profile), Some("c"), 99, http("/")).is_err());
    assert_eq!(bytes(&[routes], 81), "failure");
    // Overrides with weight zero have no effect.
    let zero = json!({"dstOverrides": [{"authority": "v3.d.svc.cluster.local", "weight": "0"}]});
    let zero = object(PROFILE, &format!("d/{name}"), zero);
    assert_eq!(get(&[zero, route(LINKERD, "d/h", 80, "v1")], 80), "v1.d:80");
}

#[test]
fn does_not_guess_unknown_decisions() {
    let tls = [route(TLS, "d/t", 80, "v1")];
    assert!(ask(&tls, Some("c"), 80, http("/")).is_err());
    assert_eq!(ask(&tls, Some("c"), 81, http("/")), Ok("web.d:81".into()));
    let consumer = [route(LINKERD, "c/h", 80, "v1")];
    assert!(ask(&consumer, None, 80, http("/")).is_err());
    let producer = [route(LINKERD, "d/h", 80, "v1")];
    assert_eq!(ask(&producer, None, 80, http("/")), Ok("v1.d:80".into()));
    for path in ["a", "?q", "/ ", "/é", "/#x"] {
        assert!(ask(&producer, Some("c"), 80, http(path)).is_err(), "{path}");
    }
    let mut connect = http("/");
    if let Traffic::Http(request) = &mut connect {
        request.method = "CONNECT".into();
    }
    assert!(ask(&producer, Some("c"), 80, connect).is_err());
}

#[test]
fn one_invalid_rule_makes_the_router_fail() {
    let zero = json!([{"matches": [{"path": {"value": "/zero"}}], "backendRefs": [
        {"name": "v1", "port": 80, "weight": 0}, {"name": "v2", "port": 80, "weight": 0}
    ]}]);
    let routes = [
        with_rules(LINKERD, "d/zero", 80, &zero),
        route(LINKERD, "d/r", 80, "v1"),
    ];
    assert_eq!(get(&routes, 80), "failure");
    assert_eq!(bytes(&routes, 80), "web.d:80");
}

#[test]
fn does_not_model_an_invalid_younger_tcp_route() {
    let backends = json!([{"backendRefs": [
        {"name": "v1", "port": 80, "weight": 0}, {"name": "v2", "port": 80, "weight": 0}
    ]}]);
    let zero = with_rules(TCP, "d/b", 80, &backends);
    assert_eq!(bytes(&[zero.clone(), route(TCP, "d/c", 80, "v1")], 80), "failure");
    assert!(ask(&[zero, route(TCP, "d/a", 80, "v1")], Some("c"), 80, Traffic::Tcp).is_err());
}

#[test]
fn ignores_rejected_objects() {
    let broken = json!([{"matches": [{"path": {"type": "RegularExpression", "value": "("}}]}]);
    let broken = with_rules(LINKERD, "d/broken", 80, &broken);
    assert!(LinkerdMesh::refusal(&broken).is_some());
    assert_eq!(get(&[broken, route(LINKERD, "d/r", 80, "v1")], 80), "v1.d:80");
}
