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

/// Returns `true` if a foreign object is reported as a conflict.
fn conflicts(kind: Kind, namespace: &str, name: &str, spec: Value) -> bool {
    let mut snapshot = Snapshot::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut snapshot).unwrap();
    }
    let metadata = serde_json::from_value(json!({"name": name, "namespace": namespace})).unwrap();
    let foreign = NativeObject { kind, metadata, spec };
    let (linkerd, settings) = (Linkerd::default(), Settings::default());
    let observed = Observed::new("linkerd", &settings, [foreign]);
    let planned = linkerd.plan(&snapshot, &settings, &observed);
    planned
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code == Code::Conflict)
}

#[test]
fn reports_profiles_that_hide_routes() {
    let fqdn = "web.shop.svc.cluster.local";
    let profile = |namespace: &str, name: &str, spec: Value| conflicts(ServiceProfile::KIND, namespace, name, spec);
    assert!(profile("shop", fqdn, json!({"routes": [{"name": "r"}]})));
    assert!(profile(
        "client",
        fqdn,
        json!({"dstOverrides": [{"authority": "x", "weight": "1"}]})
    ));
    assert!(!profile("shop", fqdn, json!({})), "an empty profile hides nothing");
    assert!(!profile("shop", fqdn, json!({"routes": []})));
    assert!(!profile(
        "shop",
        "v1.shop.svc.cluster.local",
        json!({"routes": [{"name": "r"}]})
    ));
}

#[test]
fn reports_routes_on_the_same_port() {
    let parent = |name: &str, port: Option<u16>| json!({"parentRefs": [{"group": "core", "kind": "Service", "name": name, "port": port}]});
    for kind in [GRPC_ROUTE, GATEWAY_HTTP_ROUTE, HttpRoute::KIND] {
        assert!(conflicts(kind.clone(), "shop", "r", parent("web", Some(80))), "{kind}");
        assert!(conflicts(kind.clone(), "shop", "r", parent("web", None)), "{kind}");
        assert!(!conflicts(kind.clone(), "shop", "r", parent("web", Some(81))), "{kind}");
        assert!(!conflicts(kind.clone(), "shop", "r", parent("v1", Some(80))), "{kind}");
        assert!(
            !conflicts(kind.clone(), "other", "r", parent("web", Some(80))),
            "{kind}"
        );
        assert!(!conflicts(
            kind,
            "shop",
            "r",
            json!({"parentRefs": [{"kind": "Gateway", "name": "web"}]})
        ));
    }
}
