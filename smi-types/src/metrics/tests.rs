use super::*;
use serde_json::{Value, json};

#[test]
fn reads_answers_of_servers() {
    // D23, D24: an answer of the reference server, whose Go type has `edge` but not `side`.
    let answer = json!({
        "kind": "TrafficMetrics",
        "apiVersion": "metrics.smi-spec.io/v1alpha1",
        "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": "2026-11-27T06:00:00Z",
            "selfLink": "/apis/metrics.smi-spec.io/v1alpha1/namespaces/shop/deployments/web"},
        "timestamp": "2026-11-27T06:00:00Z",
        "window": "30s",
        "resource": {"kind": "Deployment", "namespace": "shop", "name": "web"},
        "edge": {"direction": "from", "resource": null},
        "metrics": [{"name": "p99_response_latency", "unit": "ms", "value": "2969m"}, {"name": "success_count", "value": "9"}],
    });
    let v1alpha1::TrafficMetrics(metrics) = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(metrics.window.unwrap().to_string(), "30s");
    assert_eq!(metrics.edge.as_ref().unwrap().resource, None);
    assert_eq!(metrics.metrics[0].value, Quantity("2969m".into()));
    assert_eq!(serde_json::to_value(v1alpha1::TrafficMetrics(metrics)).unwrap(), answer);
}

#[test]
fn reads_and_writes_all_fields_in_both_versions() {
    // D23, D25, M21
    let list = |version: &str| {
        let api_version = format!("metrics.smi-spec.io/{version}");
        json!({
            "apiVersion": api_version,
            "kind": "TrafficMetricsList",
            "metadata": {},
            "resource": {"kind": "Trafficsplit", "namespace": "shop", "name": "canary"},
            "selector": {"matchLabels": {"app": "web"}},
            "items": [{
                "apiVersion": api_version,
                "kind": "TrafficMetrics",
                "metadata": {},
                "resource": {},
                "edge": {"direction": "from", "side": "client", "resource": {}},
                "backend": {"apex": "web", "name": "web-v2", "weight": 10},
                "metrics": [],
            }],
        })
    };
    let first: v1alpha1::TrafficMetricsList = serde_json::from_value(list("v1alpha1")).unwrap();
    let second: v1alpha2::TrafficMetricsList = serde_json::from_value(list("v1alpha2")).unwrap();
    assert_eq!(
        Metrics::from(first.0.items[0].clone()),
        Metrics::from(second.0.items[0].clone())
    );
    assert_eq!(first.0.items[0].0.edge.as_ref().unwrap().side, "client");
    assert_eq!(serde_json::to_value(&first).unwrap(), list("v1alpha1"));
    assert_eq!(serde_json::to_value(&second).unwrap(), list("v1alpha2"));
}

#[test]
fn reads_null_and_absent_fields_alike() {
    let null = json!({"metadata": null, "resource": null, "edge": null, "backend": null, "timestamp": null,
        "window": null, "metrics": null});
    let null: Metrics = serde_json::from_value(null).unwrap();
    let absent: Metrics = serde_json::from_value(json!({})).unwrap();
    assert_eq!(null, absent);
}

#[test]
fn rejects_wrong_types() {
    for (field, value) in [
        ("window", json!(30)),
        ("window", json!("soon")),
        ("timestamp", json!("yesterday")),
        ("metrics", json!({})),
        ("edge", json!([])),
        ("backend", json!({"weight": -1})),
    ] {
        let mut answer = Value::Object(serde_json::Map::new());
        answer[field] = value;
        assert!(serde_json::from_value::<Metrics>(answer).is_err(), "{field}");
    }
}
