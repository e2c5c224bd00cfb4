use super::*;
use crate::fields::ReadError;
use serde_json::json;
use smi_adapter::object::Kind;

fn object(spec: Value) -> NativeObject {
    NativeObject {
        kind: Kind::new(&["policy.linkerd.io", "v1beta3", "HTTPRoute", "httproutes"]),
        metadata: serde_json::from_value(json!({"namespace": "d", "name": "r"})).unwrap(),
        spec: spec.into(),
    }
}

fn read(api: Api, rank: Rank, rules: &Value) -> Read<Route> {
    Route::read(&object(json!({"rules": rules})), (api, rank, Version::Known))
}

#[track_caller]
fn assert_rejected(api: Api, rank: Rank, rules: &Value) {
    let read = read(api, rank, rules);
    assert!(matches!(read, Err(ReadError::Rejected(_))), "{rules}: {read:?}");
}

#[track_caller]
fn assert_unmodelled(api: Api, rank: Rank, rules: &Value) {
    let read = read(api, rank, rules);
    assert!(matches!(read, Err(ReadError::Unmodelled(_))), "{rules}: {read:?}");
}

#[test]
fn rejects_objects_beyond_the_limits_of_the_crds() {
    let many = |count: usize, value: Value| vec![value; count];
    let backend = json!({"name": "a", "port": 80});
    for (api, most) in [(Api::Linkerd, 8), (Api::Gateway, 64)] {
        let ok = json!([{"matches": many(most, json!({})), "backendRefs": many(16, backend.clone())}]);
        assert!(read(api, Rank::Http, &ok).is_ok());
        assert_rejected(api, Rank::Http, &json!([{"matches": many(most + 1, json!({}))}]));
        assert_rejected(api, Rank::Http, &json!([{"backendRefs": many(17, backend.clone())}]));
        assert_rejected(api, Rank::Http, &json!(many(17, json!({}))));
    }
    assert_rejected(
        Api::Gateway,
        Rank::Http,
        &json!(many(3, json!({"matches": many(43, json!({}))}))),
    );
}

#[test]
fn checks_weights_and_ports_of_backends() {
    let rules = |backend: Value| json!([{"backendRefs": [backend]}]);
    for weight in [json!(-1), json!(1_000_001), json!(4_294_967_295u32), json!("1")] {
        let backend = json!({"name": "a", "port": 80, "weight": weight});
        assert_rejected(Api::Linkerd, Rank::Http, &rules(backend));
    }
    assert_unmodelled(Api::Linkerd, Rank::Http, &rules(json!({"name": "a", "weight": 0.5})));
    assert_rejected(Api::Linkerd, Rank::Http, &rules(json!({"name": "a", "port": 0})));
    assert_rejected(Api::Linkerd, Rank::Http, &rules(json!({"name": "a", "namespace": "A"})));
    assert_rejected(Api::Gateway, Rank::Http, &rules(json!({"name": "a"})));
    let pod = json!({"name": "a", "kind": "Pod", "port": 80, "weight": 0});
    let route = read(Api::Linkerd, Rank::Http, &rules(pod)).unwrap();
    let backend = &route.rules[0].backends[0];
    assert_eq!((backend.port, backend.weight), (None, 0));
    let egress = json!({"group": "policy.linkerd.io", "kind": "EgressNetwork", "name": "a", "port": 80});
    assert_unmodelled(Api::Linkerd, Rank::Http, &rules(egress));
}

#[test]
fn tcp_routes_need_exactly_one_rule_with_backends() {
    let one = json!({"backendRefs": [{"name": "a", "port": 80}]});
    assert!(read(Api::Gateway, Rank::Tcp, &json!([one])).is_ok());
    assert_rejected(Api::Gateway, Rank::Tcp, &json!([one, one]));
    assert_rejected(Api::Gateway, Rank::Tcp, &json!([]));
    assert_rejected(Api::Gateway, Rank::Tcp, &json!([{}]));
}

#[test]
fn models_only_header_modifiers_and_redirects() {
    let filtered = |filter: Value| json!([{"filters": [filter]}]);
    let modifier = json!({"set": [{"name": "x", "value": "1"}], "remove": ["y"]});
    let ok = json!({"type": "RequestHeaderModifier", "requestHeaderModifier": modifier});
    assert!(read(Api::Linkerd, Rank::Http, &filtered(ok)).is_ok());
    let bad = json!({"add": [{"name": "x y", "value": "1"}]});
    let bad = json!({"type": "RequestHeaderModifier", "requestHeaderModifier": bad});
    assert_rejected(Api::Linkerd, Rank::Http, &filtered(bad));
    for filter in [
        json!({"type": "RequestRedirect", "requestRedirect": {}}),
        json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "x", "statusCode": 307}}),
        json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "x", "port": 80}}),
        json!({"type": "URLRewrite"}),
        json!({"type": "RequestHeaderModifier"}),
    ] {
        assert_unmodelled(Api::Gateway, Rank::Http, &filtered(filter));
    }
}

#[test]
fn accepts_valid_timeouts() {
    let timeout = |text: &str| json!([{"timeouts": {"request": text}}]);
    for text in ["10s", "500ms", "0h"] {
        assert!(read(Api::Linkerd, Rank::Http, &timeout(text)).is_ok(), "{text}");
    }
    for text in ["", "s", "1d", "123456s"] {
        assert_unmodelled(Api::Linkerd, Rank::Http, &timeout(text));
    }
}

#[test]
fn parents_are_services_with_explicit_group_and_kind() {
    let parents = |api, parent: Value| Parent::of(&object(json!({"parentRefs": [parent]})), api);
    let web = |port| Parent {
        service: ObjectKey::new("d", "web"),
        port,
    };
    for group in ["", "core"] {
        let parent = json!({"group": group, "kind": "Service", "name": "web", "sectionName": "x"});
        assert_eq!(parents(Api::Linkerd, parent), Ok(vec![web(None)]));
    }
    for parent in [
        json!({"kind": "Service", "name": "web"}),
        json!({"group": "core", "name": "web"}),
        json!({"group": "policy.linkerd.io", "kind": "Server", "name": "web"}),
    ] {
        assert_eq!(parents(Api::Linkerd, parent), Ok(Vec::new()));
    }
    let one = |port| json!({"group": "core", "kind": "Service", "name": "web", "port": port});
    let two = object(json!({"parentRefs": [one(80), one(81)]}));
    assert_eq!(Parent::of(&two, Api::Linkerd), Ok(vec![web(Some(80)), web(Some(81))]));
    assert!(matches!(Parent::of(&two, Api::Gateway), Err(ReadError::Unmodelled(_))));
    assert_eq!(Parent::of(&object(json!({})), Api::Linkerd), Ok(Vec::new()));
}

#[test]
fn distinguishes_kinds_by_group_and_version() {
    let kind = |group, version, kind| {
        let mut object = object(json!({}));
        object.kind = Kind::named(group, version, kind, "routes");
        kind_of(&object)
    };
    for version in ["v1alpha1", "v1beta1", "v1beta2", "v1beta3"] {
        let http = Some((Api::Linkerd, Rank::Http, Version::Known));
        assert_eq!(kind("policy.linkerd.io", version, "HTTPRoute"), http);
    }
    let gateway = "gateway.networking.k8s.io";
    for (version, known) in [
        ("v1", Version::Known),
        ("v1beta1", Version::Known),
        ("v1alpha2", Version::Other),
    ] {
        assert_eq!(
            kind(gateway, version, "HTTPRoute"),
            Some((Api::Gateway, Rank::Http, known))
        );
    }
    assert_eq!(kind(gateway, "v1", "TCPRoute"), None);
    assert_eq!(
        kind(gateway, "v1", "TLSRoute"),
        Some((Api::Gateway, Rank::Tls, Version::Other))
    );
    assert_eq!(kind("example.com", "v1", "HTTPRoute"), None);
    assert_eq!(kind(gateway, "v1", "Gateway"), None);
}

#[test]
fn does_not_model_other_parts_that_can_decide() {
    let mut annotated = object(json!({}));
    annotated.metadata.annotations = serde_json::from_value(json!({"retry.linkerd.io/http": "x"})).unwrap();
    for object in [
        annotated,
        object(json!({"hostnames": ["1.2.3.4:80"]})),
        object(json!({"useDefaultGateways": "All"})),
        object(json!({"rules": [{"sessionPersistence": {}}]})),
    ] {
        let read = Route::read(&object, (Api::Linkerd, Rank::Http, Version::Known));
        assert!(matches!(read, Err(ReadError::Unmodelled(_))), "{read:?}");
    }
}

#[test]
fn some_parts_are_modelled_only_for_proxies_of_servers() {
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"hostname": "x"}});
    let rules = json!([{}, {"filters": [redirect]}]);
    let redirecting = read(Api::Linkerd, Rank::Http, &rules).unwrap();
    assert_eq!(
        (redirecting.rules[0].redirect, redirecting.rules[1].redirect),
        (None, Some(302))
    );
    let calls = json!([{"matches": [{"method": {"service": "a.B"}}]}]);
    let calls = read(Api::Gateway, Rank::Grpc, &calls).unwrap();
    assert_eq!(calls.rules[0].rpcs.len(), 1);
    let hosted = object(json!({"hostnames": ["a"]}));
    let hosted = Route::read(&hosted, (Api::Linkerd, Rank::Http, Version::Known)).unwrap();
    for route in [redirecting, calls, hosted] {
        assert!(matches!(route.for_clients(), Err(ReadError::Unmodelled(_))));
    }
    assert!(
        read(Api::Linkerd, Rank::Http, &json!([{}]))
            .unwrap()
            .for_clients()
            .is_ok()
    );
}
