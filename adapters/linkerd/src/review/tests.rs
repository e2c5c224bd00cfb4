use crate::{Linkerd, SplitMode};
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::ingress;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use smi_adapter::plan::{MeshAdapterExt, Observed};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;
use std::collections::BTreeSet;

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
    let metadata = json!({"name": name, "namespace": namespace});
    let diagnostics = reported(&Linkerd::default(), kind, metadata, spec);
    let mut codes = diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.find(|code| matches!(code, Code::Conflict | Code::ConflictInPart))
}

fn reported(linkerd: &Linkerd, kind: Kind, metadata: Value, spec: Value) -> Vec<Diagnostic> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let metadata = serde_json::from_value(metadata).unwrap();
    let foreign = NativeObject {
        kind,
        metadata,
        spec: spec.into(),
    };
    let settings = Settings::default();
    let observed = Observed::new("linkerd", &settings, [foreign]);
    linkerd.plan(&snapshot, &settings, &observed).diagnostics
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

#[test]
fn reports_an_ingress_that_bypasses_a_split() {
    let [kind, ..] = ingress::kinds();
    let spec =
        json!({"rules": [{"http": {"paths": [{"backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]});
    let profiles = Linkerd {
        split_mode: SplitMode::ServiceProfile,
        ..Linkerd::default()
    };
    let bypassed = |linkerd: &Linkerd, annotations: Value| {
        let metadata = json!({"name": "public", "namespace": "shop", "annotations": annotations});
        let mut diagnostics = reported(linkerd, kind.clone(), metadata, spec.clone());
        diagnostics.retain(|diagnostic| diagnostic.code == Code::BypassedByIngress);
        diagnostics
    };
    for linkerd in [Linkerd::default(), profiles] {
        let found = bypassed(&linkerd, json!({}));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.contains("`Ingress shop/public`"),
            "{}",
            found[0].message
        );
        // Annotations that make the controller call the service.
        for annotations in [
            json!({"nginx.ingress.kubernetes.io/service-upstream": "true"}),
            json!({"nginx.ingress.kubernetes.io/configuration-snippet": "proxy_set_header l5d-dst-override web.shop;"}),
        ] {
            assert_eq!(bypassed(&linkerd, annotations), []);
        }
    }
}

#[test]
fn reads_every_kind_once() {
    let with_tcp = Linkerd {
        tcp_routes: true,
        ..Linkerd::default()
    };
    let profiles = Linkerd {
        split_mode: SplitMode::ServiceProfile,
        ..Linkerd::default()
    };
    for linkerd in [Linkerd::default(), with_tcp, profiles] {
        let all: Vec<&Kind> = linkerd.kinds().iter().chain(linkerd.reads()).collect();
        let distinct: BTreeSet<&Kind> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        let mut outside = ingress::kinds().into_iter();
        assert!(outside.all(|kind| distinct.contains(&kind)));
    }
}
