use crate::Istio;
use crate::native::AuthorizationPolicy;
use serde_json::{Value, json};
use smi_adapter::manifest::{Native, NativeObject};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;

const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Pod, metadata: {name: api, labels: {app: api, tier: back}}, spec: {serviceAccountName: api, containers: []}},
  {apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {serviceAccountName: web, containers: []}},
  {apiVersion: specs.smi-spec.io/v1alpha4, kind: TCPRoute, metadata: {name: r}, spec: {matches: {ports: [80]}}},
  {apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {name: t}, spec: {
    destination: {kind: ServiceAccount, name: api, namespace: shop}, rules: [{kind: TCPRoute, name: r}],
    sources: [{kind: ServiceAccount, name: web, namespace: shop}]}},
]}
";

/// Returns code and object of the diagnostics about a foreign policy.
fn reported(namespace: &str, annotations: &Value, spec: Value) -> Vec<String> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let metadata = json!({"name": "theirs", "namespace": namespace, "annotations": annotations});
    let foreign = NativeObject {
        kind: AuthorizationPolicy::KIND,
        metadata: serde_json::from_value(metadata).unwrap(),
        spec: spec.into(),
    };
    let settings = Settings::default();
    let observed = Observed::new("istio", &settings, [foreign]);
    let planned = Istio::default().plan(&snapshot, &settings, &observed);
    let theirs = planned
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.message.contains("/theirs`"));
    theirs
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.object))
        .collect()
}

fn spec(action: &str, labels: &Value) -> Value {
    json!({"action": action, "selector": {"matchLabels": labels}, "rules": [{}]})
}

#[test]
fn reports_allow_policies_on_the_workloads_they_select() {
    let allow = |labels: Value| reported("shop", &json!({}), spec("ALLOW", &labels));
    assert_eq!(allow(json!({"app": "api"})), ["NotEnforced Pod shop/api"]);
    assert_eq!(
        allow(json!({"zone": "a"})),
        ["NotEnforced Pod shop/api"],
        "pods of the workload may have the label"
    );
    assert_eq!(
        allow(json!({"app": "web"})),
        ["NotEnforced Namespace shop"],
        "a workload without grants"
    );
    assert_eq!(allow(json!({})), ["NotEnforced Namespace shop"]);
    assert_eq!(
        reported("shop", &json!({}), json!({"rules": [{}]})),
        ["NotEnforced Namespace shop"]
    );
    assert_eq!(
        reported("istio-system", &json!({}), json!({"rules": [{}]})),
        ["NotEnforced Namespace shop"]
    );
}

#[test]
fn reports_policies_that_take_precedence() {
    for action in ["DENY", "CUSTOM"] {
        assert_eq!(
            reported("shop", &json!({}), spec(action, &json!({"app": "api"}))),
            ["Conflict Pod shop/api"]
        );
        assert_eq!(
            reported("shop", &json!({}), spec(action, &json!({}))),
            ["Conflict Namespace shop"]
        );
        assert_eq!(
            reported("shop", &json!({}), spec(action, &json!({"app": "web"}))),
            [""; 0]
        );
    }
}

#[test]
fn ignores_policies_without_effect() {
    let none: [&str; 0] = [];
    assert_eq!(reported("other", &json!({}), json!({"rules": [{}]})), none);
    assert_eq!(reported("shop", &json!({}), json!({})), none, "another baseline");
    assert_eq!(
        reported("shop", &json!({"istio.io/dry-run": "true"}), json!({"rules": [{}]})),
        none
    );
    assert_eq!(
        reported(
            "shop",
            &json!({}),
            json!({"targetRefs": [{"kind": "Service", "name": "x"}], "rules": [{}]})
        ),
        none
    );
    assert_eq!(reported("shop", &json!({}), spec("AUDIT", &json!({}))), none);
}
