//! Reading compared with a slow reading of the same types, which tracks unknown fields and paths all the time.

mod tracked;

use super::*;
use crate::object::fields::Shape;
use crate::version::Version;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use tracked::{Tracked, Wire, wires};

/// Returns an object with all fields of a version.
fn sample(wire: &Wire) -> Value {
    let matches = json!([{"name": "m", "pathRegex": "/a", "methods": ["GET"], "headers": [{"x-a": "b"}]}]);
    let subject = json!({"group": "", "kind": "ServiceAccount", "name": "api", "namespace": "shop", "port": 80});
    let rules = json!([{"kind": "TCPRoute", "name": "db", "matches": ["m"]}]);
    let version = wire.reader().version;
    let mut object = match wire.kind {
        "TrafficSplit" => json!({"spec": {
            "service": "web",
            "backends": [{"service": "v1", "weight": 9}, {"service": "v2", "weight": {"a": [1.5]}}],
            "matches": [{"apiGroup": "specs.smi-spec.io", "kind": "HTTPRouteGroup", "name": "beta"}],
        }}),
        "HTTPRouteGroup" if version < Version::V1Alpha3 => json!({"matches": matches}),
        "HTTPRouteGroup" => json!({"spec": {"matches": matches}}),
        "TrafficTarget" if version < Version::V1Alpha2 => {
            json!({"destination": subject, "sources": [subject], "specs": rules})
        }
        "TrafficTarget" => json!({"spec": {"destination": subject, "sources": [subject], "rules": rules}}),
        "IdentityBinding" => json!({"spec": {"schemes": {
            "podLabelSelector": {"matchLabels": {"app": "web"}}, "spiffeIdentities": ["a/b"], "serviceAccount": "web",
        }}}),
        _ => json!({"spec": {"matches": {"name": "m", "ports": [80, "90"]}}}),
    };
    object["apiVersion"] = json!(wire.api_version);
    object["kind"] = json!(wire.kind);
    object["status"] = json!({"any": [{"thing": true}]});
    object["metadata"] = json!({
        "name": "x", "namespace": "shop", "labels": {"a": "b"}, "annotations": {"a": "b"}, "generation": 1,
        "creationTimestamp": "2020-01-01T00:00:00Z", "finalizers": ["a"],
        "managedFields": [{"manager": "a", "fieldsV1": {"f:spec": {}}, "time": "2020-01-01T00:00:00Z"}],
        "ownerReferences": [{"apiVersion": "v1", "kind": "a", "name": "b", "uid": "c", "controller": true}],
    });
    object
}

/// Returns the places of a value except those that select its type and its name.
fn pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    if !matches!(pointer, "" | "/apiVersion" | "/kind" | "/metadata" | "/metadata/name") {
        found.push(pointer.to_owned());
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                pointers(field, &format!("{pointer}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn replacements() -> [Value; 12] {
    [
        json!(null),
        json!(true),
        json!(-1.5),
        json!("x"),
        json!([]),
        json!([null, {"a": 1}, ["b"]]),
        json!([{"matchLabels": null, "a": 1}, null, "b"]),
        json!([null, null, "b", "c"]),
        json!({}),
        json!({"name": 5, "extra": {"extra": 1}, "a.b": null}),
        deep(100),
        deep(200),
    ]
}

/// Returns nested lists.
fn deep(depth: usize) -> Value {
    (0..depth).fold(json!(null), |value, _| json!([value]))
}

fn compare(wire: &Wire, value: &Value, json: &str) {
    let shown = |read: Tracked| match read {
        Ok((object, unknown)) => {
            let (ignored, unknown) = unknown.into_iter().partition(|path| is_harmless(wire.kind, path));
            Ok(Parsed {
                object,
                unknown,
                ignored,
            })
        }
        Err((path, message)) => Err((ParseErrorKind::Type, path, message)),
    };
    let read = |read: Result<Parsed, ParseError>| {
        read.map_err(|error| (error.kind(), error.path().clone(), error.message().to_owned()))
    };
    assert_eq!(
        read(super::read(Source::Value(value))),
        shown((wire.from_value)(value)),
        "{value}"
    );
    let head = Head::read(Source::Json(json.as_bytes()));
    if head.is_ok_and(|head| head.name(|name| &name.name).is_some()) {
        assert_eq!(
            read(super::read(Source::Json(json.as_bytes()))),
            shown((wire.from_json)(json.as_bytes())),
            "{json}"
        );
    }
}

#[test]
fn every_value_in_every_place_is_read_as_if_tracked() {
    for wire in wires() {
        let sample = sample(&wire);
        compare(&wire, &sample, &sample.to_string());
        let mut places = Vec::new();
        pointers(&sample, "", &mut places);
        for (place, replacement) in places
            .iter()
            .flat_map(|place| replacements().map(|value| (place, value)))
        {
            let mut value = sample.clone();
            if let (Value::Object(fields), Value::Object(more)) = (value.pointer_mut(place).unwrap(), &replacement) {
                fields.extend(more.clone());
            } else {
                *value.pointer_mut(place).unwrap() = replacement;
            }
            compare(&wire, &value, &value.to_string());
        }
    }
}

#[test]
fn objects_without_faults_are_read_quickly() {
    for wire in wires() {
        let value = sample(&wire);
        let json = value.to_string();
        let json = Source::Json(json.as_bytes());
        assert_eq!(quick(json), Some(thorough(json).unwrap().object));
        assert_eq!(quick(Source::Value(&value)), quick(json));
    }
}

#[test]
fn a_quick_reading_overlooks_nothing() {
    let split = sample(&wires()[0]).to_string();
    let is_quick = |json: &str| quick(Source::Json(json.as_bytes())).is_some();
    assert!(is_quick(&split));
    for (from, to) in [
        ("{", r#"{"kind":"TrafficSplit","#),
        (r#""spec":"#, r#""status":null,"spec":"#),
        (r#""name":"x""#, r#""name":"y","name":"x""#),
        (r#""name":"x""#, r#""name":"""#),
        (r#""name":"x""#, r#""nam":"x""#),
        (r#""weight":9"#, r#""weigh":9"#),
        (r#""service":"web""#, r#""service":5"#),
        ("TrafficSplit", "TrafficSplitt"),
    ] {
        let changed = split.replacen(from, to, 1);
        assert_ne!(changed, split);
        assert!(!is_quick(&changed), "{changed}");
    }
    assert!(!is_quick(&format!("{split} x")));
}

#[test]
fn a_deep_value_does_not_hide_a_later_error() {
    let split = &wires()[0];
    let mut value = sample(split);
    value["spec"]["backends"][0]["weight"] = deep(200);
    value["spec"]["matches"][0]["name"] = json!(5);
    let error = super::read(Source::Value(&value)).unwrap_err();
    assert_eq!(error.path().to_string(), "spec.matches[0].name");
    compare(split, &value, &value.to_string());
}

#[test]
fn the_known_fields_are_those_of_the_wire_types() {
    fn of_schema(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            found.insert(format!("{path}.{name}"));
            of_schema(schema, &format!("{path}.{name}"), found);
            of_schema(&schema["items"], &format!("{path}.{name}[]"), found);
            // An optional field can have several schemas.
            for schema in schema["anyOf"].as_array().into_iter().flatten() {
                of_schema(schema, &format!("{path}.{name}"), found);
            }
        }
    }
    fn of_shape(shape: Shape, path: &str, found: &mut BTreeSet<String>) {
        match shape {
            Shape::Free => {}
            Shape::List(item) => of_shape(*item, &format!("{path}[]"), found),
            Shape::Struct(fields) => {
                for (name, shape) in fields {
                    found.insert(format!("{path}.{name}"));
                    of_shape(*shape, &format!("{path}.{name}"), found);
                }
            }
        }
    }
    for wire in wires() {
        let mut read = BTreeSet::from([".apiVersion", ".kind", ".status"].map(str::to_owned));
        of_schema(&(wire.schema)(), "", &mut read);
        let mut known = BTreeSet::new();
        of_shape(wire.reader().shape, "", &mut known);
        assert_eq!(known, read, "{} {}", wire.api_version, wire.kind);
    }
}

proptest! {
    /// Several changes at once, and keys that are renamed to others, so that they are repeated or in other places.
    #[test]
    fn changed_objects_are_read_as_if_tracked(
        wire in 0..18_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..12_usize), 0..3),
        renamed in proptest::collection::vec(any::<[prop::sample::Index; 2]>(), 0..3),
    ) {
        let wire = &wires()[wire];
        let mut value = sample(wire);
        for (place, replacement) in changes {
            let mut places = Vec::new();
            pointers(&value, "", &mut places);
            let place: &String = place.get(&places);
            *value.pointer_mut(place).unwrap() = replacements()[replacement].clone();
        }
        let mut json = value.to_string();
        for [from, to] in renamed {
            let keys: Vec<(usize, &str)> = json.match_indices("\":").map(|(end, _)| {
                let start = json[..end].rfind('"').unwrap() + 1;
                (start, &json[start..end])
            }).collect();
            let ((start, key), (_, other)) = (from.get(&keys), to.get(&keys));
            let (before, after) = (&json[..*start], &json[start + key.len()..]);
            json = format!("{before}{other}{after}");
        }
        let is_same = |read: Value| ["apiVersion", "kind"].iter().all(|key| read[key] == value[key]);
        if serde_json::from_str(&json).is_ok_and(is_same) {
            compare(wire, &value, &json);
        }
    }
}
