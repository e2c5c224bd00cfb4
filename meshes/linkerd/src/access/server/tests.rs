use super::*;
use crate::access::lab::{LINKERD, Lab, aged, object, policy, route, server, with};
use crate::fields::Fault;
use serde_json::json;

fn lab() -> Lab {
    let ports = json!([{"name": "web", "containerPort": 80}, {"name": "adm", "containerPort": 81}]);
    let init = json!([{"name": "i", "ports": [{"name": "early", "containerPort": 80}]}]);
    Lab::new(&json!({"containers": [{"name": "c", "ports": ports}], "initContainers": init}))
}

#[test]
fn the_oldest_server_wins_and_then_the_first_name() {
    let open = |name: &str| with(server(name, 80), "accessPolicy", "all-unauthenticated");
    let (lab, closed) = (lab(), server("b", 80));
    assert_eq!(lab.get(&[open("a"), closed.clone()], "", "/"), "ok");
    assert_eq!(lab.get(&[open("c"), closed.clone()], "", "/"), "403");
    assert_eq!(lab.get(&[aged(open("a"), 2), aged(closed.clone(), 1)], "", "/"), "403");
    assert_eq!(lab.get(&[aged(open("c"), 1), aged(closed.clone(), 2)], "", "/"), "ok");
    assert_eq!(lab.get(&[aged(open("a"), 1), aged(closed.clone(), 1)], "", "/"), "ok");
    assert_eq!(lab.get(&[aged(open("a"), 1), closed], "", "/"), "?");
}

#[test]
fn ports_have_numbers_and_names() {
    let mut lab = lab();
    for (port, expected) in [
        (json!(80), "403"),
        (json!("web"), "403"),
        (json!(81), "ok"),
        (json!("adm"), "ok"),
    ] {
        assert_eq!(lab.get(&[server("s", port.clone())], "", "/"), expected, "{port}");
    }
    assert_eq!(lab.get(&[server("s", "nope")], "", "/"), "ok");
    assert_eq!(lab.get(&[server("s", "early")], "", "/"), "?");
    // A number is a port whether or not a container says so.
    lab.port = 99;
    assert_eq!(lab.get(&[server("s", 99)], "", "/"), "403");
}

#[test]
fn only_pods_of_the_namespace_that_are_selected_have_it() {
    let lab = lab();
    let selecting = |selector: Value| with(server("s", 80), "podSelector", selector);
    assert_eq!(
        lab.get(&[selecting(json!({"matchLabels": {"app": "api"}}))], "", "/"),
        "403"
    );
    assert_eq!(
        lab.get(&[selecting(json!({"matchLabels": {"app": "b"}}))], "", "/"),
        "ok"
    );
    let elsewhere = object(LINKERD, "Server", "e/s", json!({"podSelector": {}, "port": 80}));
    assert_eq!(lab.get(&[elsewhere], "", "/"), "ok");
    let external = object(
        LINKERD,
        "Server",
        "d/s",
        json!({"externalWorkloadSelector": {}, "port": 80}),
    );
    assert_eq!(lab.get(&[external], "", "/"), "ok");
}

#[test]
fn policies_and_routes_of_a_server_that_lost_do_not_count() {
    let objects = [
        aged(server("a", 80), 1),
        aged(server("s", 80), 2),
        policy(LINKERD, "Server", "s"),
        route(LINKERD, "HTTPRoute", "r", &json!([{}])),
    ];
    assert_eq!(lab().get(&objects, "c/web", "/"), "403");
}

#[test]
fn older_versions_have_no_access_policy() {
    for (version, expected) in [
        ("v1alpha1", "403"),
        ("v1beta1", "403"),
        ("v1beta2", "403"),
        ("v1beta3", "ok"),
    ] {
        let selector = json!({"matchLabels": {"app": "api"}});
        let spec = json!({"podSelector": selector, "port": 80, "accessPolicy": "audit"});
        let server = object(&format!("policy.linkerd.io/{version}"), "Server", "d/s", spec);
        assert_eq!(lab().get(&[server], "", "/"), expected, "{version}");
    }
}

#[test]
fn servers_that_are_refused_do_not_exist() {
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
        assert!(matches!(Server::read(&server), Err(Fault::Refused(_))), "{server:?}");
        assert_eq!(lab().get(&[server], "", "/"), "ok");
    }
    for server in [server("s", "80"), server("s", ""), with(server("s", 80), "more", 1)] {
        assert!(matches!(Server::read(&server), Err(Fault::Unmodelled(_))), "{server:?}");
        assert_eq!(lab().get(&[server], "", "/"), "?");
    }
}
