use super::super::tests::{account, allow, ask, connect, deny, get, http};
use serde_json::{Value, json};
use smi_conformance::Peer;

fn from(name: &str) -> Value {
    json!({"source": {"principals": [format!("cluster.local/ns/c/sa/{name}")]}})
}

fn to(field: &str, value: &str) -> Value {
    json!({"operation": {field: [value]}})
}

fn when(value: &str) -> Value {
    json!({"key": "request.headers[x]", "values": [value]})
}

#[test]
fn requires_any_source_and_any_operation_and_all_conditions() {
    let objects = allow(json!({
        "from": [from("nobody"), from("web")],
        "to": [to("paths", "/a"), to("paths", "/b")],
        "when": [when("v*"), when("*1")],
    }));
    for (path, header, answer) in [
        ("/a", "v1", "allow"),
        ("/b", "v1", "allow"),
        ("/c", "v1", "deny"),
        ("/a", "v2", "deny"),
        ("/a", "w1", "deny"),
    ] {
        assert_eq!(get(&objects, path, &[("x", header)]), answer, "{path} {header}");
    }
    let of_other = ask(&objects, account("other"), 8080, http("GET", "/a", &[("x", "v1")]));
    assert_eq!(of_other, "deny");
}

#[test]
fn empty_lists_require_nothing() {
    for rule in [
        json!({}),
        json!({"from": []}),
        json!({"to": []}),
        json!({"when": []}),
        json!({"from": [], "to": [], "when": []}),
        json!({"from": [], "to": [to("ports", "8080"), to("ports", "9000")]}),
        json!({"to": [{"operation": {"paths": [], "notPorts": ["1"]}}]}),
    ] {
        for peer in [Peer::Plaintext, account("web")] {
            let request = http("GET", "/", &[]);
            assert_eq!(
                ask(&allow(rule.clone()), peer.clone(), 8080, request.clone()),
                "allow",
                "{rule}"
            );
            assert_eq!(ask(&deny(rule.clone()), peer, 8080, request), "deny", "{rule}");
        }
        assert_eq!(connect(&allow(rule.clone())), "allow", "{rule}");
        assert_eq!(connect(&deny(rule.clone())), "deny", "{rule}");
    }
}

#[test]
fn allow_rules_with_fields_about_requests_do_not_match_bytes() {
    for rule in [
        json!({"to": [to("methods", "*")]}),
        json!({"to": [to("notMethods", "GET")]}),
        json!({"to": [to("ports", "9000"), to("paths", "/a")]}),
        json!({"to": [to("notPaths", "/a")]}),
        json!({"to": [to("hosts", "*")]}),
        json!({"to": [to("notHosts", "h")]}),
        json!({"when": [when("*")]}),
        json!({"when": [{"key": "request.auth.principal", "notValues": ["*"]}]}),
        json!({"from": [from("web"), {"source": {"notRequestPrincipals": ["*"]}}]}),
    ] {
        assert_eq!(connect(&allow(rule.clone())), "deny", "{rule}");
    }
}

#[test]
fn deny_rules_ignore_fields_about_requests_for_bytes() {
    for (rule, answer) in [
        (json!({"to": [to("methods", "GET")]}), "deny"),
        (
            json!({"to": [{"operation": {"paths": ["/a"], "ports": ["9000"]}}]}),
            "deny",
        ),
        (
            json!({"to": [{"operation": {"paths": ["/a"], "ports": ["8080"]}}]}),
            "allow",
        ),
        (
            json!({"to": [{"operation": {"hosts": ["h"], "notPorts": ["9000"]}}]}),
            "allow",
        ),
        (json!({"when": [when("v")]}), "deny"),
        (json!({"from": [from("web")], "when": [when("v")]}), "deny"),
        (json!({"from": [from("other")], "when": [when("v")]}), "allow"),
        (json!({"from": [{"source": {"requestPrincipals": ["*"]}}]}), "deny"),
        (
            json!({"from": [{"source": {"requestPrincipals": ["*"], "namespaces": ["x"]}}]}),
            "allow",
        ),
    ] {
        assert_eq!(connect(&deny(rule.clone())), answer, "{rule}");
    }
}
