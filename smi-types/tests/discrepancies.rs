//! Tests of discrepancies between the specification's text, its Go types and installed CRDs. Every form is read.
//! Discrepancies of single fields are tested beside their types: D1, D2, D3, D4, D6 to D9, D12 to D14, D23 to D25.

use serde_json::{Value, json};
use smi_types::{Object, ParseError, ParseErrorKind, Parsed, Version};

fn parse(api_version: &str, kind: &str, root: Value) -> Result<Parsed, ParseError> {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}});
    if let (Value::Object(object), Value::Object(root)) = (&mut value, root) {
        object.extend(root);
    }
    Object::from_value(&value)
}

#[test]
fn d5_requires_no_field_of_a_match() {
    let matches = json!([{}, {"name": "a"}, {"pathRegex": "/a"}, {"methods": ["GET"]}, {"headers": [{"x-a": "1"}]}]);
    let (root, below) = (json!({"matches": matches}), json!({"spec": {"matches": matches}}));
    for (version, root) in [("v1alpha2", root), ("v1alpha4", below)] {
        let parsed = parse(&format!("specs.smi-spec.io/{version}"), "HTTPRouteGroup", root).unwrap();
        let Object::HTTPRouteGroup(group) = parsed.object else {
            panic!()
        };
        assert_eq!(group.matches().len(), 5);
        assert_eq!(parsed.unknown, []);
    }
}

#[test]
fn d10_d11_reads_any_kind_of_rule_and_subject() {
    for version in ["v1alpha2", "v1alpha3", "v1alpha4"] {
        let spec = json!({"spec": {
            "destination": {"kind": "Group", "name": "a"},
            "rules": [{"kind": "UDPRoute", "name": "r"}, {"kind": "KafkaRoute", "name": "r"}, {"kind": null, "name": "r"}],
            "sources": [{"kind": "User", "name": "b"}, {"name": "c"}],
        }});
        let parsed = parse(&format!("access.smi-spec.io/{version}"), "TrafficTarget", spec).unwrap();
        let Object::TrafficTarget(target) = parsed.object else {
            panic!()
        };
        let spec = target.spec.unwrap();
        assert_eq!(spec.destination.unwrap().kind, "Group");
        let rules: Vec<_> = spec.rules.iter().map(|rule| rule.kind.as_str()).collect();
        assert_eq!(rules, ["UDPRoute", "KafkaRoute", ""]);
        assert_eq!(spec.sources.len(), 2);
    }
}

#[test]
fn d15_reads_versions_that_no_crd_of_the_specification_has() {
    for (api_version, kind) in [
        ("split.smi-spec.io/v1alpha1", "TrafficSplit"),
        ("specs.smi-spec.io/v1alpha1", "TCPRoute"),
        ("specs.smi-spec.io/v1alpha2", "TCPRoute"),
        ("specs.smi-spec.io/v1alpha3", "TCPRoute"),
        ("access.smi-spec.io/v1alpha4", "IdentityBinding"),
    ] {
        let object = parse(api_version, kind, json!({})).unwrap().object;
        assert_eq!(object.kind(), kind);
        assert!(api_version.ends_with(object.version().as_str()));
    }
}

#[test]
fn d18_keeps_an_api_group_in_every_version() {
    let matches = json!([{"kind": "X", "name": "a"}, {"apiGroup": "example.com", "kind": "X", "name": "b"}]);
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        let spec = json!({"spec": {"service": "web", "backends": [], "matches": matches}});
        let parsed = parse(&format!("split.smi-spec.io/{version}"), "TrafficSplit", spec).unwrap();
        let Object::TrafficSplit(split) = parsed.object else {
            panic!()
        };
        let references = split.spec.unwrap().matches;
        assert_eq!(references[0].api_group, None);
        assert_eq!(references[1].api_group.as_deref(), Some("example.com"));
    }
}

#[test]
fn d22_rejects_objects_without_an_api_version_or_its_group() {
    let value = json!({"kind": "TrafficTarget", "metadata": {"name": "x"}});
    let error = Object::from_value(&value).unwrap_err();
    assert_eq!(
        error.to_string(),
        "apiVersion: `apiVersion` is missing; write `access.smi-spec.io/v1alpha4`, `access.smi-spec.io/v1alpha3`, \
         `access.smi-spec.io/v1alpha2` or `access.smi-spec.io/v1alpha1`"
    );
    let value = json!({"apiVersion": "v1alpha1", "kind": "TCPRoute", "metadata": {"name": "x"}});
    let error = Object::from_value(&value).unwrap_err();
    assert_eq!(
        error.to_string(),
        "apiVersion: `v1alpha1` is not an API of `TCPRoute`; write `specs.smi-spec.io/v1alpha4`, \
         `specs.smi-spec.io/v1alpha3`, `specs.smi-spec.io/v1alpha2` or `specs.smi-spec.io/v1alpha1`"
    );
}

#[test]
fn d29_accepts_any_status_without_listing_it() {
    for (api_version, kind) in [
        ("split.smi-spec.io/v1alpha4", "TrafficSplit"),
        ("specs.smi-spec.io/v1alpha1", "HTTPRouteGroup"),
        ("access.smi-spec.io/v1alpha1", "TrafficTarget"),
    ] {
        for status in [json!("Created"), json!({"conditions": []}), json!(null)] {
            let parsed = parse(api_version, kind, json!({"status": status})).unwrap();
            assert_eq!(parsed.unknown, []);
        }
    }
}

#[test]
fn d31_reads_samples_that_contradict_their_own_schema() {
    // A header value that is not a string is a lost restriction (I6).
    let spec = json!({"spec": {"matches": [{"name": "m", "headers": {"x-a": 1}}]}});
    let parsed = parse("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", spec).unwrap();
    let Object::HTTPRouteGroup(group) = parsed.object else {
        panic!()
    };
    assert!(group.matches()[0].headers.lost);
    // A route with only an unknown field has no ports, and the field is listed.
    let parsed = parse(
        "specs.smi-spec.io/v1alpha4",
        "UDPRoute",
        json!({"spec": {"foo": "bar"}}),
    )
    .unwrap();
    assert_eq!(parsed.unknown[0].to_string(), "spec.foo");
    // An object of v1alpha4 that declares v1alpha3.
    let destination = json!({"kind": "IdentityBinding", "name": "a", "group": "access.smi-spec.io"});
    let spec = json!({"spec": {"destination": destination}});
    let parsed = parse("access.smi-spec.io/v1alpha3", "TrafficTarget", spec).unwrap();
    let Object::TrafficTarget(target) = parsed.object else {
        panic!()
    };
    assert_eq!(target.version, Version::V1Alpha3);
    assert_eq!(target.spec.unwrap().destination.unwrap().kind, "IdentityBinding");
}

#[test]
fn d32_rejects_versions_that_never_existed() {
    for (api_version, kind) in [
        ("specs.smi-spec.io/v1alpha1", "UDPRoute"),
        ("access.smi-spec.io/v1alpha1", "IdentityBinding"),
        ("split.smi-spec.io/v1alpha5", "TrafficSplit"),
    ] {
        let error = parse(api_version, kind, json!({})).unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::UnknownVersion);
    }
}
