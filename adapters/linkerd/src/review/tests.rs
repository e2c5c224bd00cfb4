use crate::Linkerd;
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;

use super::{GATEWAY_HTTP_ROUTE, GRPC_ROUTE};
use crate::native::{HttpRoute, ServiceProfile};
use smi_adapter::manifest::Native;

const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 80}]}},
  {apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {name: s},
   spec: {service: web, backends: [{service: v1, weight: 1}]}},
]}
";

/// Returns the code of the conflict that a foreign object causes, if any.
fn conflict(kind: Kind, namespace: &str, name: &str, spec: Value) -> Option<Code> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let metadata = serde_json::from_value(json!({"name": name, "namespace": namespace})).unwrap();
    let foreign = NativeObject { kind, metadata, spec };
    let (linkerd, settings) = (Linkerd::default(), Settings::default());
    let observed = Observed::new("linkerd", &settings, [foreign]);
    let planned = linkerd.plan(&snapshot, &settings, &observed);
    let mut codes = planned.diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.find(|code| matches!(code, Code::Conflict | Code::ConflictInPart))
}

#[test]
fn reports_profiles_that_hide_routes() {
    let fqdn = "web.shop.svc.cluster.local";
    let routes = json!({"routes": [{"name": "r"}]});
    let overrides = json!({"dstOverrides": [{"authority": "x", "weight": "1"}]});
    let profile =
        |namespace: &str, name: &str, spec: &Value| conflict(ServiceProfile::KIND, namespace, name, spec.clone());
    assert_eq!(profile("shop", fqdn, &routes), Some(Code::Conflict));
    assert_eq!(
        profile("client", fqdn, &overrides),
        Some(Code::ConflictInPart),
        "only clients there see it"
    );
    assert_eq!(
        profile("shop", fqdn, &json!({})),
        None,
        "an empty profile hides nothing"
    );
    assert_eq!(profile("shop", fqdn, &json!({"routes": []})), None);
    assert_eq!(profile("shop", "v1.shop.svc.cluster.local", &routes), None);
}

#[test]
fn reports_routes_on_the_same_port() {
    let parent = |name: &str, port: Option<u16>| json!({"parentRefs": [{"group": "core", "kind": "Service", "name": name, "port": port}]});
    for (kind, code) in [
        (GRPC_ROUTE, Code::Conflict),
        (GATEWAY_HTTP_ROUTE, Code::ConflictInPart),
        (HttpRoute::KIND, Code::ConflictInPart),
    ] {
        let route = |namespace: &str, spec: Value| conflict(kind.clone(), namespace, "r", spec);
        assert_eq!(route("shop", parent("web", Some(80))), Some(code), "{kind}");
        assert_eq!(route("shop", parent("web", None)), Some(code), "{kind}");
        assert_eq!(route("shop", parent("web", Some(81))), None, "{kind}");
        assert_eq!(route("shop", parent("v1", Some(80))), None, "{kind}");
        assert_eq!(route("other", parent("web", Some(80))), None, "{kind}");
        let gateway = json!({"parentRefs": [{"kind": "Gateway", "name": "web"}]});
        assert_eq!(route("shop", gateway), None, "{kind}");
    }
}
