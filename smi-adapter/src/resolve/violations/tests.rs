use crate::diagnostic::{Code, Diagnostic, PortSet};
use crate::object::{ObjectKey, ObjectRef};
use crate::resolve::{ParsedRoot, resolve};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use smi_types::split::{Backend, TrafficSplit};
use smi_types::validate::Rule;
use smi_types::{Object, Parsed};
use std::collections::BTreeSet;

/// Returns an object with an unknown field in its metadata (I8).
fn object(group: &str, version: &str, kind: &str, spec: &Value) -> Parsed {
    let value = json!({
        "apiVersion": format!("{group}.smi-spec.io/{version}"), "kind": kind,
        "metadata": {"name": "x", "namespace": "shop", "note": "x"}, "spec": spec,
    });
    Object::from_value(&value).unwrap()
}

fn service(name: &str, ports: &[u16]) -> Value {
    let ports: Vec<Value> = ports.iter().map(|port| json!({"port": port})).collect();
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": ports}})
}

/// Returns the diagnostics on an object in a snapshot with services `web` (80, 90) and `v1` (80).
fn diagnostics(object: impl Into<Parsed>, settings: &Settings) -> Vec<Diagnostic> {
    let mut snapshot = Snapshot::default();
    for service in [service("web", &[80, 90]), service("v1", &[80])] {
        snapshot.insert_service(serde_json::from_value(service).unwrap());
    }
    let object = snapshot.insert(object);
    let diagnostics = resolve(&snapshot, settings).diagnostics.into_iter();
    diagnostics.filter(|diagnostic| diagnostic.object == object).collect()
}

/// Returns objects that together break every rule.
fn invalid_objects() -> Vec<Parsed> {
    let split = |version: &str, spec: Value| object("split", version, "TrafficSplit", &spec);
    let group = |version: &str, spec: Value| object("specs", version, "HTTPRouteGroup", &spec);
    let target = |version: &str, spec: Value| object("access", version, "TrafficTarget", &spec);
    let binding = |schemes: Value| object("access", "v1alpha4", "IdentityBinding", &json!({ "schemes": schemes }));
    let backends = json!([{"service": "v1", "weight": 1}]);
    let mut headers = object("specs", "v1alpha1", "HTTPRouteGroup", &json!({}));
    if let Object::HTTPRouteGroup(group) = &mut headers.object {
        let matching = json!([{"name": "a", "headers": [{"x-a": "1"}, {"X-A": "2"}, {"x y": "(?=a)"}]}]);
        group.matches = Some(serde_json::from_value(matching).unwrap());
    }
    vec![
        split("v1alpha4", json!({})),
        split("v1alpha4", json!({"service": "web", "backends": backends, "match": []})),
        split("v1alpha4", json!({"service": "", "backends": backends})),
        split("v1alpha4", json!({"service": "not a name", "backends": backends})),
        split("v1alpha4", json!({"service": "web.other", "backends": backends})),
        split("v1alpha4", json!({"service": "web", "backends": []})),
        split(
            "v1alpha4",
            json!({"service": "web", "backends": [
                {"service": "v1", "weight": "500m"}, {"service": "v1"}, {"service": "V1", "weight": 1}]}),
        ),
        split(
            "v1alpha4",
            json!({"service": "web", "backends": [{"service": "v1", "weight": -1}]}),
        ),
        split(
            "v1alpha4",
            json!({"service": "web", "backends": [{"service": "v1", "weight": 0}]}),
        ),
        split(
            "v1alpha2",
            json!({"service": "web", "backends": backends, "matches": [
                {"kind": "TCPRoute", "name": "a"}, {"kind": "HTTPRouteGroup", "name": ""},
                {"apiGroup": "x", "kind": "HTTPRouteGroup", "name": "a"}]}),
        ),
        group("v1alpha4", json!({"matches": []})),
        group(
            "v1alpha4",
            json!({"matches": [
                {"name": "a", "methods": ["get"]}, {"name": "a", "methods": [""]}, {"pathRegex": "/(?=a)"},
                {"name": "b"}, {"name": "c", "headers": [{}]}, {"name": "d", "pathRegex": "/d/*"}]}),
        ),
        headers,
        object("specs", "v1alpha3", "TCPRoute", &json!({"matches": {"ports": [80, 0]}})),
        target(
            "v1alpha4",
            json!({"destination": {"kind": "Group", "name": "A", "namespace": "other", "port": 0}}),
        ),
        target("v1alpha4", json!({"rules": [{"kind": "TCPRoute", "name": ""}]})),
        target(
            "v1alpha2",
            json!({
                "destination": {"kind": "ServiceAccount", "name": "a", "group": "x"},
                "rules": [{"kind": "GRPCRoute", "name": "a"}, {"kind": "UDPRoute", "name": "a", "matches": ["", "b", "b"]}],
                "sources": [{"kind": "ServiceAccount", "name": "a", "port": 80}]}),
        ),
        binding(json!({"podLabelSelector": {"matchLabels": {}}, "serviceAccount": "A"})),
        binding(json!({"podLabelSelector": {"matchLabels": {"a b": "c"}}, "spiffeIdentities": ["x"]})),
    ]
}

#[test]
fn reports_each_violation_once() {
    let mut broken = BTreeSet::new();
    for object in invalid_objects() {
        let violations = object.violations();
        assert!(!violations.is_empty(), "{object:?}");
        broken.extend(violations.iter().map(|violation| violation.rule));
        let diagnostics = diagnostics(object, &Settings::default());
        for violation in violations {
            let found: Vec<_> = diagnostics
                .iter()
                .filter(|it| it.rule == Some(violation.rule) && it.field == violation.path)
                .collect();
            assert!(matches!(found[..], [_]), "{violation}: {found:?}");
            assert_eq!(found[0].message, violation.message);
            // No other step reports the field again.
            let others = diagnostics.iter().filter(|it| it.rule.is_none());
            let again: Vec<_> = others.filter(|it| it.field == violation.path).collect();
            assert!(again.is_empty(), "{violation}: {again:?}");
        }
    }
    assert_eq!(
        broken,
        Rule::ALL.iter().copied().collect(),
        "some rules are not broken by any of the objects"
    );
}

#[test]
fn a_setting_permits_destinations_in_other_namespaces() {
    // A22
    let spec = json!({"destination": {"kind": "ServiceAccount", "name": "a", "namespace": "other"}});
    for permitted in [false, true] {
        let settings = Settings {
            foreign_destinations: permitted,
            ..Settings::default()
        };
        let target = object("access", "v1alpha4", "TrafficTarget", &spec);
        let refused = diagnostics(target, &settings)
            .iter()
            .any(|it| it.code == Code::DestinationNamespace);
        assert_eq!(refused, !permitted);
    }
}

#[test]
fn diagnostics_on_a_split_carry_ports_and_backends() {
    // T6, T20, T23, T25, T40
    let limits = |root: &str, backends: &[Backend]| {
        let split = TrafficSplit::new("shop", "x", root, backends.iter().cloned());
        let diagnostics = diagnostics(Object::from(split), &Settings::default()).into_iter();
        diagnostics
            .map(|it| (it.code, it.backend, it.ports, it.other))
            .collect::<Vec<_>>()
    };
    let port = |port: u16| PortSet::Only([port].into());
    let missing = ObjectRef::service(ObjectKey::new("shop", "gone"));
    let (v1, gone, bad) = (Backend::new("v1", 1), Backend::new("gone", 1), Backend::new("V1", 1));
    assert_eq!(
        limits("web", &[v1.clone(), gone, bad]),
        [
            (Code::NoUsableBackend, None, port(90), None),
            (Code::PortMismatch, Some("v1".into()), port(90), None),
            (Code::BackendMissing, Some("gone".into()), PortSet::All, Some(missing)),
            (Code::BackendMissing, Some("V1".into()), PortSet::All, None),
        ]
    );
    let root = ObjectRef::service(ObjectKey::new("shop", "gone"));
    assert_eq!(
        limits("gone", &[v1]),
        [(Code::RootUnusable, None, PortSet::All, Some(root))]
    );
    // The whole split is inert.
    let invalid = smi_types::weight::Weight::Invalid(json!(-1));
    assert_eq!(
        limits("web", &[Backend::new("v1", invalid)]),
        [(Code::Invalid, None, PortSet::All, None)]
    );
}

#[test]
fn serialises_the_rule() {
    let split = TrafficSplit::new("shop", "x", "web", [Backend::new("v1", 0)]);
    let diagnostics = serde_json::to_value(diagnostics(Object::from(split), &Settings::default())).unwrap();
    assert_eq!(diagnostics[0]["rule"], "AllWeightsZero");
    assert_eq!(diagnostics[0]["rules"], json!(["T10"]));
}

proptest! {
    /// T3: validation and resolution accept the same roots.
    #[test]
    fn violations_and_roots_agree(service in r"(web|other|shop|svc|cluster|local|Web|-|)(\.(shop|other|svc|cluster|local|a b|))*") {
        let parsed = ParsedRoot::new(&service, "shop", "cluster.local");
        let rules: Vec<Rule> = TrafficSplit::new("shop", "x", &service, [Backend::new("v1", 1)])
            .violations()
            .iter()
            .map(|violation| violation.rule)
            .collect();
        let expected: &[Rule] = match parsed {
            ParsedRoot::Invalid if service.is_empty() => &[Rule::RootMissing],
            ParsedRoot::Invalid => &[Rule::RootForm],
            ParsedRoot::OtherNamespace => &[Rule::RootNamespace],
            ParsedRoot::Service(_) | ParsedRoot::External(_) | ParsedRoot::UnderDomain => &[],
        };
        prop_assert_eq!(rules, expected);
    }
}
