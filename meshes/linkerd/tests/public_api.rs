//! A reader of Linkerd's own objects who asks where traffic goes and who is allowed, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use serde_json::json;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_adapter::query::{Destination, Endpoint, Request, RoutingQuery, Traffic};
use smi_adapter::yaml::read_native;
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, Peer};
use smi_mesh_linkerd::{Answer, Cidr, DefaultPolicy, LinkerdMesh};
use std::net::{IpAddr, Ipv4Addr};

const KINDS: [Kind; 3] = [
    Kind::new(&["policy.linkerd.io", "v1beta3", "HTTPRoute", "httproutes"]),
    Kind::new(&["policy.linkerd.io", "v1beta3", "Server", "servers"]),
    Kind::new(&[
        "policy.linkerd.io",
        "v1alpha1",
        "AuthorizationPolicy",
        "authorizationpolicies",
    ]),
];

/// Testers get the new version, and a tenth of all others.
const ROUTE: &str = "
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{group: core, kind: Service, name: web, port: 80}]
  rules:
  - matches: [{headers: [{name: x-user, value: tester}]}]
    backendRefs: [{name: web-v2, port: 80}]
  - backendRefs: [{name: web-v1, port: 80, weight: 90}, {name: web-v2, port: 80, weight: 10}]
";

/// The frontend may call the catalog.
const POLICY: &str = "
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: catalog, namespace: shop}
spec: {podSelector: {matchLabels: {app: catalog}}, port: 8080, proxyProtocol: HTTP/1}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: catalog}
  requiredAuthenticationRefs: [{kind: ServiceAccount, name: frontend}]
";

fn native(text: &str) -> Vec<NativeObject> {
    let objects = read_native(text, &KINDS).into_iter();
    objects.map(|object| object.expect("an object of Linkerd")).collect()
}

/// Returns a world with a service `web` in two versions, and with a pod of the catalog that has a proxy.
fn world() -> MeshWorld {
    let mut world = MeshWorld {
        cluster_domain: "cluster.local".to_owned(),
        ..MeshWorld::default()
    };
    for name in ["web", "web-v1", "web-v2"] {
        let service = json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]},
        });
        let service = serde_json::from_value(service).expect("a service");
        world.services.insert(ObjectKey::new("shop", name), service);
    }
    let labels = json!({"app": "catalog", "linkerd.io/control-plane-ns": "linkerd"});
    let pod = json!({
        "metadata": {"name": "catalog-0", "namespace": "shop", "labels": labels},
        "spec": {"containers": [{"name": "catalog"}]},
    });
    let pod = serde_json::from_value(pod).expect("a pod");
    world.pods.insert(ObjectKey::new("shop", "catalog-0"), pod);
    world
}

fn get(headers: &[(&str, &str)]) -> Traffic {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Traffic::Http(Request {
        method: "GET".to_owned(),
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

/// Returns traffic that reaches the pod of the catalog.
fn to_catalog(from: Peer, traffic: Traffic) -> Inbound {
    Inbound {
        from,
        ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)),
        pod: ObjectKey::new("shop", "catalog-0"),
        port: 8080,
        traffic,
    }
}

fn account(name: &str) -> Peer {
    Peer::Account(Identity {
        namespace: "shop".into(),
        service_account: name.into(),
    })
}

#[test]
fn routes_take_requests() {
    let (mesh, world, objects) = (LinkerdMesh::default(), world(), native(ROUTE));
    let route = |objects: &[NativeObject], traffic| mesh.route(objects, &world, &to_web(traffic)).unwrap();
    assert_eq!(route(&[], get(&[])).to_string(), "web.shop:80");
    let others = route(&objects, get(&[]));
    assert_eq!(others.to_string(), "web-v1.shop:80 9/10, web-v2.shop:80 1/10");
    assert_eq!(
        others.share_of(&Endpoint::service("shop", "web-v2", 80)).to_string(),
        "1/10"
    );
    let tester = get(&[("x-user", "tester")]);
    assert_eq!(route(&objects, tester).to_string(), "web-v2.shop:80");
    assert_eq!(
        route(&objects, Traffic::Tcp).to_string(),
        "web.shop:80",
        "only HTTP is routed"
    );
}

#[test]
fn policies_allow_requests() {
    let (mesh, world, objects) = (LinkerdMesh::default(), world(), native(POLICY));
    let ask = |objects: &[NativeObject], inbound: &Inbound| mesh.authorize(objects, &world, inbound).unwrap();
    let stranger = to_catalog(account("stranger"), get(&[]));
    assert_eq!(ask(&[], &stranger), Decision::Allow);
    assert_eq!(ask(&objects, &stranger), Decision::Deny);
    assert_eq!(
        ask(&objects, &to_catalog(account("frontend"), get(&[]))),
        Decision::Allow
    );
    assert_eq!(ask(&objects, &to_catalog(Peer::Plaintext, get(&[]))), Decision::Deny);
}

#[test]
fn answers_tell_how_the_proxy_denies() {
    let (mesh, world, objects) = (LinkerdMesh::default(), world(), native(POLICY));
    let answer = |from, traffic| mesh.answer(&objects, &world, &to_catalog(from, traffic));
    assert_eq!(answer(account("frontend"), get(&[])), Ok(Answer::Admitted));
    assert_eq!(answer(account("stranger"), get(&[])), Ok(Answer::Status(403)));
    assert_eq!(answer(account("frontend"), Traffic::Tcp), Ok(Answer::Closed));
    assert_eq!(Decision::from(Answer::Closed), Decision::Deny);
}

#[test]
fn the_default_policy_is_a_setting() {
    let mut mesh = LinkerdMesh::default();
    mesh.default_inbound_policy = DefaultPolicy::ClusterAuthenticated;
    let from_cluster = to_catalog(account("stranger"), get(&[]));
    assert_eq!(mesh.authorize(&[], &world(), &from_cluster), Ok(Decision::Allow));
    mesh.cluster_networks = vec!["192.168.0.0/16".parse::<Cidr>().unwrap()];
    assert_eq!(mesh.authorize(&[], &world(), &from_cluster), Ok(Decision::Deny));
    assert_eq!("deny".parse(), Ok(DefaultPolicy::Deny));

    let closed = MeshWorld {
        closed: true,
        ..world()
    };
    let open = LinkerdMesh::default();
    assert_eq!(open.authorize(&[], &closed, &from_cluster), Ok(Decision::Deny));
}

#[test]
fn answers_nothing_that_is_not_modelled() {
    let (mesh, mut world) = (LinkerdMesh::default(), world());
    let mut mirrored = native(ROUTE);
    mirrored[0].spec["rules"][1]["filters"] = json!([{"type": "RequestMirror"}]);
    let error = mesh.route(&mirrored, &world, &to_web(get(&[]))).unwrap_err();
    assert!(
        error.to_string().starts_with("not modelled: a filter other than"),
        "{error}"
    );
    assert!(error.0.ends_with("(HTTPRoute shop/web)"), "{error}");

    let limit = "
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {name: slowly, namespace: shop}
spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: catalog}, total: {requestsPerSecond: 1}}
";
    let inbound = to_catalog(account("frontend"), get(&[]));
    let error = mesh
        .authorize(&native(&format!("{POLICY}---{limit}")), &world, &inbound)
        .unwrap_err();
    assert_eq!(error.0, "rate limits (HTTPLocalRateLimitPolicy shop/slowly)");
    world.pods.clear();
    assert!(mesh.authorize(&[], &world, &inbound).is_err(), "there is no pod");
}

#[test]
fn refused_objects_do_not_exist() {
    let mut objects = native(ROUTE);
    assert_eq!(LinkerdMesh::refusal(&objects[0]), None);
    objects[0].spec["rules"][0]["backendRefs"][0]["weight"] = json!(-1);
    assert!(LinkerdMesh::refusal(&objects[0]).is_some());
    let answer = LinkerdMesh::default().route(&objects, &world(), &to_web(get(&[])));
    assert_eq!(answer.unwrap().to_string(), "web.shop:80");
}
