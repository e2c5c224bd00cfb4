use super::*;
use serde_json::json;
use smi_adapter::object::Kind;

fn object(namespace: &str, spec: Value) -> NativeObject {
    let name = "web.d.svc.cluster.local";
    NativeObject {
        kind: Kind::new(&["linkerd.io", "v1alpha2", "ServiceProfile", "serviceprofiles"]),
        metadata: serde_json::from_value(json!({"namespace": namespace, "name": name})).unwrap(),
        spec: spec.into(),
    }
}

fn of(objects: &[NativeObject], client: Option<&str>) -> Result<Profile, NotModelledError> {
    let world = MeshWorld {
        cluster_domain: "cluster.local".into(),
        ..MeshWorld::default()
    };
    profile(objects, &world, &ObjectKey::new("d", "web"), 80, client)
}

fn overrides(weights: &[Value]) -> NativeObject {
    let overrides: Vec<_> = weights
        .iter()
        .map(|weight| json!({"authority": "v1.d.svc.cluster.local", "weight": weight}))
        .collect();
    object("d", json!({ "dstOverrides": overrides }))
}

fn weights(weights: &[Value]) -> Vec<u32> {
    let profile = of(&[overrides(weights)], Some("c")).unwrap();
    profile.endpoints.into_iter().map(|(_, weight)| weight).collect()
}

#[test]
fn converts_weights_to_ten_thousandths_in_32_bits() {
    let few = [json!("1"), json!(2), json!("500m"), json!("0"), json!("100u")];
    assert_eq!(weights(&few), [10_000, 20_000, 5_000, 10]);
    assert_eq!(weights(&[json!("429497"), json!("-1")]), [2_704, 4_294_957_296]);
    for weight in [json!("x"), json!(true), json!("9e15"), json!("-1u")] {
        assert!(
            of(&[overrides(std::slice::from_ref(&weight))], Some("c")).is_err(),
            "{weight}"
        );
    }
}

#[test]
fn resolves_authorities_to_services() {
    let target = |authority: &str| {
        let spec = json!({"dstOverrides": [{"authority": authority, "weight": 1}]});
        let profile = of(&[object("d", spec)], Some("c"));
        profile.map(|profile| profile.endpoints[0].0.to_string()).ok()
    };
    assert_eq!(target("v1.e.svc.cluster.local"), Some("v1.e:80".into()));
    assert_eq!(target("v1.e.svc.cluster.local:81"), Some("v1.e:81".into()));
    assert_eq!(target("v1.e"), Some("v1.e:80".into()));
    for unusual in [
        "v1",
        "v1.e.svc",
        "v1.e.svc.other",
        "a.v1.e.svc.cluster.local",
        "v1.e:0",
        "v1.e:x",
        "v1.e.",
        "",
    ] {
        assert_eq!(target(unusual), None, "{unusual}");
    }
}

#[test]
fn prefers_the_profile_in_the_namespace_of_the_client() {
    let route = json!({"routes": [{"name": "r", "condition": {"all": [{"method": "GET"}, {"pathRegex": "/"}]}}]});
    let objects = [object("d", route), object("c", json!({}))];
    assert!(!of(&objects, Some("c")).unwrap().has_routes);
    assert!(of(&objects, Some("d")).unwrap().has_routes);
    assert!(of(&objects, Some("e")).unwrap().has_routes);
    assert!(of(&objects, None).is_err());
    assert!(of(&objects[..1], None).unwrap().has_routes);
}

#[test]
fn does_not_model_unusual_profiles() {
    for spec in [
        json!({"opaquePorts": ["80"]}),
        json!({"routes": [{"name": "r"}]}),
        json!({"routes": [{"name": "r", "condition": {}}]}),
        json!({"routes": [{"name": "r", "condition": {"pathRegex": "("}}]}),
        json!({"routes": [{"name": "r", "condition": {"not": {"any": [{"pathRegex": "("}]}}}]}),
        json!({"routes": 1}),
        json!({"dstOverrides": [{"weight": 1}]}),
        json!({"other": 1}),
    ] {
        assert!(of(&[object("d", spec.clone())], Some("c")).is_err(), "{spec}");
    }
    let mut older = object("d", json!({}));
    older.kind = Kind::new(&["linkerd.io", "v1alpha1", "ServiceProfile", "serviceprofiles"]);
    assert!(of(&[older], Some("c")).is_err());
}
