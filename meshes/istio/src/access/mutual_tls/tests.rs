#![expect(clippy::needless_pass_by_value, reason = "helpers take JSON literals")]

use super::super::tests::{key, object, world};
use super::*;
use serde_json::{Value, json};

fn of(mode: &str) -> Value {
    json!({"mtls": {"mode": mode}})
}

fn of_pod(mode: &str, ports: Value) -> Value {
    json!({"selector": {"matchLabels": {"app": "api"}}, "mtls": {"mode": mode}, "portLevelMtls": ports})
}

fn mode_of(objects: &[(&str, Value)], port: u16) -> Result<Mode, NotModelledError> {
    let world = world();
    let objects: Vec<_> = objects
        .iter()
        .enumerate()
        .map(|(index, (namespace, spec))| {
            let mut object = object("PeerAuthentication", namespace, spec.clone());
            // Later objects are older.
            let time = json!(format!("20{:02}-01-01T00:00:00Z", 90 - index));
            object.metadata.creation_timestamp = serde_json::from_value(time).unwrap();
            object
        })
        .collect();
    mode(&objects, "istio-system", &Workload::find(&world, &key()).unwrap(), port)
}

#[test]
fn the_narrowest_scope_takes_precedence() {
    let root = ("istio-system", of("STRICT"));
    let namespace = ("d", of("DISABLE"));
    let pod = (
        "d",
        of_pod("PERMISSIVE", json!({"8080": {"mode": "STRICT"}, "9000": {}})),
    );
    assert_eq!(mode_of(&[], 8080), Ok(Mode::Permissive));
    assert_eq!(mode_of(std::slice::from_ref(&root), 8080), Ok(Mode::Strict));
    assert_eq!(mode_of(&[root.clone(), namespace.clone()], 8080), Ok(Mode::Disable));
    let all = [root, namespace, pod];
    assert_eq!(mode_of(&all, 8080), Ok(Mode::Strict));
    assert_eq!(mode_of(&all, 9000), Ok(Mode::Permissive));
    assert_eq!(mode_of(&all, 7000), Ok(Mode::Permissive));
}

#[test]
fn unset_inherits_from_the_wider_scope() {
    let root = ("istio-system", of("STRICT"));
    for unset in [json!({}), of("UNSET"), json!({"mtls": {}})] {
        assert_eq!(
            mode_of(&[root.clone(), ("d", unset.clone())], 8080),
            Ok(Mode::Strict),
            "{unset}"
        );
        assert_eq!(
            mode_of(&[("istio-system", unset.clone())], 8080),
            Ok(Mode::Permissive),
            "{unset}"
        );
    }
    let pod = ("d", of_pod("UNSET", json!({"8080": {"mode": "UNSET"}})));
    assert_eq!(mode_of(&[root, pod], 8080), Ok(Mode::Strict));
}

#[test]
fn the_oldest_object_of_a_scope_applies() {
    let two = [("d", of("STRICT")), ("d", of("DISABLE"))];
    assert_eq!(mode_of(&two, 8080), Ok(Mode::Disable));
    // Even if it sets no mode.
    assert_eq!(
        mode_of(&[("d", of("STRICT")), ("d", of("UNSET"))], 8080),
        Ok(Mode::Permissive)
    );
}

#[test]
fn ignores_objects_that_do_not_select_the_pod() {
    let other = json!({"selector": {"matchLabels": {"app": "db"}}, "mtls": {"mode": "STRICT"}});
    for (namespace, spec) in [
        ("e", of("STRICT")),
        ("d", other),
        // Selectors have no effect in the root namespace.
        ("istio-system", of_pod("STRICT", json!({}))),
    ] {
        assert_eq!(
            mode_of(&[(namespace, spec.clone())], 8080),
            Ok(Mode::Permissive),
            "{namespace} {spec}"
        );
    }
}

#[test]
fn rejects_objects_that_are_not_understood() {
    for spec in [
        json!({"portLevelMtls": {"8080": {"mode": "STRICT"}}}),
        of_pod("STRICT", json!({"6000": {"mode": "DISABLE"}})),
        of("strict"),
        json!({"ports": []}),
    ] {
        assert!(mode_of(&[("d", spec.clone())], 6000).is_err(), "{spec}");
    }
}
