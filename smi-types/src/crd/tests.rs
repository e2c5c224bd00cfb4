use super::*;
use serde_json::Value;
use std::collections::BTreeMap;

fn versions(kind: Kind) -> BTreeMap<String, Value> {
    let versions = Crd::new(kind).build().spec.versions.into_iter();
    versions
        .map(|version| {
            (
                version.name,
                serde_json::to_value(version.schema.unwrap().open_api_v3_schema).unwrap(),
            )
        })
        .collect()
}

/// Calls `check` for a schema and all of its subschemas.
fn walk(schema: &Value, path: &str, check: &mut dyn FnMut(&str, &Value)) {
    check(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), check);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(keyword) {
            walk(below, &format!("{path}.{keyword}"), check);
        }
    }
}

/// Asserts the requirements that an API server has for a structural schema, including those that only cause warnings.
fn structural(path: &str, schema: &Value) {
    let is = |keyword: &str| schema[keyword] == true;
    match schema["type"].as_str() {
        Some("object") => assert!(
            schema["properties"].is_null() || schema["additionalProperties"].is_null(),
            "{path}"
        ),
        Some("array") => assert!(schema["items"].is_object(), "{path}"),
        Some("string" | "integer") => {}
        Some(other) => panic!("{path}: {other}"),
        None => assert!(
            is("x-kubernetes-int-or-string") || is("x-kubernetes-preserve-unknown-fields"),
            "{path}"
        ),
    }
    for (keyword, value) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "type"
            | "properties"
            | "items"
            | "additionalProperties"
            | "minimum"
            | "maximum"
            | "pattern"
            | "minLength"
            | "maxLength"
            | "minItems"
            | "minProperties"
            | "x-kubernetes-int-or-string"
            | "x-kubernetes-preserve-unknown-fields"
            | "x-kubernetes-validations"
            | "x-kubernetes-list-type"
            | "x-kubernetes-list-map-keys" => {}
            "enum" => assert!(!value.as_array().unwrap().is_empty(), "{path}"),
            "format" => assert!(value == "date-time" || value == "int64", "{path}: {value}"),
            "description" => assert!(!value.as_str().unwrap().contains(['\n', '[', ']']), "{path}: {value}"),
            "required" => {
                for name in value.as_array().unwrap() {
                    assert!(
                        schema["properties"].get(name.as_str().unwrap()).is_some(),
                        "{path}: {name}"
                    );
                }
            }
            _ => panic!("{path}: {keyword}"),
        }
    }
}

#[test]
fn all_schemas_are_structural_and_described() {
    for kind in Kind::ALL {
        for (version, schema) in versions(kind) {
            let root = format!("{kind} {version}");
            assert_eq!(schema["type"], "object", "{root}");
            assert_eq!(
                schema["properties"]["metadata"],
                serde_json::json!({"type": "object"}),
                "{root}"
            );
            walk(&schema, &root, &mut structural);
            walk(&schema, &root, &mut |path, schema| {
                let last = path.rsplit('.').next().unwrap();
                let needs_none = ["items", "additionalProperties", "metadata"].contains(&last);
                assert!(needs_none || schema["description"].is_string(), "{path}");
            });
        }
    }
}

#[test]
fn versions_that_are_served_together_share_one_schema() {
    // If the schemas differed, an object of one version would be cut or rejected in another.
    for kind in Kind::ALL {
        let served: Vec<Value> = Crd::new(kind)
            .build()
            .spec
            .versions
            .into_iter()
            .filter(|version| version.served)
            .map(|version| serde_json::to_value(version.schema).unwrap())
            .map(without_descriptions)
            .collect();
        assert!(served.iter().all(|schema| *schema == served[0]), "{kind}");
    }
}

fn without_descriptions(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, value| !(name == "description" && value.is_string()));
            fields
                .values_mut()
                .for_each(|field| *field = without_descriptions(field.take()));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = without_descriptions(item.take())),
        _ => {}
    }
    value
}

/// Returns the served versions and the storage version.
fn served(crd: &Crd) -> (Vec<String>, Vec<String>) {
    let versions = crd.build().spec.versions;
    let names = |which: fn(&CustomResourceDefinitionVersion) -> bool| {
        versions
            .iter()
            .filter(|version| which(version))
            .map(|version| version.name.clone())
            .collect()
    };
    (names(|version| version.served), names(|version| version.storage))
}

#[test]
fn serves_the_versions_of_one_shape_by_default() {
    for (kind, listed, served_by_default, stored) in [
        (Kind::TrafficSplit, 4, 4, "v1alpha4"),
        (Kind::HTTPRouteGroup, 4, 2, "v1alpha4"),
        (Kind::TCPRoute, 4, 4, "v1alpha4"),
        (Kind::UDPRoute, 1, 1, "v1alpha4"),
        (Kind::TrafficTarget, 4, 3, "v1alpha3"),
        (Kind::IdentityBinding, 1, 1, "v1alpha4"),
    ] {
        let crd = Crd::new(kind);
        assert_eq!(crd.build().spec.versions.len(), listed, "{kind}");
        let (served, storage) = served(&crd);
        assert_eq!(served.len(), served_by_default, "{kind}");
        assert_eq!(storage, [stored], "{kind}");
        assert!(served.contains(&storage[0]), "{kind}");
    }
}

#[test]
fn serves_any_versions_of_one_shape() {
    let crd = Crd::new(Kind::HTTPRouteGroup);
    let old = crd.clone().serve(Version::V1Alpha1, [Version::V1Alpha2]).unwrap();
    assert_eq!(
        served(&old),
        (vec!["v1alpha2".into(), "v1alpha1".into()], vec!["v1alpha1".into()])
    );
    let one = crd.serve(Version::V1Alpha3, []).unwrap();
    assert_eq!(served(&one), (vec!["v1alpha3".into()], vec!["v1alpha3".into()]));
}

#[test]
fn refuses_versions_that_would_lose_data() {
    let refused = |kind, storage, other| Crd::new(kind).serve(storage, [other]).unwrap_err();
    let (v1, v2, v3, v4) = (
        Version::V1Alpha1,
        Version::V1Alpha2,
        Version::V1Alpha3,
        Version::V1Alpha4,
    );
    for (kind, storage, version) in [
        (Kind::HTTPRouteGroup, v4, v2),
        (Kind::HTTPRouteGroup, v1, v3),
        (Kind::TrafficTarget, v3, v1),
        (Kind::TrafficTarget, v1, v2),
    ] {
        let expected = NotServableError::TwoShapes { kind, storage, version };
        assert_eq!(refused(kind, storage, version), expected);
    }
    let kind = Kind::UDPRoute;
    assert_eq!(refused(kind, v4, v3), NotServableError::NoVersion { kind, version: v3 });
    assert_eq!(refused(kind, v1, v4), NotServableError::NoVersion { kind, version: v1 });
    assert_eq!(
        refused(kind, v1, v4).to_string(),
        "`UDPRoute` has no version `v1alpha1`"
    );
}

#[test]
fn a_status_is_optional() {
    for (status, expected) in [(false, false), (true, true)] {
        for version in Crd::new(Kind::TrafficSplit).status(status).build().spec.versions {
            assert_eq!(version.subresources.is_some(), expected);
            let properties = version.schema.unwrap().open_api_v3_schema.unwrap().properties.unwrap();
            assert_eq!(properties.contains_key("status"), expected);
        }
    }
}
