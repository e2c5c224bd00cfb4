#![expect(clippy::needless_pass_by_value, reason = "helpers take JSON literals")]

use super::super::tests::{account, ask, connect, get, http, object, policy};
use super::*;
use serde_json::json;
use smi_conformance::Peer;

fn rbac(prefix: &str, rules: Value) -> Value {
    json!({
        "applyTo": "HTTP_FILTER",
        "match": {
            "context": "SIDECAR_INBOUND",
            "listener": {"filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}},
        },
        "patch": {"operation": "INSERT_FIRST", "value": {"name": prefix, "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "shadow_rules_stat_prefix": prefix,
            "shadow_rules": rules,
        }}},
    })
}

fn one(permission: Value, principal: Value) -> Value {
    json!({"policies": {"p": {"permissions": [permission], "principals": [principal]}}})
}

fn filter(patches: Value) -> NativeObject {
    object("EnvoyFilter", "d", json!({"configPatches": patches}))
}

fn gate(field: &str, value: &str) -> NativeObject {
    let key = format!("experimental.envoy.filters.http.rbac[smi_{RESULT}]");
    policy(json!({"rules": [{"when": [{"key": key, field: [value]}]}]}))
}

/// Returns the answer to a request for `/a` if the engine has these rules.
fn evaluated(rules: Value) -> String {
    get(
        &[filter(json!([rbac("smi_", rules)])), gate("values", "allowed")],
        "/a",
        &[("x", "v"), ("host", "h")],
    )
}

fn any() -> Value {
    json!({"any": true})
}

#[test]
fn evaluates_permissions() {
    let path = |path: &str| json!({"url_path": {"path": {"exact": path}}});
    let header = |matcher: Value| json!({"header": matcher});
    for (permission, answer) in [
        (any(), "allow"),
        (path("/a"), "allow"),
        (path("/b"), "deny"),
        (
            json!({"url_path": {"path": {"safe_regex": {"regex": "/[a-c]"}}}}),
            "allow",
        ),
        (header(json!({"name": "X", "string_match": {"exact": "v"}})), "allow"),
        (header(json!({"name": "x", "string_match": {"exact": "w"}})), "deny"),
        (
            header(json!({"name": ":method", "string_match": {"exact": "GET"}})),
            "allow",
        ),
        (header(json!({"name": "x"})), "allow"),
        (header(json!({"name": "y", "present_match": true})), "deny"),
        (json!({"destination_port": 8080}), "allow"),
        (json!({"destination_port": 80}), "deny"),
        (json!({"not_rule": path("/b")}), "allow"),
        (json!({"and_rules": {"rules": [path("/a"), path("/b")]}}), "deny"),
        (json!({"and_rules": {"rules": [path("/a"), any()]}}), "allow"),
        (json!({"or_rules": {"rules": [path("/b"), path("/a")]}}), "allow"),
        (json!({"or_rules": {"rules": [path("/b")]}}), "deny"),
    ] {
        assert_eq!(evaluated(one(permission.clone(), any())), answer, "{permission}");
    }
}

#[test]
fn evaluates_principals() {
    let named = |name: &str| json!({"authenticated": {"principal_name": {"exact": format!("spiffe://{name}")}}});
    let web = || named("cluster.local/ns/c/sa/web");
    for (principal, answer) in [
        (web(), "allow"),
        (named("cluster.local/ns/c/sa/other"), "deny"),
        (json!({"authenticated": {}}), "allow"),
        (
            json!({"direct_remote_ip": {"address_prefix": "10.0.0.0", "prefix_len": 8}}),
            "allow",
        ),
        (
            json!({"remote_ip": {"address_prefix": "10.1.2.4", "prefix_len": 32}}),
            "deny",
        ),
        (json!({"header": {"name": "x"}}), "allow"),
        (json!({"url_path": {"path": {"prefix": "/b"}}}), "deny"),
        (json!({"not_id": web()}), "deny"),
        (json!({"and_ids": {"ids": [web(), any()]}}), "allow"),
        (json!({"or_ids": {"ids": [named("x"), named("y")]}}), "deny"),
    ] {
        assert_eq!(evaluated(one(any(), principal.clone())), answer, "{principal}");
    }
    let objects = [
        filter(json!([rbac("smi_", one(any(), json!({"authenticated": {}})))])),
        gate("values", "allowed"),
    ];
    assert_eq!(ask(&objects, Peer::Plaintext, 8080, http("GET", "/", &[])), "deny");
}

#[test]
fn evaluates_actions_and_conditions() {
    assert_eq!(evaluated(json!({})), "deny");
    assert_eq!(evaluated(json!({"action": "DENY"})), "allow");
    let mut denies = one(any(), any());
    denies["action"] = json!("DENY");
    assert_eq!(evaluated(denies), "deny");
    let mut in_cel = one(any(), any());
    in_cel["policies"]["p"]["condition"] = json!({"const_expr": {}});
    assert!(evaluated(in_cel.clone()).contains("CEL"));
    in_cel["policies"]["p"]["principals"] = json!([{"not_id": any()}]);
    assert_eq!(evaluated(in_cel), "deny");
    for rules in [
        json!({"action": "LOG"}),
        json!({"policies": {"p": {"permissions": [], "principals": [any()]}}}),
        one(json!({"any": false}), any()),
        one(any(), json!({"any": false})),
        one(json!({"and_rules": {"rules": []}}), any()),
        one(any(), json!({"or_ids": {"ids": []}})),
        one(json!({"metadata": {}}), any()),
        one(json!({"header": {"name": "x", "invert_match": true}}), any()),
        one(json!({"header": {"name": "x", "present_match": false}}), any()),
    ] {
        assert!(evaluated(rules.clone()).len() > 5, "{rules}");
    }
}

#[test]
fn policies_compare_results_as_strings() {
    let allowing = || filter(json!([rbac("smi_", one(any(), any()))]));
    let denying = || filter(json!([rbac("smi_", json!({}))]));
    for (value, if_allowed, if_denied, if_absent) in [
        ("allowed", "allow", "deny", "deny"),
        ("denied", "deny", "allow", "deny"),
        ("allow*", "allow", "deny", "deny"),
        ("*ed", "allow", "allow", "deny"),
        ("*", "allow", "allow", "deny"),
        ("other", "deny", "deny", "deny"),
    ] {
        let not = |answer: &str| if answer == "allow" { "deny" } else { "allow" };
        assert_eq!(
            get(&[allowing(), gate("values", value)], "/", &[]),
            if_allowed,
            "{value}"
        );
        assert_eq!(get(&[denying(), gate("values", value)], "/", &[]), if_denied, "{value}");
        assert_eq!(get(&[gate("values", value)], "/", &[]), if_absent, "{value}");
        assert_eq!(
            get(&[allowing(), gate("notValues", value)], "/", &[]),
            not(if_allowed),
            "{value}"
        );
        assert_eq!(get(&[gate("notValues", value)], "/", &[]), not(if_absent), "{value}");
        // Filters for requests do not process bytes.
        assert_eq!(connect(&[allowing(), gate("values", value)]), "deny", "{value}");
        assert_eq!(connect(&[allowing(), gate("notValues", value)]), "allow", "{value}");
    }
    assert!(get(&[allowing(), gate("values", "[allowed]")], "/", &[]).contains("list"));
    // Clients cannot set the result.
    let headers = [("smi_shadow_engine_result", "allowed")];
    assert_eq!(get(&[denying(), gate("values", "allowed")], "/", &headers), "deny");
}

#[test]
fn each_filter_has_its_own_result() {
    let both = filter(json!([rbac("smi_", one(any(), any())), rbac("smi_2_", json!({}))]));
    assert_eq!(get(&[both.clone(), gate("values", "allowed")], "/", &[]), "allow");
    let twice = filter(json!([rbac("smi_", one(any(), any())), rbac("smi_", json!({}))]));
    assert!(get(&[twice], "/", &[]).contains("prefix"));
    let mut second = rbac("smi_2_", json!({}));
    second["patch"]["value"]["name"] = json!("smi_");
    let same_name = filter(json!([rbac("smi_", json!({})), second]));
    assert!(get(&[same_name], "/", &[]).contains("name of its filter"));
    let rule = |key: &str| {
        let key = format!("experimental.envoy.filters.http.rbac[{key}]");
        policy(json!({"rules": [{"when": [{"key": key, "values": ["denied"]}]}]}))
    };
    assert_eq!(
        get(&[both.clone(), rule("smi_2_shadow_engine_result")], "/", &[]),
        "allow"
    );
    assert_eq!(get(&[both.clone(), rule("shadow_engine_result")], "/", &[]), "deny");
    assert!(get(&[both, rule("smi_shadow_effective_policy_id")], "/", &[]).contains("name of a shadow policy"));
    assert!(get(&[rule("istio_dry_run_allow_shadow_engine_result")], "/", &[]).contains("dry-run"));
}

#[test]
fn filters_apply_to_selected_pods() {
    for (namespace, labels, answer) in [
        ("d", json!({}), "allow"),
        ("d", json!({"app": "api"}), "allow"),
        ("d", json!({"app": "db"}), "deny"),
        ("istio-system", json!({}), "allow"),
        ("e", json!({}), "deny"),
    ] {
        let spec = json!({"workloadSelector": {"labels": labels}, "configPatches": [rbac("smi_", one(any(), any()))]});
        let objects = [object("EnvoyFilter", namespace, spec), gate("values", "allowed")];
        assert_eq!(get(&objects, "/", &[]), answer, "{namespace} {labels}");
    }
    let by_account = [
        filter(json!([rbac("smi_", one(any(), any()))])),
        gate("values", "allowed"),
    ];
    assert_eq!(ask(&by_account, account("x"), 7000, http("GET", "/", &[])), "allow");
}

#[test]
fn rejects_other_inbound_patches() {
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut patch = rbac("smi_", one(any(), any()));
        edit(&mut patch);
        get(&[filter(json!([patch])), gate("values", "allowed")], "/", &[])
    };
    assert_eq!(edited(&|patch| patch["match"]["context"] = json!("ANY")), "allow");
    assert_eq!(
        edited(&|patch| patch["match"]["context"] = json!("SIDECAR_OUTBOUND")),
        "deny"
    );
    assert_eq!(edited(&|patch| patch["match"]["context"] = json!("GATEWAY")), "deny");
    for edit in [
        (&|patch: &mut Value| patch["applyTo"] = json!("NETWORK_FILTER")) as &dyn Fn(&mut Value),
        &|patch| patch["match"]["listener"]["portNumber"] = json!(8080),
        &|patch| patch["match"]["listener"]["filterChain"]["filter"]["name"] = json!("x"),
        &|patch| patch["patch"]["operation"] = json!("INSERT_BEFORE"),
        &|patch| patch["patch"]["value"]["typed_config"]["@type"] = json!("x"),
        &|patch| patch["patch"]["value"]["typed_config"]["rules"] = json!({}),
        &|patch| patch["patch"]["value"]["typed_config"]["shadow_rules_stat_prefix"] = json!("istio_dry_run_allow_"),
        &|patch| patch["patch"]["value"]["disabled"] = json!(true),
    ] {
        assert!(edited(edit).contains("EnvoyFilter"));
    }
}
