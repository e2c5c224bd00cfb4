use super::*;
use serde_json::{Value, json};

fn target(spec: Value) -> TargetSpec {
    serde_json::from_value(spec).unwrap()
}

#[test]
fn reads_absent_null_and_empty_values_alike() {
    let empty = target(json!({"rules": [], "sources": []}));
    assert_eq!(target(json!({})), empty);
    assert_eq!(
        target(json!({"destination": null, "rules": null, "sources": null})),
        empty
    );
    assert_eq!(
        target(json!({"rules": [{"kind": "TCPRoute", "name": "r", "matches": null}]})),
        target(json!({"rules": [{"kind": "TCPRoute", "name": "r"}]})),
        "A7"
    );
    assert_eq!(
        target(json!({"destination": {"name": "a", "namespace": null, "group": null, "port": null}})),
        target(json!({"destination": {"name": "a", "namespace": "", "group": ""}})),
        "A23, D12"
    );
}

#[test]
fn always_writes_lists_that_crds_require() {
    // D13
    let written = serde_json::to_value(TargetSpec::default()).unwrap();
    assert_eq!(written, json!({"rules": [], "sources": []}));
    let written = serde_json::to_value(v1alpha1::TrafficTarget::default()).unwrap();
    assert_eq!(written["sources"], json!([]));
    assert_eq!(written["specs"], json!([]));
}

#[test]
fn reads_ports_of_destinations_and_of_sources() {
    // D8, D9, A10
    let spec = target(json!({
        "destination": {"kind": "ServiceAccount", "name": "a", "port": "8080"},
        "sources": [{"kind": "ServiceAccount", "name": "b", "port": 1.5}],
    }));
    assert_eq!(spec.destination.unwrap().port.unwrap().number(), Some(8080));
    let port = spec.sources[0].port.clone().unwrap();
    assert_eq!(port.number(), None);
    let absent = target(json!({"destination": {"kind": "ServiceAccount", "name": "a"}}));
    assert_eq!(absent.destination.unwrap().port, None);
}

fn schemes(schemes: &Value) -> Schemes {
    let spec: BindingSpec = serde_json::from_value(json!({"schemes": schemes})).unwrap();
    spec.schemes
}

#[test]
fn distinguishes_an_absent_selector_from_an_empty_one() {
    // A30: the form in which the Go client writes "no selector" must not conflict with a service account (A28).
    for none in [
        json!({}),
        json!({"podLabelSelector": null}),
        json!({"podLabelSelector": {"matchLabels": null}}),
    ] {
        assert_eq!(schemes(&none).pod_label_selector, None, "{none}");
    }
    let empty = schemes(&json!({"podLabelSelector": {"matchLabels": {}}}));
    assert_eq!(empty.pod_label_selector, Some(PodLabelSelector::default()));
    let written = serde_json::to_value(&empty).unwrap();
    assert_eq!(written, json!({"podLabelSelector": {"matchLabels": {}}}));
}

#[test]
fn rejects_labels_without_a_text_value() {
    // A selector without the label would select more pods.
    for labels in [json!({"app": null}), json!({"app": 1}), json!(["app"])] {
        let spec = json!({"schemes": {"podLabelSelector": {"matchLabels": labels}}});
        assert!(serde_json::from_value::<BindingSpec>(spec).is_err());
    }
}

#[test]
fn omits_unused_schemes() {
    let null = schemes(&json!({"spiffeIdentities": null, "serviceAccount": null}));
    assert_eq!(null, Schemes::default());
    assert_eq!(serde_json::to_value(null).unwrap(), json!({}));
    let written = json!({"spiffeIdentities": ["cluster.local/ns/a/sa/b"], "serviceAccount": "b"});
    assert_eq!(serde_json::to_value(schemes(&written)).unwrap(), written, "D19");
}
