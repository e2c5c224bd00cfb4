//! Input of any size: shops of three services, each with a split, every fourth of them an A/B test.

use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;

/// The SMI objects of `splits` shops, as JSON values.
#[must_use]
pub fn objects(splits: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    for index in 0..splits {
        let namespace = format!("ns-{}", index % 50);
        let metadata = json!({"name": format!("web-{index}"), "namespace": namespace, "uid": format!("uid-{index}"),
            "labels": {"app": "web"}, "resourceVersion": "12345"});
        let mut matches = Vec::new();
        if index % 4 == 0 {
            matches.push(json!({"kind": "HTTPRouteGroup", "name": format!("web-{index}")}));
            objects.push(
                json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup", "metadata": metadata,
                "spec": {"matches": [
                    {"name": "beta", "headers": [{"x-beta": "yes|true"}]},
                    {"name": "api", "pathRegex": format!("/api/v[0-9]+/{index}(/.*)?"), "methods": ["GET", "HEAD"]}]}}),
            );
        }
        let backends = json!([
            {"service": format!("web-{index}-v1"), "weight": 90},
            {"service": format!("web-{index}-v2"), "weight": 10},
        ]);
        let spec = json!({"service": format!("web-{index}"), "backends": backends, "matches": matches});
        objects.push(json!({
            "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": metadata, "spec": spec,
        }));
    }
    objects
}

/// Everything about `splits` shops.
#[must_use]
pub fn snapshot(splits: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in objects(splits) {
        if let Ok(parsed) = Object::from_value(&object) {
            snapshot.insert(parsed);
        }
    }
    for index in 0..splits {
        for suffix in ["", "-v1", "-v2"] {
            let service = json!({"metadata": {"name": format!("web-{index}{suffix}"), "namespace": format!("ns-{}", index % 50)},
                "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": [
                    {"name": "http", "port": 80, "targetPort": 8080}, {"name": "http-metrics", "port": 9090}]}});
            if let Ok(service) = serde_json::from_value::<Service>(service) {
                snapshot.insert_service(service);
            }
        }
    }
    snapshot
}
