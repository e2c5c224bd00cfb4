use crate::Istio;
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapterExt;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Native, NativeObject};
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use smi_adapter::yaml;

use crate::native::VirtualService;

const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80, name: http}, {port: 81}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 80}, {port: 81}]}},
  {apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {name: s},
   spec: {service: web, backends: [{service: v1, weight: 1}]}},
]}
";

fn object(name: &str, namespace: &str, created: Option<&str>, spec: Value) -> NativeObject {
    let metadata = json!({"name": name, "namespace": namespace, "creationTimestamp": created});
    NativeObject {
        kind: VirtualService::KIND,
        metadata: serde_json::from_value(metadata).unwrap(),
        spec,
    }
}

/// What is said of a foreign object, where ours was created in 2020, or is to be created.
fn said(ours_exists: bool, foreign: NativeObject) -> Vec<Diagnostic> {
    let mut snapshot = Snapshot::default();
    for document in yaml::read(SHOP, "shop") {
        document.add_to(&mut snapshot).unwrap();
    }
    let (istio, settings) = (Istio::default(), Settings::default());
    let first = istio.plan(&snapshot, &settings, &Observed::default());
    let mut objects = vec![foreign];
    if ours_exists {
        let mut ours = first.manifests[0].object.clone();
        ours.metadata.creation_timestamp = serde_json::from_value(json!("2020-01-01T00:00:00Z")).unwrap();
        objects.push(ours);
    }
    let observed = Observed::new("istio", &settings, objects);
    istio.plan(&snapshot, &settings, &observed).diagnostics
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn both(hosts: &str, port: u16) -> Value {
    json!({"hosts": [hosts], "http": [{"match": [{"port": port}]}], "tcp": [{"match": [{"port": port}]}]})
}

const HOST: &str = "web.shop.svc.cluster.local";

#[test]
fn the_older_decides() {
    for (ours_exists, created, code) in [
        (false, Some("2026-01-01T00:00:00Z"), Code::Conflict),
        (false, None, Code::Conflict),
        (true, Some("2019-01-01T00:00:00Z"), Code::Conflict),
        (true, None, Code::Conflict),
        (true, Some("2021-01-01T00:00:00Z"), Code::Overrides),
        (true, Some("2020-01-01T00:00:00Z"), Code::Conflict), // of one age: by name
    ] {
        let said = said(ours_exists, object("a", "x", created, both(HOST, 80)));
        assert_eq!(codes(&said), [code], "{created:?}");
        assert!(
            said[0].message.contains("HTTP on port 80 and TCP on port 80"),
            "{}",
            said[0].message
        );
    }
}

#[test]
fn port_by_port_and_protocol_by_protocol() {
    let spec = |spec: Value| said(false, object("a", "x", None, spec));
    assert_eq!(spec(both(HOST, 82)), []);
    let http = spec(json!({"hosts": [HOST], "http": [{"match": [{"port": 81}]}]}));
    assert!(
        http[0].message.contains("decides HTTP on port 81 of"),
        "{}",
        http[0].message
    );
    let tcp = spec(json!({"hosts": [HOST], "tcp": [{"route": []}]}));
    assert!(
        tcp[0].message.contains("decides TCP on port 80, 81 of"),
        "{}",
        tcp[0].message
    );
    let anywhere = spec(json!({"hosts": [HOST], "http": [{"match": [{"uri": {"exact": "/"}}]}]}));
    assert!(
        anywhere[0].message.contains("HTTP on port 80, 81"),
        "{}",
        anywhere[0].message
    );
    // Routes for gateways only are not in the mesh.
    let gateway = json!({"hosts": [HOST], "gateways": ["mesh", "g"], "http": [{"match": [{"gateways": ["g"]}]}]});
    assert_eq!(spec(gateway), []);
    assert_eq!(spec(json!({"hosts": [HOST], "gateways": ["g"], "http": [{}]})), []);
    assert_eq!(spec(json!({"http": [{}]})), [], "a delegate");
}

#[test]
fn one_host_has_many_names() {
    let host = |namespace: &str, host: &str| codes(&said(false, object("a", namespace, None, both(host, 80))));
    assert_eq!(host("x", HOST), [Code::Conflict]);
    assert_eq!(host("shop", "web"), [Code::Conflict]);
    assert_eq!(host("x", "web"), []);
    assert_eq!(host("shop", "web.shop"), [], "Istio does not expand it");
    assert_eq!(host("x", "v1.shop.svc.cluster.local"), []);
}

#[test]
fn wildcards_take_tcp_only_and_only_from_the_younger() {
    let wildcard = |ours_exists, created| {
        said(
            ours_exists,
            object("a", "x", created, both("*.shop.svc.cluster.local", 80)),
        )
    };
    let older = wildcard(false, None);
    assert!(
        older[0].message.contains("decides TCP on port 80 of"),
        "{}",
        older[0].message
    );
    assert!(!older[0].message.contains("HTTP"));
    assert_eq!(wildcard(true, Some("2021-01-01T00:00:00Z")), []);
    let http = json!({"hosts": ["*.shop.svc.cluster.local"], "http": [{"match": [{"port": 80}]}]});
    assert_eq!(said(false, object("a", "x", None, http)), []);
}

#[test]
fn a_private_one_comes_first_whatever_its_age() {
    let mut spec = both(HOST, 80);
    spec["exportTo"] = json!(["."]);
    let said = said(true, object("a", "x", Some("2021-01-01T00:00:00Z"), spec));
    assert_eq!(codes(&said), [Code::ConflictInPart]);
    assert!(said[0].message.contains("for clients in namespace `x`"));
}
