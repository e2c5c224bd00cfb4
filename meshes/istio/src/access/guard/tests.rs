use super::super::tests::{get, object};
use serde_json::json;

#[test]
fn rejects_objects_that_affect_the_pod() {
    for (kind, namespace, spec, is_refused) in [
        ("RequestAuthentication", "d", json!({}), true),
        ("RequestAuthentication", "istio-system", json!({}), true),
        ("RequestAuthentication", "e", json!({}), false),
        (
            "RequestAuthentication",
            "d",
            json!({"selector": {"matchLabels": {"app": "api"}}}),
            true,
        ),
        (
            "RequestAuthentication",
            "d",
            json!({"selector": {"matchLabels": {"app": "db"}}}),
            false,
        ),
        ("WasmPlugin", "d", json!({}), true),
        ("Sidecar", "d", json!({"egress": []}), false),
        ("Sidecar", "d", json!({"ingress": []}), true),
        (
            "Sidecar",
            "d",
            json!({"ingress": [], "workloadSelector": {"labels": {"app": "db"}}}),
            false,
        ),
        ("ServiceEntry", "d", json!({"hosts": ["x"]}), false),
        (
            "ServiceEntry",
            "d",
            json!({"workloadSelector": {"labels": {"app": "api"}}}),
            true,
        ),
        ("MeshConfig", "e", json!({}), true),
    ] {
        let answer = get(&[object(kind, namespace, spec.clone())], "/", &[]);
        assert_eq!(answer != "allow", is_refused, "{kind} {namespace} {spec}: {answer}");
    }
}
