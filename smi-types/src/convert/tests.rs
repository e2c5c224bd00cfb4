use super::*;
use crate::headers::HeaderForm;
use serde_json::json;

fn read(value: &Value) -> Object {
    Object::from_value(value).unwrap().object
}

fn object(api_version: &str, kind: &str, root: Value) -> Object {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
    let Value::Object(root) = root else { panic!() };
    value.as_object_mut().unwrap().extend(root);
    read(&value)
}

/// Returns the versions that cannot express `object`, each with the fields that it refuses.
fn refusals(object: &Object) -> Vec<(&'static str, Vec<String>)> {
    let lost = |version| match object.to_value(version) {
        Ok(value) => {
            assert_eq!(read(&value).version(), version);
            None
        }
        Err(ConvertError::Lossy(error)) => {
            assert_eq!((error.kind(), error.version()), (object.kind(), version));
            Some(error.lost().iter().map(ToString::to_string).collect())
        }
        Err(error) => panic!("{error}"),
    };
    Version::ALL
        .into_iter()
        .filter_map(|version| Some((version.as_str(), lost(version)?)))
        .collect()
}

fn weights(split: &Object, version: Version) -> Value {
    let value = split.to_value(version).unwrap();
    let backends = value["spec"]["backends"].as_array().unwrap();
    backends.iter().map(|backend| backend["weight"].clone()).collect()
}

fn split(weights: &Value) -> Object {
    let backends: Vec<_> = weights
        .as_array()
        .unwrap()
        .iter()
        .map(|weight| json!({"service": "a", "weight": weight}))
        .collect();
    object(
        "split.smi-spec.io/v1alpha1",
        "TrafficSplit",
        json!({"spec": {"service": "web", "backends": backends}}),
    )
}

#[test]
fn scales_fractions_to_whole_numbers_of_the_same_ratio() {
    // T8: rewritten as in the specification itself. The Go conversion turns 1 : 500m into 1 : 500.
    for (from, to) in [
        (json!(["1", "500m"]), json!([1000, 500])),
        (json!(["100m", "900m"]), json!([100, 900])),
        (json!(["10m", "100m", "1500m"]), json!([10, 100, 1500])),
        (json!(["1", "0.0001"]), json!([1_000_000, 100])),
        (json!(["1n", "1"]), json!([1, 1_000_000_000])),
        (json!([1, "1k"]), json!([1, 1000])),
        (json!(["500m", null]), json!([500, 0])),
        (json!(["500m", 0, "abc"]), json!([500, 0, "abc"])),
        (json!(["9e18", "4.5e18", "0.5"]), json!(["error"])),
        (
            json!(["9e15", "1.5e15", "9e9", "0.5e1"]),
            json!([9_000_000_000_000_000u64, 1_500_000_000_000_000u64, 9_000_000_000u64, 5]),
        ),
        // 1000 times these weights is out of range; the smallest whole ratio is not.
        (json!(["9900000000000000.5", "9900000000000000.5"]), json!([1, 1])),
    ] {
        let split = split(&from);
        for version in [Version::V1Alpha2, Version::V1Alpha3, Version::V1Alpha4] {
            if to == json!(["error"]) {
                let Err(ConvertError::Lossy(error)) = split.to_value(version) else {
                    panic!("{from}")
                };
                assert_eq!(
                    error.to_string(),
                    format!("`TrafficSplit` in version `{version}` cannot express `spec.backends[2].weight`")
                );
            } else {
                assert_eq!(weights(&split, version), to, "{from}");
            }
        }
    }
    assert_eq!(
        weights(&split(&json!(["1", "500m", null])), Version::V1Alpha1),
        json!([1, "500m", null])
    );
}

#[test]
fn refuses_to_drop_matches_of_a_split() {
    // T12: without matches all traffic would be split.
    let split = object(
        "split.smi-spec.io/v1alpha2",
        "TrafficSplit",
        json!({"spec": {"service": "web", "backends": [], "matches": [{"kind": "HTTPRouteGroup", "name": "m"}]}}),
    );
    let lost = vec!["spec.matches".to_owned()];
    assert_eq!(refusals(&split), [("v1alpha1", lost.clone()), ("v1alpha2", lost)]);
}

#[test]
fn refuses_to_drop_headers_of_a_group() {
    // S10, S19, I6
    let group = |headers: Value, form| {
        let spec = json!({"spec": {"matches": [{"name": "a"}, {"name": "b", "headers": headers}]}});
        let Object::HTTPRouteGroup(group) = object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", spec) else {
            panic!()
        };
        Object::from(group.with_header_form(form))
    };
    let lost = || vec!["spec.matches[1].headers".to_owned()];
    for headers in [json!([{"x-a": "1"}]), json!([{}]), json!({"x-a": "1"})] {
        assert_eq!(
            refusals(&group(headers.clone(), HeaderForm::List)),
            [("v1alpha1", lost())]
        );
        assert_eq!(refusals(&group(headers, HeaderForm::Map)), [("v1alpha1", lost())]);
    }
    for headers in [json!([{"x-a": "1"}, {"x-a": "2"}]), json!([{"x-a": "1"}, {}])] {
        assert_eq!(refusals(&group(headers.clone(), HeaderForm::List)).len(), 1);
        let everywhere = Version::ALL.map(|version| (version.as_str(), lost()));
        assert_eq!(refusals(&group(headers, HeaderForm::Map)), everywhere);
    }
    assert_eq!(refusals(&group(json!([]), HeaderForm::Map)), []);
}

#[test]
fn writes_a_group_in_every_shape() {
    let matches = json!([{"name": "m", "pathRegex": "/a", "methods": ["GET"]}]);
    let root = object(
        "specs.smi-spec.io/v1alpha1",
        "HTTPRouteGroup",
        json!({"matches": matches}),
    );
    let below = object(
        "specs.smi-spec.io/v1alpha4",
        "HTTPRouteGroup",
        json!({"spec": {"matches": matches}}),
    );
    for version in Version::ALL {
        let value = root.to_value(version).unwrap();
        assert_eq!(value, below.to_value(version).unwrap());
        assert_eq!(value["apiVersion"], format!("specs.smi-spec.io/{version}"), "D30");
        let at = if version < Version::V1Alpha3 {
            &value
        } else {
            &value["spec"]
        };
        assert_eq!(at["matches"], matches);
    }
    let none = object("specs.smi-spec.io/v1alpha3", "HTTPRouteGroup", json!({}));
    assert_eq!(none.to_value(Version::V1Alpha4).unwrap().get("spec"), None);
    assert_eq!(none.to_value(Version::V1Alpha2).unwrap()["matches"], json!([]), "I7");
}

#[test]
fn refuses_to_drop_ports_of_a_route() {
    // S22, S23
    let route = |spec: Value| object("specs.smi-spec.io/v1alpha4", "TCPRoute", json!({"spec": spec}));
    let before = |fields: &[&str]| {
        let lost: Vec<_> = fields.iter().map(|field| format!("spec.matches.{field}")).collect();
        vec![
            ("v1alpha1", lost.clone()),
            ("v1alpha2", lost.clone()),
            ("v1alpha3", lost),
        ]
    };
    assert_eq!(
        refusals(&route(json!({"matches": {"ports": [80]}}))),
        before(&["ports"])
    );
    assert_eq!(refusals(&route(json!({"matches": {"ports": [0]}}))), before(&["ports"]));
    assert_eq!(
        refusals(&route(json!({"matches": {"name": "m", "ports": [80]}}))),
        before(&["name", "ports"])
    );
    for all in [
        json!(null),
        json!({}),
        json!({"matches": {}}),
        json!({"matches": {"ports": []}}),
    ] {
        let route = route(all.clone());
        assert_eq!(refusals(&route), [], "{all}");
        assert_eq!(route.to_value(Version::V1Alpha2).unwrap().get("spec"), None);
        assert_eq!(
            route.to_value(Version::V1Alpha3).unwrap().get("spec"),
            (!all.is_null()).then_some(&json!({}))
        );
    }
    let udp = object("specs.smi-spec.io/v1alpha4", "UDPRoute", json!({}));
    assert!(udp.to_value(Version::V1Alpha4).is_ok());
    let error = udp.to_value(Version::V1Alpha3).unwrap_err();
    assert_eq!(error.to_string(), "there is no version `v1alpha3` of `UDPRoute`");
}

#[test]
fn refuses_to_drop_restrictions_of_a_target() {
    // A10, A12, A26, D12
    let account = json!({"kind": "ServiceAccount", "name": "a"});
    let with = |field: &str, value: Value| {
        let mut subject = account.clone();
        subject[field] = value;
        subject
    };
    let target = |destination: &Value, source: &Value, rule: &str| {
        let (rules, sources) = (json!([{"kind": rule, "name": "r"}]), json!([account, source]));
        let below = json!({"spec": {"destination": destination, "rules": rules, "sources": sources}});
        let root = json!({"destination": destination, "specs": rules, "sources": sources});
        [
            object("access.smi-spec.io/v1alpha4", "TrafficTarget", below),
            object("access.smi-spec.io/v1alpha1", "TrafficTarget", root),
        ]
    };
    let check = |targets: [Object; 2], versions: &[&'static str], path: &str| {
        for (object, path) in targets
            .iter()
            .zip([format!("spec.{path}"), path.replace("rules", "specs")])
        {
            let expected: Vec<_> = versions.iter().map(|version| (*version, vec![path.clone()])).collect();
            assert_eq!(refusals(object), expected);
        }
    };
    let old = ["v1alpha1", "v1alpha2"];
    let new = ["v1alpha3", "v1alpha4"];
    let released = ["v1alpha1", "v1alpha2", "v1alpha3"];
    check(
        target(&with("port", json!(8080)), &account, "TCPRoute"),
        &new,
        "destination.port",
    );
    check(
        target(&with("port", json!("x")), &account, "TCPRoute"),
        &new,
        "destination.port",
    );
    check(
        target(&account, &with("port", json!(8080)), "TCPRoute"),
        &new,
        "sources[1].port",
    );
    check(target(&account, &account, "UDPRoute"), &old, "rules[0].kind");
    check(
        target(&account, &with("kind", json!("IdentityBinding")), "TCPRoute"),
        &released,
        "sources[1].kind",
    );
    check(
        target(&with("group", json!("example.com")), &account, "TCPRoute"),
        &released,
        "destination.group",
    );
    for target in target(&with("group", json!("access.smi-spec.io")), &account, "HTTPRouteGroup") {
        assert_eq!(refusals(&target), []);
        let group = |version| {
            target.to_value(version).unwrap()["spec"]["destination"]
                .get("group")
                .cloned()
        };
        assert_eq!(group(Version::V1Alpha4), Some(json!("access.smi-spec.io")));
        assert_eq!(group(Version::V1Alpha3), None);
    }
}

#[test]
fn writes_an_absent_spec_as_absent_or_as_empty_lists() {
    // I7, D13
    let target = object("access.smi-spec.io/v1alpha3", "TrafficTarget", json!({}));
    assert_eq!(target.to_value(Version::V1Alpha2).unwrap().get("spec"), None);
    let root = target.to_value(Version::V1Alpha1).unwrap();
    assert_eq!(
        root,
        json!({"apiVersion": "access.smi-spec.io/v1alpha1", "kind": "TrafficTarget",
        "metadata": {"name": "x"}, "sources": [], "specs": []})
    );
    let binding = object("access.smi-spec.io/v1alpha4", "IdentityBinding", json!({}));
    assert_eq!(binding.to_value(Version::V1Alpha4).unwrap().get("spec"), None);
}
