use super::*;
use crate::access::lab::{GATEWAY, LINKERD, Lab, POLICY, below, object, policy, route, server, with};
use serde_json::json;

fn lab() -> Lab {
    Lab::new(&json!({"containers": []}))
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"group": "policy.linkerd.io", "kind": kind, "name": name})
}

/// A Server, a policy with these references for it, and authentications `tls` and `net`.
fn objects(refs: &Value) -> Vec<NativeObject> {
    vec![
        server("s", 80),
        with(
            policy(LINKERD, "Server", "s"),
            "requiredAuthenticationRefs",
            refs.clone(),
        ),
        object(POLICY, "MeshTLSAuthentication", "d/tls", json!({"identities": ["*"]})),
        object(POLICY, "MeshTLSAuthentication", "o/far", json!({"identities": ["*"]})),
        object(
            POLICY,
            "NetworkAuthentication",
            "d/net",
            json!({"networks": [{"cidr": "10.1.0.0/16"}]}),
        ),
    ]
}

#[test]
fn all_that_is_required_must_be_met() {
    let mut lab = lab();
    let both = json!([
        reference("MeshTLSAuthentication", "tls"),
        reference("NetworkAuthentication", "net")
    ]);
    for (ip, refs, named, plain) in [
        ("10.0.0.1", json!([]), "ok", "ok"),
        (
            "10.0.0.1",
            json!([reference("MeshTLSAuthentication", "tls")]),
            "ok",
            "403",
        ),
        (
            "10.0.0.1",
            json!([reference("NetworkAuthentication", "net")]),
            "403",
            "403",
        ),
        (
            "10.1.0.1",
            json!([reference("NetworkAuthentication", "net")]),
            "ok",
            "ok",
        ),
        ("10.0.0.1", both.clone(), "403", "403"),
        ("10.1.0.1", both, "ok", "403"),
        (
            "10.0.0.1",
            json!([{"kind": "ServiceAccount", "name": "web", "namespace": "c"}]),
            "ok",
            "403",
        ),
        (
            "10.0.0.1",
            json!([{"group": "core", "kind": "ServiceAccount", "name": "web"}]),
            "403",
            "403",
        ),
    ] {
        lab.ip = ip;
        let objects = objects(&refs);
        assert_eq!(lab.get(&objects, "c/web", "/"), named, "{refs}");
        assert_eq!(lab.get(&objects, "", "/"), plain, "{refs}");
    }
    let own = objects(&json!([{"kind": "ServiceAccount", "name": "web"}]));
    assert_eq!(lab.get(&own, "d/web", "/"), "ok");
}

#[test]
fn a_policy_does_not_count_if_something_it_requires_does_not_exist() {
    let mut far = reference("MeshTLSAuthentication", "far");
    let near = objects(&json!([far]));
    assert_eq!(lab().get(&near, "c/web", "/"), "403");
    far["namespace"] = json!("o");
    assert_eq!(lab().get(&objects(&json!([far])), "c/web", "/"), "ok");
    let half = json!([
        reference("MeshTLSAuthentication", "tls"),
        reference("NetworkAuthentication", "absent")
    ]);
    assert_eq!(lab().get(&objects(&half), "c/web", "/"), "403");
    let half = json!([
        reference("MeshTLSAuthentication", "absent"),
        reference("NetworkAuthentication", "net")
    ]);
    let mut near = lab();
    near.ip = "10.1.0.1";
    assert_eq!(near.get(&objects(&half), "c/web", "/"), "403");
    // So it is if that was refused.
    let mut refused = objects(&json!([reference("MeshTLSAuthentication", "tls")]));
    refused[2].spec = json!({"identities": []});
    assert_eq!(lab().get(&refused, "c/web", "/"), "403");
    refused[2].spec = json!({"identities": ["*"], "more": 1});
    assert_eq!(lab().get(&refused, "c/web", "/"), "?");
}

#[test]
fn policies_that_are_refused_do_not_exist() {
    let tls = reference("MeshTLSAuthentication", "tls");
    let net = reference("NetworkAuthentication", "net");
    let account = json!({"kind": "ServiceAccount", "name": "web", "namespace": "c"});
    for refs in [
        json!([tls, tls]),
        json!([net, net]),
        json!([account, account]),
        json!([tls, account]),
        json!([{"kind": "Secret", "name": "x"}]),
    ] {
        let objects = objects(&refs);
        assert!(check(&objects[1], &Domain::new("", "")).is_err(), "{refs}");
        assert_eq!(lab().get(&objects, "c/web", "/"), "403", "{refs}");
    }
    for odd in [
        json!([{"kind": "serviceaccount", "name": "web"}]),
        json!([{"kind": "ServiceAccount", "name": "W"}]),
    ] {
        assert_eq!(lab().get(&objects(&odd), "c/web", "/"), "?", "{odd}");
    }
    let mut absent = objects(&json!([]));
    absent[1]
        .spec
        .as_object_mut()
        .unwrap()
        .remove("requiredAuthenticationRefs");
    assert_eq!(lab().get(&absent, "c/web", "/"), "403");
    let mut newer = objects(&json!([]));
    newer[1].kind.version = "v1".into();
    assert_eq!(lab().get(&newer, "c/web", "/"), "403");
}

#[test]
fn what_is_odd_in_policies_for_others_does_not_matter() {
    let mut odd = policy(LINKERD, "Server", "t");
    odd.spec["more"] = json!(1);
    assert_eq!(lab().get(&[server("s", 80), odd.clone()], "c/web", "/"), "403");
    odd.spec["targetRef"]["name"] = json!("s");
    assert_eq!(lab().get(&[server("s", 80), odd], "c/web", "/"), "?");
}

#[test]
fn policies_are_for_their_namespace_and_for_routes_of_their_group() {
    let mut far = policy(LINKERD, "Server", "s");
    far.metadata.namespace = Some("o".into());
    assert_eq!(lab().get(&[server("s", 80), far], "c/web", "/"), "403");
    for (of_route, of_policy, expected) in [
        (LINKERD, LINKERD, "ok"),
        (LINKERD, GATEWAY, "403"),
        (GATEWAY, GATEWAY, "ok"),
    ] {
        let objects = [
            server("s", 80),
            route(of_route, "HTTPRoute", "r", &below("/")),
            policy(of_policy, "HTTPRoute", "r"),
        ];
        assert_eq!(lab().get(&objects, "c/web", "/"), expected);
        assert_eq!(lab().get(&objects, "c/other", "/"), "403");
    }
}

#[test]
fn authentications_of_other_versions_are_refused() {
    for kind in ["MeshTLSAuthentication", "NetworkAuthentication"] {
        let spec = json!({"identities": ["*"]});
        let newer = object("policy.linkerd.io/v1", kind, "d/a", spec);
        assert!(check(&newer, &Domain::new("", "")).is_err(), "{kind}");
    }
}
