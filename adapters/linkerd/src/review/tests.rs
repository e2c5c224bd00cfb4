use crate::Linkerd;
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapterExt;
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
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

/// The conflict that a foreign object is reported as, if it is.
fn conflict(kind: Kind, namespace: &str, name: &str, spec: Value) -> Option<Code> {
    let mut snapshot = Snapshot::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut snapshot).unwrap();
    }
    let metadata = serde_json::from_value(json!({"name": name, "namespace": namespace})).unwrap();
    let foreign = NativeObject { kind, metadata, spec };
    let (linkerd, settings) = (Linkerd::default(), Settings::default());
    let observed = Observed::new("linkerd", &settings, [foreign]);
    let planned = linkerd.plan(&snapshot, &settings, &observed);
    let codes = planned.diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes
        .into_iter()
        .find(|code| matches!(code, Code::Conflict | Code::ConflictInPart))
}

#[test]
fn profiles_hide_routes() {
    let fqdn = "web.shop.svc.cluster.local";
    let profile = |namespace: &str, name: &str, spec: Value| conflict(ServiceProfile::KIND, namespace, name, spec);
    let with_route = || json!({"routes": [{"name": "r"}]});
    assert_eq!(profile("shop", fqdn, with_route()), Some(Code::Conflict));
    let overrides = json!({"dstOverrides": [{"authority": "x", "weight": "1"}]});
    assert_eq!(profile("client", fqdn, overrides), Some(Code::ConflictInPart));
    assert_eq!(profile("shop", fqdn, json!({})), None, "an empty one hides nothing");
    assert_eq!(profile("shop", fqdn, json!({"routes": []})), None);
    assert_eq!(profile("shop", "v1.shop.svc.cluster.local", with_route()), None);
}

#[test]
fn routes_on_the_same_port_interfere() {
    let parent = |name: &str, port: Option<u16>| json!({"parentRefs": [{"group": "core", "kind": "Service", "name": name, "port": port}]});
    for (kind, code) in [
        (GRPC_ROUTE, Code::Conflict),
        (GATEWAY_HTTP_ROUTE, Code::ConflictInPart),
        (HttpRoute::KIND, Code::ConflictInPart),
    ] {
        let conflict = |namespace: &str, spec: Value| conflict(kind.clone(), namespace, "r", spec);
        assert_eq!(conflict("shop", parent("web", Some(80))), Some(code), "{kind}");
        assert_eq!(conflict("shop", parent("web", None)), Some(code), "{kind}");
        assert_eq!(conflict("shop", parent("web", Some(81))), None, "{kind}");
        assert_eq!(conflict("shop", parent("v1", Some(80))), None, "{kind}");
        assert_eq!(conflict("other", parent("web", Some(80))), None, "{kind}");
        let gateway = json!({"parentRefs": [{"kind": "Gateway", "name": "web"}]});
        assert_eq!(conflict("shop", gateway), None, "{kind}");
    }
}
