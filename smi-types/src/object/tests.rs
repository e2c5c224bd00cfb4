use super::*;
use crate::weight::Weight;
use serde_json::json;

fn split(version: &str) -> Value {
    json!({
        "apiVersion": format!("split.smi-spec.io/{version}"),
        "kind": "TrafficSplit",
        "metadata": {"name": "canary", "namespace": "shop"},
        "spec": {
            "service": "web",
            "backends": [{"service": "v1", "weight": 9}, {"service": "v2", "weight": "500m"}],
            "matches": [{"kind": "HTTPRouteGroup", "name": "beta"}],
        },
        "status": {"anything": true},
    })
}

fn both(value: &Value) -> Result<Parsed, ParseError> {
    let from_value = Object::from_value(value);
    let from_json = Object::from_json(value.to_string().as_bytes());
    match (&from_value, &from_json) {
        (Ok(a), Ok(b)) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!((a.kind(), a.path(), a.name()), (b.kind(), b.path(), b.name())),
        _ => panic!("{from_value:?} {from_json:?}"),
    }
    from_value
}

#[test]
fn reads_splits_of_every_version_alike() {
    // S24, T6, T12
    for version in [
        Version::V1Alpha1,
        Version::V1Alpha2,
        Version::V1Alpha3,
        Version::V1Alpha4,
    ] {
        let parsed = both(&split(version.as_str())).unwrap();
        assert_eq!(parsed.unknown, []);
        let Object::TrafficSplit(split) = parsed.object else {
            panic!()
        };
        assert_eq!(split.version, version);
        let spec = split.spec.unwrap();
        assert_eq!(spec.service, "web");
        assert_eq!(spec.backends[1].weight, Weight::Exact("0.5".parse().unwrap()));
        assert_eq!(spec.matches.len(), 1);
    }
}

#[test]
fn reads_matches_only_where_the_version_has_them() {
    let matches = json!([{"name": "m", "pathRegex": "/a", "headers": {"x-a": "b"}}]);
    for (version, root) in [
        ("v1alpha1", true),
        ("v1alpha2", true),
        ("v1alpha3", false),
        ("v1alpha4", false),
    ] {
        let mut right = json!({
            "apiVersion": format!("specs.smi-spec.io/{version}"),
            "kind": "HTTPRouteGroup",
            "metadata": {"name": "beta"},
        });
        let mut wrong = right.clone();
        let below = json!({"matches": matches});
        let (right_field, right_value, wrong_field, wrong_value) = if root {
            ("matches", &matches, "spec", &below)
        } else {
            ("spec", &below, "matches", &matches)
        };
        right[right_field] = right_value.clone();
        wrong[wrong_field] = wrong_value.clone();

        let Object::HTTPRouteGroup(group) = both(&right).unwrap().object else {
            panic!()
        };
        assert_eq!(group.matches().len(), 1, "{version}");
        assert_eq!(group.matches()[0].headers.filters.len(), 1, "S10, D2");

        // D3: the other shape is unknown.
        let parsed = both(&wrong).unwrap();
        assert_eq!(parsed.unknown, [FieldPath::from(wrong_field)]);
        let Object::HTTPRouteGroup(group) = parsed.object else {
            panic!()
        };
        assert_eq!(group.matches().len(), 0);
    }
}

#[test]
fn reads_targets_of_every_version_alike() {
    // S24, A10, D9, D12
    let destination = json!({"kind": "ServiceAccount", "name": "api", "port": 8080});
    let sources = json!([{"kind": "IdentityBinding", "name": "web", "group": "access.smi-spec.io"}]);
    let rules = json!([{"kind": "HTTPRouteGroup", "name": "reading", "matches": ["books"]}]);
    let mut specs = Vec::new();
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        let mut value = json!({
            "apiVersion": format!("access.smi-spec.io/{version}"),
            "kind": "TrafficTarget",
            "metadata": {"name": "readers"},
        });
        if version == "v1alpha1" {
            value["destination"] = destination.clone();
            value["sources"] = sources.clone();
            value["specs"] = rules.clone();
        } else {
            value["spec"] = json!({"destination": destination, "sources": sources, "rules": rules});
        }
        let parsed = both(&value).unwrap();
        assert_eq!(parsed.unknown, []);
        assert_eq!(parsed.object.version().as_str(), version);
        let Object::TrafficTarget(target) = parsed.object else {
            panic!()
        };
        specs.push(target.spec.unwrap());
    }
    assert_eq!(
        specs[0].destination.as_ref().unwrap().port.as_ref().unwrap().number(),
        Some(8080)
    );
    assert_eq!(specs[0].rules[0].matches, ["books"]);
    assert!(specs.iter().all(|spec| *spec == specs[0]));
}

#[test]
fn reads_port_routes_of_every_version_alike() {
    // S22, S23, D6, D7: ports restrict a route in any version.
    for (version, kind) in [
        ("v1alpha1", "TCPRoute"),
        ("v1alpha2", "TCPRoute"),
        ("v1alpha3", "TCPRoute"),
        ("v1alpha4", "TCPRoute"),
        ("v1alpha4", "UDPRoute"),
    ] {
        let read = |spec: Value| {
            let value = json!({
                "apiVersion": format!("specs.smi-spec.io/{version}"),
                "kind": kind,
                "metadata": {"name": "db"},
                "spec": spec,
            });
            let parsed = both(&value).unwrap();
            assert_eq!(parsed.unknown, []);
            assert_eq!(
                (parsed.object.kind(), parsed.object.version().as_str()),
                (kind, version)
            );
            match parsed.object {
                Object::TCPRoute(route) => route.spec,
                Object::UDPRoute(route) => route.spec,
                _ => panic!(),
            }
        };
        let spec = read(json!({"matches": {"name": "m", "ports": [5432, "70000"]}})).unwrap();
        let ports: Vec<_> = spec
            .matches
            .as_ref()
            .unwrap()
            .ports
            .iter()
            .map(crate::port::Port::number)
            .collect();
        assert_eq!(ports, [Some(5432), None]);
        assert_eq!(read(json!(null)), None);
        assert_eq!(read(json!({})).unwrap().matches, None);
        let empty = read(json!({"matches": {}})).unwrap();
        assert_eq!(empty, read(json!({"matches": {"ports": null}})).unwrap());
        assert_eq!(serde_json::to_value(empty).unwrap(), json!({"matches": {"ports": []}}));
    }
}

#[test]
fn reads_objects_without_spec() {
    // D4, I7
    let mut value = split("v1alpha4");
    value.as_object_mut().unwrap().remove("spec");
    let Object::TrafficSplit(split) = both(&value).unwrap().object else {
        panic!()
    };
    assert_eq!(split.spec, None);
}

#[test]
fn lists_unknown_fields_with_their_paths() {
    let mut value = split("v1alpha4");
    value["spec"]["backends"][1]["wait"] = json!(1);
    value["spec"]["servce"] = json!("web");
    value["extra"] = json!({"a": 1});
    value["metadata"]["note"] = json!("x");
    let parsed = both(&value).unwrap();
    let texts = |paths: &[FieldPath]| paths.iter().map(FieldPath::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(&parsed.unknown),
        ["extra", "spec.backends[1].wait", "spec.servce"]
    );
    // I8
    assert_eq!(texts(&parsed.ignored), ["metadata.note"]);
}

#[test]
fn reads_keys_with_escapes() {
    let json = br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "m\u0065tadata": {"name": "canary", "\"\\": [1]}, "sp\u0065c": {"service": "web", "b\n": {"]": "}\""}, "x": 1}}"#;
    let parsed = Object::from_json(json).unwrap();
    let spec = FieldPath::root().field("spec");
    assert_eq!(parsed.unknown, [spec.clone().field("b\n"), spec.field("x")]);
    assert_eq!(parsed.ignored, [FieldPath::root().field("metadata").field("\"\\")]);
}

#[test]
fn lists_harmless_fields_apart() {
    // I8
    let value = json!({
        "apiVersion": "access.smi-spec.io/v1alpha1", "kind": "TrafficTarget", "metadata": {"name": "readers"},
        "specs": [{"kind": "TCPRoute", "name": "any", "status": {}}],
    });
    let parsed = both(&value).unwrap();
    assert_eq!(
        (parsed.unknown, parsed.ignored),
        (vec![], vec!["specs[0].status".into()])
    );
}

#[test]
fn errors_name_the_right_api_versions() {
    for (api_version, kind, message) in [
        (
            Some("split.smi-specs.io/v1alpha2"),
            "TrafficSplit",
            "apiVersion: `split.smi-specs.io/v1alpha2` is not an API of `TrafficSplit`; write \
             `split.smi-spec.io/v1alpha4`, `split.smi-spec.io/v1alpha3`, `split.smi-spec.io/v1alpha2` or \
             `split.smi-spec.io/v1alpha1`",
        ),
        (
            None,
            "UDPRoute",
            "apiVersion: `apiVersion` is missing; write `specs.smi-spec.io/v1alpha4`",
        ),
        (
            Some("specs.smi-spec.io/v1beta1"),
            "UDPRoute",
            "apiVersion: there is no version `v1beta1` of `UDPRoute`; write `specs.smi-spec.io/v1alpha4`",
        ),
        (
            Some("specs.smi-spec.io/v1alpha4"),
            "HttpRouteGroup",
            "kind: there is no kind `HttpRouteGroup`; did you mean `HTTPRouteGroup`?",
        ),
        (
            Some("split.smi-spec.io/v1alpha4"),
            "Splitting",
            "kind: there is no kind `Splitting` in `split.smi-spec.io/v1alpha4`, only `TrafficSplit`",
        ),
        (
            Some("spilt.smi-spec.io/v1alpha4"),
            "Splitting",
            "kind: `spilt.smi-spec.io` is not an SMI API group; there are `split.smi-spec.io`, `specs.smi-spec.io`, \
             `access.smi-spec.io`",
        ),
    ] {
        let mut value = json!({"kind": kind, "metadata": {"name": "x"}});
        if let Some(api_version) = api_version {
            value["apiVersion"] = json!(api_version);
        }
        let error = both(&value).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.object_kind(), error.name()), (Some(kind), Some("x")));
    }
}

#[test]
fn errors_name_what_can_be_read() {
    let broken = |metadata: Value| {
        let value = json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget", "metadata": metadata});
        both(&value).unwrap_err()
    };
    let error = broken(json!({"name": 7, "namespace": "bank"}));
    assert_eq!(
        (error.object_kind(), error.namespace()),
        (Some("TrafficTarget"), Some("bank"))
    );
    assert_eq!(error.to_string(), "metadata.name: `7` is not a string; quote it");
    assert_eq!(broken(json!("pay")).object_kind(), Some("TrafficTarget"));

    let misplaced = json!({
        "apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget", "metadata": null, "name": "t",
    });
    assert_eq!(
        both(&misplaced).unwrap_err().to_string(),
        "metadata.name: there is no name; `name` at the top of the object belongs below `metadata`"
    );
}

#[test]
fn reports_the_object_and_the_field_of_a_wrong_type() {
    for (pointer, wrong, path) in [
        ("/spec", json!([]), "spec"),
        ("/spec/service", json!(5), "spec.service"),
        ("/spec/backends", json!({}), "spec.backends"),
        ("/spec/backends/1", json!("v2"), "spec.backends[1]"),
        ("/spec/backends/1/service", json!(["v2"]), "spec.backends[1].service"),
        ("/spec/matches/0/name", json!(1), "spec.matches[0].name"),
        ("/metadata/name", json!(1), "metadata.name"),
    ] {
        let mut value = split("v1alpha4");
        *value.pointer_mut(pointer).unwrap() = wrong;
        let error = both(&value).unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::Type, "{pointer}");
        assert_eq!(error.path().to_string(), path);
        assert_eq!(error.object_kind(), Some("TrafficSplit"));
        assert_eq!(error.namespace(), Some("shop"));
        assert!(error.to_string().starts_with(path), "{error}");
    }
}

#[test]
fn distinguishes_unsupported_types() {
    use ParseErrorKind::{NotSmi, UnknownKind, UnknownVersion, Unsupported};
    for (api_version, kind, expected) in [
        ("split.smi-spec.io/v1alpha5", "TrafficSplit", UnknownVersion),
        ("split.smi-spec.io/v1", "TrafficSplit", UnknownVersion),
        ("split.smi-spec.io", "TrafficSplit", UnknownKind),
        ("v1alpha2", "TrafficSplit", UnknownKind),
        ("split.smi-specs.io/v1alpha2", "TrafficSplit", UnknownKind),
        ("specs.smi-specs.io/v1alpha4", "TCPRoute", UnknownKind),
        ("gateway.networking.k8s.io/v1alpha2", "TCPRoute", NotSmi),
        ("split.smi-spec.io/v1alpha4", "TrafficSplitt", UnknownKind),
        ("split.smi-spec.io/v1alpha4", "HTTPRouteGroup", UnknownKind),
        ("spec.smi-spec.io/v1alpha1", "HTTPRouteGroup", UnknownKind), // the group of early CRDs
        ("specs.smi-spec.io/v1alpha3", "UDPRoute", UnknownVersion),   // D32
        ("access.smi-spec.io/v1alpha3", "IdentityBinding", UnknownVersion),
        ("access.smi-spec.io/v1alpha4", "TCPRoute", UnknownKind),
        ("metrics.smi-spec.io/v1alpha1", "TrafficMetrics", Unsupported),
        ("apps/v1", "Deployment", NotSmi),
        ("v1", "Service", NotSmi),
        ("evilsmi-spec.io/v1", "TrafficMetrics", NotSmi),
    ] {
        let value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
        assert_eq!(both(&value).unwrap_err().kind(), expected, "{api_version} {kind}");
    }
}

#[test]
fn rejects_input_that_is_not_an_smi_object() {
    for value in [json!(null), json!(1), json!("x"), json!([]), json!([{}])] {
        assert_eq!(both(&value).unwrap_err().kind(), ParseErrorKind::Type, "{value}");
    }
    assert_eq!(both(&json!({})).unwrap_err().kind(), ParseErrorKind::NotSmi);
    let value = json!({"apiVersion": ["x"], "kind": {}});
    assert_eq!(both(&value).unwrap_err().kind(), ParseErrorKind::NotSmi);
    let value = json!({"apiVersion": "v1", "kind": "x", "metadata": "name"});
    assert_eq!(both(&value).unwrap_err().path().to_string(), "metadata");
    for json in ["", "{", "{\"apiVersion\": \"x\",}", "\u{0}"] {
        assert_eq!(
            Object::from_json(json.as_bytes()).unwrap_err().kind(),
            ParseErrorKind::Syntax,
            "{json}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(Object::from_json(deep.as_bytes()).is_err());
}

#[test]
fn rejects_objects_without_a_name() {
    let mut value = split("v1alpha4");
    value["metadata"] = json!({"generateName": "x-"});
    let error = both(&value).unwrap_err();
    assert_eq!(error.path().to_string(), "metadata.name");
}
