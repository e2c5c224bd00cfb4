use super::*;
use crate::manifest::Stage;
use serde_json::json;

fn object(kind: &Kind, namespace: &str, spec: Value) -> NativeObject {
    NativeObject {
        kind: kind.clone(),
        metadata: serde_json::from_value(json!({"name": "x", "namespace": namespace})).unwrap(),
        spec: spec.into(),
    }
}

/// Returns the manifest of a route for the root `shop/web`.
fn manifest(splits: &[&str]) -> Manifest {
    let split = |name: &&str| ObjectRef::split(ObjectKey::new("shop", *name));
    let mut sources: BTreeSet<ObjectRef> = splits.iter().map(split).collect();
    sources.insert(ObjectRef::group(ObjectKey::new("shop", "group")));
    Manifest {
        object: object(&Kind::new(&["x.dev", "v1", "Route", "routes"]), "shop", json!({})),
        policy: PolicyKey::Route(ObjectKey::new("shop", "web")),
        stage: Stage::Route,
        sources,
    }
}

fn backends_of(kind: &Kind, spec: Value) -> Vec<String> {
    let backends = backends(&object(kind, "shop", spec));
    backends.iter().map(ObjectKey::to_string).collect()
}

#[test]
fn finds_the_backends_of_an_ingress() {
    let [ingress, ..] = kinds();
    let to = |name: &str| json!({"service": {"name": name, "port": {"number": 80}}});
    let spec = json!({
        "defaultBackend": to("a"),
        "rules": [
            {"host": "x", "http": {"paths": [{"path": "/", "backend": to("b")}, {"backend": to("c")}]}},
            {"host": "y"},
            {"http": {"paths": [{"backend": {"resource": {"kind": "Bucket", "name": "d"}}}]}},
        ],
    });
    assert_eq!(backends_of(&ingress, spec), ["shop/a", "shop/b", "shop/c"]);
}

#[test]
fn finds_the_backends_of_routes_of_gateways() {
    let rules = json!([
        {"backendRefs": [{"name": "a"}, {"kind": "Service", "group": "", "name": "b", "namespace": "other"}]},
        {"backendRefs": [{"kind": "ServiceImport", "group": "multicluster.x-k8s.io", "name": "c"}]},
    ]);
    for route in &kinds()[1..] {
        let attached = |parent: Value| backends_of(route, json!({"parentRefs": [parent], "rules": rules}));
        for gateway in [
            json!({"name": "g"}),
            json!({"name": "g", "kind": "Gateway", "group": GATEWAY_API}),
        ] {
            assert_eq!(attached(gateway), ["other/b", "shop/a"], "{route}");
        }
        for other in [
            json!({"name": "a", "kind": "Service", "group": ""}),
            json!({"name": "g", "kind": "Gateway", "group": "networking.istio.io"}),
        ] {
            assert!(attached(other).is_empty(), "{route}");
        }
    }
    let linkerd = Kind::new(&["policy.linkerd.io", "v1beta3", "HTTPRoute", "httproutes"]);
    assert!(backends_of(&linkerd, json!({"parentRefs": [{"name": "g"}], "rules": rules})).is_empty());
}

#[test]
fn ignores_parts_of_a_wrong_shape() {
    let no_names = [
        json!(null),
        json!(1),
        json!([]),
        json!([1, "x", null, [{}]]),
        json!({}),
        json!([{}]),
    ];
    for kind in kinds() {
        let nothing = |spec: Value| assert_eq!(backends_of(&kind, spec.clone()), [""; 0], "{kind} {spec}");
        for part in no_names.iter().chain([&json!("x")]) {
            nothing(part.clone());
            nothing(json!({"defaultBackend": part, "parentRefs": part, "rules": part}));
            nothing(json!({"defaultBackend": {"service": part}, "parentRefs": [{}], "rules": [{"http": part}]}));
            nothing(json!({"parentRefs": [{}], "rules": [{"http": {"paths": part}, "backendRefs": part}]}));
            nothing(json!({"parentRefs": [part], "rules": [{"backendRefs": [{"name": "x", "kind": "Pod"}]}]}));
            nothing(json!({"parentRefs": [{"kind": 1}], "rules": [{"backendRefs": [{"name": "x"}]}]}));
        }
        for name in &no_names {
            let http = json!({"paths": [{"backend": {"service": {"name": name}}}]});
            nothing(json!({"parentRefs": [{}], "rules": [{"http": http, "backendRefs": [{"name": name}]}]}));
        }
    }
}

#[test]
fn reports_each_split_once_for_each_object() {
    let [ingress, http, ..] = kinds();
    let other_version = Kind::new(&[GATEWAY_API, "v1beta1", "HTTPRoute", "httproutes"]);
    let route = json!({"parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "web"}, {"name": "v2"}]}]});
    let foreign = [
        object(
            &ingress,
            "shop",
            json!({"defaultBackend": {"service": {"name": "web"}}}),
        ),
        object(
            &ingress,
            "other",
            json!({"defaultBackend": {"service": {"name": "web"}}}),
        ),
        object(&http, "shop", route.clone()),
        object(&other_version, "shop", route),
    ];
    // One route for each port of the root.
    let desired = [manifest(&["s1", "s2"]), manifest(&["s2"])];
    let desired: Vec<&Manifest> = desired.iter().collect();
    let reported = review(&desired, &foreign, "do this");
    let about: Vec<String> = reported
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.object.key.name, diagnostic.other.as_ref().unwrap()))
        .collect();
    assert_eq!(
        about,
        [
            "s1 Ingress shop/x",
            "s2 Ingress shop/x",
            "s1 HTTPRoute shop/x",
            "s2 HTTPRoute shop/x"
        ]
    );
    assert_eq!(
        reported[0].to_string(),
        "info[BypassedByIngress] TrafficSplit shop/s1 spec.service: what enters the cluster through `Ingress shop/x` goes to the root service `web` and is not split; do this"
    );
    assert!(!reported[0].disables_split_on(80));
}
