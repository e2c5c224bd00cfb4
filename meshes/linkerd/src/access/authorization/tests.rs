use super::*;
use crate::access::fixture::{Fixture, GATEWAY, LINKERD, POLICY, below, object, policy, route, server, with};
use serde_json::json;
use smi_adapter::object::Kind;

fn fixture() -> Fixture {
    Fixture::new(&json!({"containers": []}))
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"group": "policy.linkerd.io", "kind": kind, "name": name})
}

/// Returns a Server, a policy for it with these references, and the authentications `tls` and `net`.
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
fn requires_all_authentications() {
    let mut fixture = fixture();
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
        fixture.ip = ip;
        let objects = objects(&refs);
        assert_eq!(fixture.get(&objects, "c/web", "/"), named, "{refs}");
        assert_eq!(fixture.get(&objects, "", "/"), plain, "{refs}");
    }
    let own = objects(&json!([{"kind": "ServiceAccount", "name": "web"}]));
    assert_eq!(fixture.get(&own, "d/web", "/"), "ok");
}

#[test]
fn ignores_policies_with_missing_authentications() {
    let mut far = reference("MeshTLSAuthentication", "far");
    let near = objects(&json!([far]));
    assert_eq!(fixture().get(&near, "c/web", "/"), "403");
    far["namespace"] = json!("o");
    assert_eq!(fixture().get(&objects(&json!([far])), "c/web", "/"), "ok");
    let half = json!([
        reference("MeshTLSAuthentication", "tls"),
        reference("NetworkAuthentication", "absent")
    ]);
    assert_eq!(fixture().get(&objects(&half), "c/web", "/"), "403");
    let half = json!([
        reference("MeshTLSAuthentication", "absent"),
        reference("NetworkAuthentication", "net")
    ]);
    let mut near = fixture();
    near.ip = "10.1.0.1";
    assert_eq!(near.get(&objects(&half), "c/web", "/"), "403");
    // A rejected authentication does not exist either.
    let mut refused = objects(&json!([reference("MeshTLSAuthentication", "tls")]));
    refused[2].spec = json!({"identities": []}).into();
    assert_eq!(fixture().get(&refused, "c/web", "/"), "403");
    refused[2].spec = json!({"identities": ["*"], "more": 1}).into();
    assert_eq!(fixture().get(&refused, "c/web", "/"), "?");
}

#[test]
fn ignores_rejected_policies() {
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
        assert_eq!(fixture().get(&objects, "c/web", "/"), "403", "{refs}");
    }
    for unusual in [
        json!([{"kind": "serviceaccount", "name": "web"}]),
        json!([{"kind": "ServiceAccount", "name": "W"}]),
    ] {
        assert_eq!(fixture().get(&objects(&unusual), "c/web", "/"), "?", "{unusual}");
    }
    let mut absent = objects(&json!([]));
    absent[1]
        .spec
        .as_object_mut()
        .unwrap()
        .remove("requiredAuthenticationRefs");
    assert_eq!(fixture().get(&absent, "c/web", "/"), "403");
    let mut newer = objects(&json!([]));
    newer[1].kind = Kind::named(
        newer[1].kind.group(),
        "v1",
        newer[1].kind.name(),
        newer[1].kind.plural(),
    );
    assert_eq!(fixture().get(&newer, "c/web", "/"), "403");
}

#[test]
fn ignores_unmodelled_parts_of_policies_for_other_targets() {
    let mut unusual = policy(LINKERD, "Server", "t");
    unusual.spec["more"] = json!(1);
    assert_eq!(fixture().get(&[server("s", 80), unusual.clone()], "c/web", "/"), "403");
    unusual.spec["targetRef"]["name"] = json!("s");
    assert_eq!(fixture().get(&[server("s", 80), unusual], "c/web", "/"), "?");
}

#[test]
fn policies_apply_only_in_their_namespace_and_to_routes_of_their_group() {
    let mut far = policy(LINKERD, "Server", "s");
    far.metadata.namespace = Some("o".into());
    assert_eq!(fixture().get(&[server("s", 80), far], "c/web", "/"), "403");
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
        assert_eq!(fixture().get(&objects, "c/web", "/"), expected);
        assert_eq!(fixture().get(&objects, "c/other", "/"), "403");
    }
}

#[test]
fn rejects_authentications_of_other_versions() {
    for kind in ["MeshTLSAuthentication", "NetworkAuthentication"] {
        let spec = json!({"identities": ["*"]});
        let newer = object("policy.linkerd.io/v1", kind, "d/a", spec);
        assert!(check(&newer, &Domain::new("", "")).is_err(), "{kind}");
    }
}
