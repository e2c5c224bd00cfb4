use crate::{GATEWAYS_ANNOTATION, Istio};
use serde_json::{Value, json};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::ingress;
use smi_adapter::manifest::{Native, NativeObject};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
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
        spec: spec.into(),
    }
}

/// Returns the diagnostics about a foreign object. Ours was created in 2020, or does not exist yet.
fn reported(ours_exists: bool, foreign: NativeObject) -> Vec<Diagnostic> {
    reported_by(&Istio::default(), SHOP, ours_exists, foreign)
}

fn reported_by(istio: &Istio, manifests: &str, ours_exists: bool, foreign: NativeObject) -> Vec<Diagnostic> {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(manifests, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let settings = Settings::default();
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
fn the_older_object_takes_precedence() {
    for (ours_exists, created, code) in [
        (false, Some("2026-01-01T00:00:00Z"), Code::Conflict),
        (false, None, Code::Conflict),
        (true, Some("2019-01-01T00:00:00Z"), Code::Conflict),
        (true, None, Code::Conflict),
        (true, Some("2021-01-01T00:00:00Z"), Code::Overrides),
        (true, Some("2020-01-01T00:00:00Z"), Code::Conflict), // equal age: by name
    ] {
        let reported = reported(ours_exists, object("a", "x", created, both(HOST, 80)));
        assert_eq!(codes(&reported), [code], "{created:?}");
        assert!(
            reported[0].message.contains("HTTP on port 80 and TCP on port 80"),
            "{}",
            reported[0].message
        );
        let assumed = "`VirtualService x/a` may be older (its creation time is unknown) and then takes precedence: ";
        assert_eq!(reported[0].message.starts_with(assumed), created.is_none());
    }
}

#[test]
fn compares_ports_and_protocols_separately() {
    let spec = |spec: Value| reported(false, object("a", "x", None, spec));
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
    // Routes that apply only to gateways have no effect in the mesh.
    let gateway = json!({"hosts": [HOST], "gateways": ["mesh", "g"], "http": [{"match": [{"gateways": ["g"]}]}]});
    assert_eq!(spec(gateway), []);
    assert_eq!(spec(json!({"hosts": [HOST], "gateways": ["g"], "http": [{}]})), []);
    assert_eq!(spec(json!({"http": [{}]})), [], "a delegate");
}

#[test]
fn qualifies_short_host_names() {
    let host = |namespace: &str, host: &str| codes(&reported(false, object("a", namespace, None, both(host, 80))));
    assert_eq!(host("x", HOST), [Code::Conflict]);
    assert_eq!(host("shop", "web"), [Code::Conflict]);
    assert_eq!(host("x", "web"), []);
    assert_eq!(host("shop", "web.shop"), [], "Istio does not expand it");
    assert_eq!(host("x", "v1.shop.svc.cluster.local"), []);
}

#[test]
fn an_older_wildcard_takes_precedence_for_tcp_only() {
    let wildcard = |ours_exists, created| {
        reported(
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
    assert_eq!(reported(false, object("a", "x", None, http)), []);
}

#[test]
fn a_private_object_takes_precedence_at_any_age() {
    let mut spec = both(HOST, 80);
    spec["exportTo"] = json!(["."]);
    let reported = reported(true, object("a", "x", Some("2021-01-01T00:00:00Z"), spec));
    assert_eq!(codes(&reported), [Code::ConflictInPart]);
    assert!(reported[0].message.contains("is private to namespace `x`"));
}

#[test]
fn reports_objects_that_bring_traffic_past_a_split() {
    let [kind, ..] = ingress::kinds();
    let to_web = json!({"service": {"name": "web", "port": {"number": 80}}});
    let mut public = object("public", "shop", None, json!({"defaultBackend": to_web}));
    public.kind = kind;
    let found = reported(false, public);
    assert_eq!(codes(&found), [Code::BypassedByIngress]);
    assert!(
        found[0].message.contains("`Ingress shop/public`"),
        "{}",
        found[0].message
    );
    assert!(found[0].message.contains(GATEWAYS_ANNOTATION), "{}", found[0].message);
}

#[test]
fn reports_virtual_services_of_gateways() {
    let bound = |namespace: &str, gateways: Value, http: Value| {
        let spec = json!({"hosts": ["shop.example.com"], "gateways": gateways, "http": http});
        codes(&reported(false, object("public", namespace, None, spec)))
    };
    let to = |host: &str| json!([{"route": [{"destination": {"host": host}}]}]);
    let found = [Code::BypassedByIngress];
    assert_eq!(bound("shop", json!(["g"]), to("web")), found);
    assert_eq!(bound("other", json!(["mesh", "x/g"]), to(HOST)), found);
    assert_eq!(bound("other", json!(["g"]), to("web")), [], "another service");
    assert_eq!(bound("shop", json!(["mesh"]), to("web")), []);
    assert_eq!(bound("shop", json!(null), to("web")), [], "the mesh by default");
    let limited = |gateways: Value| {
        let mut http = to("web");
        http[0]["match"] = json!([{"gateways": gateways}]);
        bound("shop", json!(["mesh", "g"]), http)
    };
    assert_eq!(limited(json!(["mesh"])), []);
    assert_eq!(limited(json!(["g"])), found);
    for wrong in [
        json!(1),
        json!([1]),
        json!([{"route": 1}]),
        json!([{"route": [{"destination": "web"}]}]),
    ] {
        assert_eq!(bound("shop", json!(["g"]), wrong.clone()), [], "{wrong}");
    }
}

#[test]
fn a_split_covers_its_own_host_at_its_gateways_only() {
    let mut istio = Istio::default();
    istio.gateways.insert("shop/public".into());
    let shop = "{apiVersion: v1, kind: List, items: [
        {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80, name: http}]}},
        {apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 80}]}},
        {apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit,
         metadata: {name: s, annotations: {ANNOTATION: '[\"public\"]'}},
         spec: {service: web, backends: [{service: v1, weight: 1}]}}]}";
    let shop = shop.replace("ANNOTATION", GATEWAYS_ANNOTATION);
    let bypassed = |host: &str, gateway: &str| {
        let http = json!([{"route": [{"destination": {"host": "web"}}]}]);
        let spec = json!({"hosts": [host], "gateways": [gateway], "http": http});
        let found = reported_by(&istio, &shop, false, object("x", "shop", None, spec));
        codes(&found).contains(&Code::BypassedByIngress)
    };
    assert!(!bypassed(HOST, "public"));
    assert!(bypassed(HOST, "other"));
    assert!(
        bypassed("shop.example.com", "public"),
        "the gateway prefers the host that a request names"
    );
}
