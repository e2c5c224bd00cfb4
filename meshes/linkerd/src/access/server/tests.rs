use super::*;
use crate::access::fixture::{Fixture, LINKERD, aged, object, policy, route, server, with};
use crate::fields::ReadError;
use serde_json::json;

fn fixture() -> Fixture {
    let ports = json!([{"name": "web", "containerPort": 80}, {"name": "adm", "containerPort": 81}]);
    let init = json!([{"name": "i", "ports": [{"name": "early", "containerPort": 80}]}]);
    Fixture::new(&json!({"containers": [{"name": "c", "ports": ports}], "initContainers": init}))
}

#[test]
fn prefers_the_oldest_server_and_then_the_first_name() {
    let open = |name: &str| with(server(name, 80), "accessPolicy", "all-unauthenticated");
    let (fixture, closed) = (fixture(), server("b", 80));
    assert_eq!(fixture.get(&[open("a"), closed.clone()], "", "/"), "ok");
    assert_eq!(fixture.get(&[open("c"), closed.clone()], "", "/"), "403");
    assert_eq!(
        fixture.get(&[aged(open("a"), 2), aged(closed.clone(), 1)], "", "/"),
        "403"
    );
    assert_eq!(
        fixture.get(&[aged(open("c"), 1), aged(closed.clone(), 2)], "", "/"),
        "ok"
    );
    assert_eq!(
        fixture.get(&[aged(open("a"), 1), aged(closed.clone(), 1)], "", "/"),
        "ok"
    );
    assert_eq!(fixture.get(&[aged(open("a"), 1), closed], "", "/"), "?");
}

#[test]
fn matches_ports_by_number_and_name() {
    let mut fixture = fixture();
    for (port, expected) in [
        (json!(80), "403"),
        (json!("web"), "403"),
        (json!(81), "ok"),
        (json!("adm"), "ok"),
    ] {
        assert_eq!(fixture.get(&[server("s", port.clone())], "", "/"), expected, "{port}");
    }
    assert_eq!(fixture.get(&[server("s", "nope")], "", "/"), "ok");
    assert_eq!(fixture.get(&[server("s", "early")], "", "/"), "?");
    // A number matches even if no container declares the port.
    fixture.port = 99;
    assert_eq!(fixture.get(&[server("s", 99)], "", "/"), "403");
}

#[test]
fn applies_only_to_selected_pods_in_the_namespace() {
    let fixture = fixture();
    let selecting = |selector: Value| with(server("s", 80), "podSelector", selector);
    assert_eq!(
        fixture.get(&[selecting(json!({"matchLabels": {"app": "api"}}))], "", "/"),
        "403"
    );
    assert_eq!(
        fixture.get(&[selecting(json!({"matchLabels": {"app": "b"}}))], "", "/"),
        "ok"
    );
    let elsewhere = object(LINKERD, "Server", "e/s", json!({"podSelector": {}, "port": 80}));
    assert_eq!(fixture.get(&[elsewhere], "", "/"), "ok");
    let external = object(
        LINKERD,
        "Server",
        "d/s",
        json!({"externalWorkloadSelector": {}, "port": 80}),
    );
    assert_eq!(fixture.get(&[external], "", "/"), "ok");
}

#[test]
fn ignores_policies_and_routes_of_a_younger_server() {
    let objects = [
        aged(server("a", 80), 1),
        aged(server("s", 80), 2),
        policy(LINKERD, "Server", "s"),
        route(LINKERD, "HTTPRoute", "r", &json!([{}])),
    ];
    assert_eq!(fixture().get(&objects, "c/web", "/"), "403");
}

#[test]
fn drops_the_access_policy_of_older_versions() {
    for (version, expected) in [
        ("v1alpha1", "403"),
        ("v1beta1", "403"),
        ("v1beta2", "403"),
        ("v1beta3", "ok"),
    ] {
        let selector = json!({"matchLabels": {"app": "api"}});
        let spec = json!({"podSelector": selector, "port": 80, "accessPolicy": "audit"});
        let server = object(&format!("policy.linkerd.io/{version}"), "Server", "d/s", spec);
        assert_eq!(fixture().get(&[server], "", "/"), expected, "{version}");
    }
}

#[test]
fn ignores_rejected_servers() {
    let spec = |spec: Value| object(LINKERD, "Server", "d/s", spec);
    let old = |version: &str, spec: Value| object(&format!("policy.linkerd.io/{version}"), "Server", "d/s", spec);
    for server in [
        with(server("s", 80), "accessPolicy", "open"),
        with(server("s", 80), "proxyProtocol", "HTTP"),
        with(server("s", 80), "externalWorkloadSelector", json!({})),
        server("s", 0),
        server("s", 70_000),
        spec(json!({"podSelector": {}})),
        spec(json!({"port": 80})),
        old("v1", json!({"podSelector": {}, "port": 80})),
        old("v1alpha1", json!({"podSelector": {}, "port": 80})),
        old("v1beta1", json!({"externalWorkloadSelector": {}, "port": 80})),
    ] {
        assert!(
            matches!(Server::read(&server), Err(ReadError::Rejected(_))),
            "{server:?}"
        );
        assert_eq!(fixture().get(&[server], "", "/"), "ok");
    }
    for server in [server("s", "80"), server("s", ""), with(server("s", 80), "more", 1)] {
        assert!(
            matches!(Server::read(&server), Err(ReadError::Unmodelled(_))),
            "{server:?}"
        );
        assert_eq!(fixture().get(&[server], "", "/"), "?");
    }
}
