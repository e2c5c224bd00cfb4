//! Tests with a pod `d/api` behind a service with the ports 8080 (HTTP), 9000 (TCP), 8443 (TLS) and 7000 (sniffed).

#![expect(clippy::needless_pass_by_value, reason = "helpers take JSON literals")]

use super::*;
use serde_json::{Value, json};
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::principal::Identity;
use smi_conformance::Peer;

pub(super) fn world() -> MeshWorld {
    let mut world = MeshWorld::default();
    pod(&mut world, json!({"labels": {"app": "api"}}), json!({"containers": []}));
    service(
        &mut world,
        "api",
        json!({}),
        json!([
            {"name": "http", "port": 80, "targetPort": 8080}, {"name": "tcp", "port": 9000},
            {"name": "https", "port": 8443}, {"name": "any", "port": 7000},
        ]),
    );
    world
}

/// Replaces the pod.
pub(super) fn pod(world: &mut MeshWorld, metadata: Value, spec: Value) {
    let mut metadata = metadata;
    metadata["name"] = json!("api");
    metadata["namespace"] = json!("d");
    let pod = json!({"metadata": metadata, "spec": spec, "status": {"podIP": "10.0.0.5"}});
    world.pods.insert(key(), serde_json::from_value(pod).unwrap());
}

/// Adds a service for the pod.
pub(super) fn service(world: &mut MeshWorld, name: &str, metadata: Value, ports: Value) {
    let service = json!({"metadata": metadata, "spec": {"selector": {"app": "api"}, "ports": ports}});
    world
        .services
        .insert(ObjectKey::new("d", name), serde_json::from_value(service).unwrap());
}

pub(super) fn key() -> ObjectKey {
    ObjectKey::new("d", "api")
}

/// An object of Istio, with the group of its kind.
pub(super) fn object(kind: &str, namespace: &str, spec: Value) -> NativeObject {
    let group = match kind {
        "WasmPlugin" => "extensions.istio.io",
        "EnvoyFilter" | "Sidecar" | "ServiceEntry" => "networking.istio.io",
        _ => "security.istio.io",
    };
    NativeObject {
        kind: Kind::named(group, "v1", kind, &kind.to_lowercase()),
        metadata: serde_json::from_value(json!({"name": "x", "namespace": namespace})).unwrap(),
        spec: spec.into(),
    }
}

/// A policy in the pod's namespace.
pub(super) fn policy(spec: Value) -> NativeObject {
    object("AuthorizationPolicy", "d", spec)
}

/// A policy with one rule that allows.
pub(super) fn allow(rule: Value) -> [NativeObject; 1] {
    [policy(json!({"rules": [rule]}))]
}

/// A policy with one rule that denies.
pub(super) fn deny(rule: Value) -> [NativeObject; 1] {
    [policy(json!({"action": "DENY", "rules": [rule]}))]
}

pub(super) fn account(name: &str) -> Peer {
    Peer::Account(Identity {
        namespace: "c".into(),
        service_account: name.into(),
    })
}

pub(super) fn http(method: &str, path: &str, headers: &[(&str, &str)]) -> Traffic {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Traffic::Http(Request {
        method: method.into(),
        path: path.into(),
        headers: headers.iter().map(own).collect(),
    })
}

/// Returns `allow`, `deny` or the reason why there is no answer.
pub(super) fn ask_in(world: &MeshWorld, objects: &[NativeObject], from: Peer, port: u16, traffic: Traffic) -> String {
    let inbound = Inbound {
        from,
        ip: [10, 1, 2, 3].into(),
        pod: key(),
        port,
        traffic,
    };
    match authorize(&IstioMesh::default(), objects, world, &inbound) {
        Ok(Decision::Allow) => "allow".into(),
        Ok(Decision::Deny) => "deny".into(),
        Err(NotModelledError(reason)) => reason,
    }
}

pub(super) fn ask(objects: &[NativeObject], from: Peer, port: u16, traffic: Traffic) -> String {
    ask_in(&world(), objects, from, port, traffic)
}

/// Sends a request from `c/web` to port 8080.
pub(super) fn get(objects: &[NativeObject], path: &str, headers: &[(&str, &str)]) -> String {
    ask(objects, account("web"), 8080, http("GET", path, headers))
}

/// Opens a connection from `c/web` to port 9000.
pub(super) fn connect(objects: &[NativeObject]) -> String {
    ask(objects, account("web"), 9000, Traffic::Tcp)
}

#[test]
fn the_protocol_of_a_port_determines_if_requests_are_evaluated() {
    let by_path = allow(json!({"to": [{"operation": {"paths": ["/a"]}}]}));
    let by_port = allow(json!({"to": [{"operation": {"ports": ["8080", "9000", "7000", "8443"]}}]}));
    let request = || http("GET", "/a", &[]);
    for (port, http_by_path, http_by_port, tcp_by_path, tcp_by_port) in [
        (8080, "allow", "allow", "deny", "deny"),
        (7000, "allow", "allow", "deny", "allow"),
        (9000, "deny", "allow", "deny", "allow"),
        (8443, "deny", "allow", "deny", "allow"),
        // No service declares it.
        (6000, "allow", "deny", "deny", "deny"),
    ] {
        let ask = |objects, traffic| ask(objects, account("web"), port, traffic);
        assert_eq!(ask(&by_path, request()), http_by_path, "{port}");
        assert_eq!(ask(&by_port, request()), http_by_port, "{port}");
        assert_eq!(ask(&by_path, Traffic::Tcp), tcp_by_path, "{port}");
        assert_eq!(ask(&by_port, Traffic::Tcp), tcp_by_port, "{port}");
    }
}

#[test]
fn only_tcp_is_captured() {
    assert_eq!(ask(&[policy(json!({}))], Peer::Plaintext, 8080, Traffic::Udp), "allow");
}

#[test]
fn rejects_traffic_that_depends_on_the_version_of_http() {
    let everything = [];
    let nothing = [policy(json!({}))];
    let bytes_too = allow(json!({"to": [{"operation": {"ports": ["7000"]}}]}));
    let requests = allow(json!({"to": [{"operation": {"methods": ["*"]}}]}));
    let depends = "traffic whose interpretation depends on the version of HTTP or on the client";
    for (objects, method, path, at_http, at_any) in [
        (&everything[..], "FOO", "/", "allow", "allow"),
        (&nothing, "FOO", "/", "deny", "deny"),
        (&bytes_too, "FOO", "/", "deny", "allow"),
        (&requests, "FOO", "/", "allow", "allow"),
        (&everything, "GET", "/a b", "deny", depends),
        (&nothing, "GET", "/a b", "deny", "deny"),
        (&everything, "CONNECT", "h:80", "deny", "deny"),
        (&everything, "OPTIONS", "*", "deny", "deny"),
        (&everything, "GET", "/%00", "deny", "deny"),
    ] {
        for (port, answer) in [(8080, at_http), (7000, at_any)] {
            let traffic = http(method, path, &[]);
            assert_eq!(
                ask(objects, account("web"), port, traffic),
                answer,
                "{method} {path} {port}"
            );
        }
    }
}

#[test]
fn clients_have_no_name_if_certificates_are_not_requested() {
    let disable = || object("PeerAuthentication", "d", json!({"mtls": {"mode": "DISABLE"}}));
    let named = [allow(json!({"from": [{"source": {"principals": ["*"]}}]})), [disable()]].concat();
    let unnamed = [
        allow(json!({"from": [{"source": {"notPrincipals": ["*"]}}]})),
        [disable()],
    ]
    .concat();
    let request = || http("GET", "/", &[]);
    for (objects, peer, port, answer) in [
        (&named, Peer::Plaintext, 8080, "deny"),
        (&named, account("web"), 8080, "deny"),
        (&unnamed, Peer::Plaintext, 8080, "allow"),
        (&unnamed, account("web"), 9000, "allow"),
    ] {
        assert_eq!(ask(objects, peer, port, request()), answer);
    }
    // The answer for a client that uses TLS anyway is not modelled.
    assert!(ask(&unnamed, account("web"), 8080, request()).contains("depends"));
}

#[test]
fn the_handshake_precedes_policies() {
    for peer in [
        Peer::Spiffe("spiffe://other/ns/c/sa/web".into()),
        Peer::Dns("web.c".into()),
        Peer::Unidentified,
    ] {
        assert_eq!(ask(&[], peer, 8080, http("GET", "/", &[])), "deny");
    }
    let strict = [object("PeerAuthentication", "d", json!({"mtls": {"mode": "STRICT"}}))];
    assert_eq!(ask(&strict, Peer::Plaintext, 9000, Traffic::Tcp), "deny");
    assert_eq!(ask(&[], Peer::Plaintext, 9000, Traffic::Tcp), "allow");
    assert_eq!(ask(&strict, account("web"), 9000, Traffic::Tcp), "allow");
}
