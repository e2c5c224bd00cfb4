use super::super::tests::{allow, connect, deny, get, object, policy};
use super::*;
use serde_json::json;

#[test]
fn policies_are_evaluated_together() {
    let everything = || allow(json!({}));
    let nothing = || [policy(json!({}))];
    let only_a = || allow(json!({"to": [{"operation": {"paths": ["/a"]}}]}));
    let not_b = || deny(json!({"to": [{"operation": {"paths": ["/b"]}}]}));
    for (objects, at_a, at_b, bytes) in [
        (vec![], "allow", "allow", "allow"),
        (vec![everything()], "allow", "allow", "allow"),
        (vec![nothing()], "deny", "deny", "deny"),
        (vec![nothing(), everything()], "allow", "allow", "allow"),
        (vec![only_a()], "allow", "deny", "deny"),
        (vec![not_b()], "allow", "deny", "deny"),
        (vec![not_b(), everything()], "allow", "deny", "deny"),
        (vec![nothing(), only_a(), not_b()], "allow", "deny", "deny"),
        (vec![deny(json!({})), everything()], "deny", "deny", "deny"),
    ] {
        let objects: Vec<_> = objects.into_iter().flatten().collect();
        assert_eq!(get(&objects, "/a", &[]), at_a, "{objects:?}");
        assert_eq!(get(&objects, "/b", &[]), at_b, "{objects:?}");
        assert_eq!(connect(&objects), bytes, "{objects:?}");
    }
}

#[test]
fn namespaces_and_selectors_select_pods() {
    let for_app = |app: &str| json!({"selector": {"matchLabels": {"app": app}}});
    for (namespace, spec, answer) in [
        ("d", json!({}), "deny"),
        ("d", json!({"selector": {}}), "deny"),
        ("d", json!({"selector": {"matchLabels": {}}}), "deny"),
        ("d", for_app("api"), "deny"),
        ("d", for_app("db"), "allow"),
        (
            "d",
            json!({"selector": {"matchLabels": {"app": "api", "v": "1"}}}),
            "allow",
        ),
        ("e", json!({}), "allow"),
        ("e", for_app("api"), "allow"),
        ("istio-system", json!({}), "deny"),
        ("istio-system", for_app("api"), "deny"),
        ("istio-system", for_app("db"), "allow"),
    ] {
        let objects = [object("AuthorizationPolicy", namespace, spec.clone())];
        assert_eq!(get(&objects, "/", &[]), answer, "{namespace} {spec}");
    }
}

#[test]
fn dry_runs_and_audits_are_not_in_force() {
    let mut dry = policy(json!({}));
    for (value, answer) in [("true", "allow"), ("1", "allow"), ("false", "deny")] {
        dry.metadata.annotations = Some([(DRY_RUN.to_owned(), value.to_owned())].into());
        assert_eq!(get(&[dry.clone()], "/", &[]), answer, "{value}");
    }
    dry.metadata.annotations = Some([(DRY_RUN.to_owned(), "yes".to_owned())].into());
    assert!(get(&[dry], "/", &[]).contains(DRY_RUN));
    let audit = policy(json!({"action": "AUDIT", "rules": [{}]}));
    assert_eq!(get(&[audit], "/", &[]), "allow");
}

#[test]
fn rejects_policies_that_are_not_understood() {
    for (spec, reason) in [
        (json!({"action": "CUSTOM", "rules": [{}]}), "authorizer"),
        (json!({"action": "DENY"}), "without rules"),
        (json!({"action": "allow"}), "unknown variant"),
        (json!({"targetRefs": [{"kind": "Service", "name": "api"}]}), "target"),
        (json!({"targetRef": {"kind": "Service", "name": "api"}}), "target"),
        (json!({"rules": null}), "null"),
        (json!({"rules": [{"form": []}]}), "form"),
        (json!({"rules": [{"from": [{}]}]}), "source"),
        (json!({"rules": [{"from": [{"source": {}}]}]}), "empty source"),
        (
            json!({"rules": [{"to": [{"operation": {"ports": []}}]}]}),
            "empty operation",
        ),
        (
            json!({"rules": [{"from": [{"source": {"trustDomains": ["td"]}}]}]}),
            "trustDomains",
        ),
    ] {
        assert!(
            get(&[policy(spec.clone())], "/", &[]).contains(reason),
            "{spec}: {reason}"
        );
        assert_eq!(get(&[object("AuthorizationPolicy", "e", spec)], "/", &[]), "allow");
    }
    let many = |count: usize| [policy(json!({"rules": vec![json!({}); count]}))];
    assert_eq!(get(&many(512), "/", &[]), "allow");
    assert!(get(&many(513), "/", &[]).contains("more than 512"));
    let sources = vec![json!({"source": {"namespaces": ["c"]}}); 513];
    assert!(get(&allow(json!({"from": sources})), "/", &[]).contains("more than 512"));
    let mut of_revision = policy(json!({}));
    of_revision.metadata.labels = Some([("istio.io/rev".to_owned(), "canary".to_owned())].into());
    assert!(get(&[of_revision], "/", &[]).contains("revision"));
}

#[test]
fn a_certain_policy_decides() {
    let unknown = || json!({"when": [{"key": "connection.sni", "values": ["x"]}]});
    assert!(get(&allow(unknown()), "/", &[]).contains("server name"));
    assert_eq!(get(&[allow(unknown()), allow(json!({}))].concat(), "/", &[]), "allow");
    assert_eq!(get(&[allow(unknown()), deny(json!({}))].concat(), "/", &[]), "deny");
    assert!(get(&[deny(unknown()), allow(json!({}))].concat(), "/", &[]).contains("server name"));
    assert_eq!(get(&[deny(unknown()), [policy(json!({}))]].concat(), "/", &[]), "deny");
}
