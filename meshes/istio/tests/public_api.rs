//! A reader of Istio's own objects who asks where traffic goes and who is allowed, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use serde_json::{Value, json};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Endpoint, Request, RoutingQuery, Traffic};
use smi_adapter::yaml::read_native;
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, NotModelledError, Peer};
use smi_mesh_istio::IstioMesh;
use std::net::{IpAddr, Ipv4Addr};

const KINDS: [Kind; 3] = [
    Kind::new(&["networking.istio.io", "v1", "VirtualService", "virtualservices"]),
    Kind::new(&["networking.istio.io", "v1", "DestinationRule", "destinationrules"]),
    Kind::new(&[
        "security.istio.io",
        "v1",
        "AuthorizationPolicy",
        "authorizationpolicies",
    ]),
];

/// Testers get the new version, and a tenth of all others.
const ROUTE: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.shop.svc.cluster.local]
  http:
  - match: [{headers: {x-user: {exact: tester}}}]
    route: [{destination: {host: web-v2.shop.svc.cluster.local}}]
  - route:
    - {destination: {host: web-v1.shop.svc.cluster.local}, weight: 90}
    - {destination: {host: web-v2.shop.svc.cluster.local}, weight: 10}
";

/// The frontend may read the catalog.
const POLICY: &str = "
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec:
  selector: {matchLabels: {app: catalog}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/frontend]}}]
    to: [{operation: {methods: [GET], ports: ['8080']}}]
";

fn native(text: &str) -> Vec<NativeObject> {
    let objects = read_native(text, &KINDS).into_iter();
    objects.map(|object| object.expect("an object of Istio")).collect()
}

/// Returns a world with a service `web` in two versions, and with a pod behind the service `catalog`.
fn world() -> MeshWorld {
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".to_owned(),
        ..MeshWorld::default()
    };
    for name in ["web", "web-v1", "web-v2", "catalog"] {
        let service = json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {
                "clusterIP": "10.0.0.1",
                "selector": {"app": name},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            },
        });
        let service = serde_json::from_value(service).expect("a service");
        world.services.insert(ObjectKey::new("shop", name), service);
    }
    let pod = json!({
        "metadata": {"name": "catalog-0", "namespace": "shop", "labels": {"app": "catalog"}},
        "spec": {"containers": [{"name": "catalog"}]},
    });
    let pod = serde_json::from_value(pod).expect("a pod");
    world.pods.insert(ObjectKey::new("shop", "catalog-0"), pod);
    world
}

fn request(method: &str, headers: &[(&str, &str)]) -> Traffic {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Traffic::Http(Request {
        method: method.to_owned(),
        path: "/".to_owned(),
        headers: headers.iter().map(line).collect(),
    })
}

/// Returns a query of a client in the mesh to the service `web`.
fn to_web(traffic: Traffic) -> RoutingQuery {
    RoutingQuery {
        from: Some(Identity {
            namespace: "shop".into(),
            service_account: "frontend".into(),
        }),
        to: Destination::Service {
            key: ObjectKey::new("shop", "web"),
            port: 80,
        },
        traffic,
    }
}

/// Returns a request that reaches the pod of the catalog.
fn to_catalog(from: Peer, method: &str) -> Inbound {
    Inbound {
        from,
        ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)),
        pod: ObjectKey::new("shop", "catalog-0"),
        port: 8080,
        traffic: request(method, &[]),
    }
}

fn account(name: &str) -> Peer {
    Peer::Account(Identity {
        namespace: "shop".into(),
        service_account: name.into(),
    })
}

#[test]
fn virtual_services_route_requests() {
    let (mesh, world, objects) = (IstioMesh::default(), world(), native(ROUTE));
    let route = |objects: &[NativeObject], traffic| mesh.route(objects, &world, &to_web(traffic)).unwrap();
    assert_eq!(route(&[], request("GET", &[])).to_string(), "web.shop:80");
    let others = route(&objects, request("GET", &[]));
    assert_eq!(others.to_string(), "web-v1.shop:80 9/10, web-v2.shop:80 1/10");
    assert_eq!(
        others.share_of(&Endpoint::service("shop", "web-v2", 80)).to_string(),
        "1/10"
    );
    let tester = request("GET", &[("x-user", "tester")]);
    assert_eq!(route(&objects, tester).to_string(), "web-v2.shop:80");
}

#[test]
fn authorization_policies_allow_requests() {
    let (mesh, world, objects) = (IstioMesh::default(), world(), native(POLICY));
    let ask = |objects: &[NativeObject], inbound| mesh.authorize(objects, &world, &inbound).unwrap();
    let stranger = || to_catalog(account("stranger"), "GET");
    assert_eq!(ask(&[], stranger()), Decision::Allow);
    assert_eq!(ask(&objects, stranger()), Decision::Deny);
    assert_eq!(ask(&objects, to_catalog(Peer::Plaintext, "GET")), Decision::Deny);
    assert_eq!(ask(&objects, to_catalog(account("frontend"), "GET")), Decision::Allow);
    assert_eq!(ask(&objects, to_catalog(account("frontend"), "POST")), Decision::Deny);
}

#[test]
fn the_trust_domain_is_a_setting() {
    let (world, objects) = (world(), native(POLICY));
    let renamed = to_catalog(Peer::Spiffe("spiffe://old.example/ns/shop/sa/frontend".into()), "GET");
    let mut mesh = IstioMesh::default();
    assert_eq!(mesh.authorize(&objects, &world, &renamed), Ok(Decision::Deny));
    mesh.trust_domain_aliases.push("old.example".to_owned());
    assert_eq!(mesh.authorize(&objects, &world, &renamed), Ok(Decision::Allow));
}

#[test]
fn answers_nothing_that_is_not_modelled() {
    let (mesh, world) = (IstioMesh::default(), world());
    let with_policy = |policy: &Value| {
        let spec = json!({"host": "web-v1.shop.svc.cluster.local", "trafficPolicy": policy});
        let metadata = json!({"name": "web-v1", "namespace": "shop"});
        let rule = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": metadata, "spec": spec,
        });
        native(&format!("{ROUTE}\n---\n{rule}"))
    };
    let objects = with_policy(&json!({"connectionPool": {"http": {"http1MaxPendingRequests": 1}}}));
    let error = mesh.route(&objects, &world, &to_web(request("GET", &[]))).unwrap_err();
    assert_eq!(error, NotModelledError("DestinationRule shop/web-v1".to_owned()));
    assert_eq!(error.to_string(), "not modelled: DestinationRule shop/web-v1");
    // It has no effect on requests of testers, which go to the other version.
    let tester = to_web(request("GET", &[("x-user", "tester")]));
    assert_eq!(
        mesh.route(&objects, &world, &tester).unwrap().to_string(),
        "web-v2.shop:80"
    );

    let mut gone = to_catalog(account("frontend"), "GET");
    gone.pod.name = "catalog-1".into();
    assert!(mesh.authorize(&native(POLICY), &world, &gone).is_err());
}
