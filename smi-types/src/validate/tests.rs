mod access;
mod specs;
mod split;
mod unknown;

use super::*;
use crate::access::{BindingSpec, IdentityBinding, Schemes, Subject, TargetSpec, TrafficTarget};
use crate::split::{Backend, MatchRef, Spec, TrafficSplit};
use crate::version::Version;
use access::{binding, target};
use proptest::prelude::*;
use serde_json::{Value, json};
use specs::{group, ports};
use split::split;

const RULES: &str = include_str!("../rules.md");
const TESTS: [&str; 5] = [
    include_str!("tests.rs"),
    include_str!("tests/access.rs"),
    include_str!("tests/specs.rs"),
    include_str!("tests/split.rs"),
    include_str!("tests/unknown.rs"),
];

fn object(group: &str, version: &str, kind: &str, root: &Value) -> Object {
    let mut value = root.clone();
    value["apiVersion"] = format!("{group}.smi-spec.io/{version}").into();
    value["kind"] = kind.into();
    value["metadata"] = json!({"name": "x", "namespace": "shop"});
    let parsed = Object::from_value(&value).unwrap();
    assert_eq!(parsed.unknown, [], "{value}");
    parsed.object
}

/// Returns the violations as `path rule`.
fn found(object: &Object) -> Vec<String> {
    let of = |violation: &Violation| format!("{} {}", violation.path, violation.rule);
    object.violations().iter().map(of).collect()
}

const NONE: [&str; 0] = [];
const ALL: [&str; 4] = ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"];

#[test]
fn finds_repeated_items_in_short_and_long_lists() {
    for length in [4, 16, 17, 100] {
        let mut items: Vec<String> = (0..length).map(|item| item.to_string()).collect();
        items[1] = "0".into();
        items[2] = String::new();
        items[3] = String::new();
        items.push("0".into());
        let found: Vec<_> = repeated(items.iter().map(String::as_str)).collect();
        assert_eq!(found, [(1, "0"), (length, "0")]);
    }
}

#[test]
fn accepts_valid_objects() {
    for version in ALL {
        let backends = json!([{"service": "web-v1", "weight": 9}, {"service": "web", "weight": 0}]);
        for root in [
            "web",
            "web.shop",
            "web.shop.svc",
            "web.shop.svc.cluster.local",
            "web.other.svc.example.org",
            "a.b.c",
        ] {
            // T28: a backend may be the root.
            assert_eq!(
                split(version, &json!({"service": root, "backends": backends})),
                NONE,
                "{root}"
            );
        }
        let matches = json!([{"name": "m", "pathRegex": "/a.*", "methods": ["GET", "*"]}]);
        assert_eq!(group(version, &matches), NONE);
        for spec in [json!(null), json!({}), json!({"matches": {"ports": []}})] {
            // S22, S23: all ports.
            assert_eq!(ports(version, "TCPRoute", &spec), NONE);
        }
        assert_eq!(target(version, &json!({})), NONE);
    }
    assert_eq!(
        split(
            "v1alpha1",
            &json!({"service": "web", "backends": [{"service": "a", "weight": "500m"}]})
        ),
        NONE
    );
    let references = json!([{"kind": "HTTPRouteGroup", "name": "a"}, {"kind": "HTTPRouteGroup", "name": "b", "apiGroup": "specs.smi-spec.io"}]);
    let backends = json!([{"service": "a", "weight": 1}]);
    let spec = json!({"service": "web", "backends": backends, "matches": references});
    assert_eq!(split("v1alpha3", &spec), NONE);
    assert_eq!(
        group("v1alpha2", &json!([{"name": "m", "headers": {"x-a": ".*"}}])),
        NONE
    );
    assert_eq!(
        ports("v1alpha4", "UDPRoute", &json!({"matches": {"ports": [53, 65535]}})),
        NONE
    );
    assert_eq!(
        target(
            "v1alpha2",
            &json!({"destination": {"kind": "ServiceAccount", "name": "a", "namespace": "shop", "port": 80}})
        ),
        NONE
    );
    assert_eq!(
        target(
            "v1alpha4",
            &json!({"destination": {"kind": "IdentityBinding", "name": "a", "group": "access.smi-spec.io"}})
        ),
        NONE
    );
    assert_eq!(
        target(
            "v1alpha3",
            &json!({"rules": [{"kind": "UDPRoute", "name": "a", "matches": ["b", "c"]}]})
        ),
        NONE
    );
    assert_eq!(
        binding(&json!({"serviceAccount": "web", "spiffeIdentities": ["cluster.local/ns/a/sa/b"]})),
        NONE
    );
    assert_eq!(
        binding(&json!({"podLabelSelector": {"matchLabels": {"app": "web", "a.b/c": ""}}})),
        NONE
    );
}

#[test]
fn reports_objects_without_content() {
    // I7
    for (group, version, kind, path) in [
        ("split", "v1alpha1", "TrafficSplit", "spec"),
        ("specs", "v1alpha3", "HTTPRouteGroup", "spec"),
        ("access", "v1alpha1", "TrafficTarget", ""),
        ("access", "v1alpha2", "TrafficTarget", "spec"),
        ("access", "v1alpha4", "IdentityBinding", "spec"),
    ] {
        assert_eq!(
            found(&object(group, version, kind, &json!({}))),
            [format!("{path} NoSpec")]
        );
    }
    for (group, kind) in [
        ("split", "TrafficSplit"),
        ("access", "TrafficTarget"),
        ("access", "IdentityBinding"),
    ] {
        let empty = object(group, "v1alpha4", kind, &json!({"spec": {}}));
        assert_eq!(found(&empty), ["spec NoSpec"]);
    }
}

#[test]
fn every_rule_is_unique_documented_and_tested() {
    for rule in Rule::ALL {
        assert!(
            RULES.contains(&format!("\n| {} | ", rule.id())),
            "`{rule}` has an ID that the chapter on rules does not list"
        );
        let named = format!("{rule}\"");
        assert!(
            TESTS.iter().any(|tests| tests.contains(&named)),
            "`{rule}` is not tested"
        );
    }
    let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
}

proptest! {
    #[test]
    fn validation_never_panics(texts in proptest::collection::vec(any::<String>(), 8), version in 0..4usize) {
        let version = [Version::V1Alpha1, Version::V1Alpha2, Version::V1Alpha3, Version::V1Alpha4][version];
        let [a, b, c, d, e, f, g, h] = <[String; 8]>::try_from(texts).unwrap();

        let backend = Backend { service: b.clone(), weight: crate::weight::Weight::Invalid(json!(c)) };
        let reference = MatchRef { api_group: Some(d.clone()), kind: e.clone(), name: f.clone() };
        let spec = Spec { service: a.clone(), backends: vec![backend], matches: vec![reference] };
        let split = TrafficSplit { version, spec: Some(spec), ..TrafficSplit::default() };
        _ = split.violations();

        let subject = Subject { group: a.clone(), kind: b.clone(), name: c.clone(), namespace: d, port: None };
        let rule = crate::access::Rule { kind: e, name: f, matches: vec![g, h] };
        let spec = TargetSpec { destination: Some(subject.clone()), sources: vec![subject], rules: vec![rule] };
        let target = TrafficTarget { version, spec: Some(spec), ..TrafficTarget::default() };
        _ = target.violations();

        let schemes = Schemes { pod_label_selector: None, spiffe_identities: vec![a, b], service_account: c };
        let spec = Some(BindingSpec { schemes });
        _ = IdentityBinding { version, spec, ..IdentityBinding::default() }.violations();
    }
}
