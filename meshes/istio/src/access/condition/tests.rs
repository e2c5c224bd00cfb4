use super::super::tests::{allow, ask, connect, get, http};
use serde_json::json;
use smi_conformance::Peer;

/// The client is `c/web` at 10.1.2.3, and the pod is at 10.0.0.5.
#[test]
fn every_key_is_evaluated() {
    for (key, value, answer) in [
        ("source.ip", "10.1.0.0/16", "allow"),
        ("source.ip", "10.2.0.0/16", "deny"),
        ("remote.ip", "10.1.2.3", "allow"),
        ("source.principal", "cluster.local/ns/c/sa/web", "allow"),
        ("source.principal", "*/sa/other", "deny"),
        ("source.namespace", "c", "allow"),
        ("source.namespace", "d", "deny"),
        ("source.serviceAccount", "c/web", "allow"),
        ("source.serviceAccount", "web", "deny"),
        ("destination.ip", "10.0.0.5", "allow"),
        ("destination.ip", "10.0.0.6", "deny"),
        ("destination.port", "8080", "allow"),
        ("destination.port", "80", "deny"),
        ("request.headers[X-A]", "v", "allow"),
        ("request.headers[x-a]", "w", "deny"),
        ("request.auth.principal", "*", "deny"),
        ("request.auth.claims[iss]", "*", "deny"),
        ("experimental.envoy.filters.http.rbac[x]", "*", "deny"),
    ] {
        let of = |field: &str| allow(json!({"when": [{"key": key, field: [value]}]}));
        let negated = if answer == "allow" { "deny" } else { "allow" };
        assert_eq!(get(&of("values"), "/", &[("x-a", "v")]), answer, "{key} {value}");
        assert_eq!(get(&of("notValues"), "/", &[("x-a", "v")]), negated, "{key} {value}");
    }
}

#[test]
fn values_are_alternatives_but_conditions_are_not() {
    let one = json!({"key": "source.namespace", "values": ["x", "c"]});
    let both = json!({"key": "source.namespace", "values": ["c"], "notValues": ["c"]});
    let other = json!({"key": "source.namespace", "values": ["x"]});
    assert_eq!(get(&allow(json!({"when": [one]})), "/", &[]), "allow");
    assert_eq!(get(&allow(json!({"when": [both]})), "/", &[]), "deny");
    assert_eq!(get(&allow(json!({"when": [one, other]})), "/", &[]), "deny");
}

#[test]
fn plaintext_requests_have_no_server_name() {
    let of = |field: &str, value: &str| allow(json!({"when": [{"key": "connection.sni", field: [value]}]}));
    let ask = |objects: &[_]| ask(objects, Peer::Plaintext, 8080, http("GET", "/", &[]));
    assert_eq!(ask(&of("values", "*")), "deny");
    assert_eq!(ask(&of("notValues", "x")), "allow");
    assert!(get(&of("values", "x"), "/", &[]).contains("server name"));
    assert!(connect(&of("values", "x")).contains("server name"));
}

#[test]
fn rejects_conditions_that_the_webhook_rejects() {
    for condition in [
        json!({"key": "source.ip"}),
        json!({"key": "source.ip", "values": [], "notValues": []}),
        json!({"key": "source.ip", "values": [""]}),
        json!({"key": "source.ip", "values": ["x"]}),
        json!({"key": "request.headers", "values": ["x"]}),
        json!({"key": "request.headers[]", "values": ["x"]}),
        json!({"key": "request.header[x]", "values": ["x"]}),
        json!({"key": "source.trustDomain", "values": ["x"]}),
        json!({"key": "experimental.envoy.filters.http.rbac", "values": ["x"]}),
        json!({"key": "experimental.envoy.filters.network.x[a]", "values": ["x"]}),
    ] {
        for answer in [
            get(&allow(json!({"when": [condition]})), "/", &[]),
            connect(&allow(json!({"when": [condition]}))),
        ] {
            assert!(answer.len() > 5, "{condition}: {answer}");
        }
    }
}
