use super::fixture::{Fixture, GATEWAY, LINKERD, POLICY, below, object, policy, request, route, server, with};
use super::*;
use serde_json::json;

#[test]
fn allows_only_requests_that_reach_the_workload() {
    assert_eq!(Decision::from(Answer::Admitted), Decision::Allow);
    for answer in [Answer::Status(403), Answer::Status(302), Answer::Closed] {
        assert_eq!(Decision::from(answer), Decision::Deny);
    }
}

#[test]
fn admits_traffic_that_bypasses_the_proxy() {
    let deny = [server("s", 80), server("t", 4567)];
    let mut fixture = Fixture::new(&json!({"containers": []}));
    assert_eq!(fixture.get(&deny, "c/web", "/"), "403");
    assert_eq!(fixture.ask(&deny, "c/web", Traffic::Tcp), "closed");
    assert_eq!(fixture.ask(&deny, "c/web", Traffic::Udp), "ok");
    fixture.port = 4567;
    assert_eq!(fixture.get(&deny, "c/web", "/"), "ok");
    let unmeshed = Fixture::of_pod(json!({"metadata": {"labels": {"app": "api"}}}));
    assert_eq!(unmeshed.get(&deny, "", "/"), "ok");
}

#[test]
fn does_not_answer_for_absent_pods_and_invalid_requests() {
    let fixture = Fixture::new(&json!({"containers": []}));
    assert_eq!(fixture.get(&[], "c/web", "no path"), "?");
    assert_eq!(fixture.ask(&[], "c/web", request("CONNECT", "/", &[])), "?");
    let mut fixture = fixture;
    fixture.world.pods.clear();
    assert_eq!(fixture.get(&[], "c/web", "/"), "?");
}

#[test]
fn applies_the_default_policy_to_ports_without_a_server() {
    let mut fixture = Fixture::new(&json!({"containers": []}));
    assert_eq!(fixture.get(&[], "", "/"), "ok");
    fixture.mesh.default_inbound_policy = DefaultPolicy::AllAuthenticated;
    assert_eq!(
        (fixture.get(&[], "", "/"), fixture.get(&[], "c/web", "/")),
        ("403".into(), "ok".into())
    );
    fixture.mesh.default_inbound_policy = DefaultPolicy::Deny;
    // Policies for the namespace apply only to ports with a Server.
    let everything = with(
        policy(LINKERD, "Server", "s"),
        "targetRef",
        json!({"kind": "Namespace", "name": "d"}),
    );
    assert_eq!(fixture.get(std::slice::from_ref(&everything), "c/web", "/"), "403");
    assert_eq!(fixture.get(&[everything, server("s", 80)], "c/web", "/"), "ok");
    assert_eq!(fixture.ask(&[], "c/web", Traffic::Tcp), "closed");
}

#[test]
fn identities_contain_control_plane_and_trust_domain() {
    let name = "web.c.serviceaccount.identity.mesh.example.org";
    let tls = object(POLICY, "MeshTLSAuthentication", "d/a", json!({"identities": [name]}));
    let reference = json!([{"group": "policy.linkerd.io", "kind": "MeshTLSAuthentication", "name": "a"}]);
    let named = with(policy(LINKERD, "Server", "s"), "requiredAuthenticationRefs", reference);
    let objects = [server("s", 80), tls, named];
    let mut fixture = Fixture::of_pod(json!({"metadata": {"labels": {"linkerd.io/control-plane-ns": "mesh"}}}));
    assert_eq!(fixture.get(&objects, "c/web", "/"), "?");
    fixture.mesh.control_plane_namespace = "mesh".into();
    assert_eq!(fixture.get(&objects, "c/web", "/"), "403");
    fixture.world.cluster_domain = "example.org".into();
    assert_eq!(fixture.get(&objects, "c/web", "/"), "ok");
    fixture.mesh.trust_domain = Some("example.com".into());
    assert_eq!(fixture.get(&objects, "c/web", "/"), "403");
}

#[test]
fn admits_bytes_by_protocol_and_policies_of_the_server() {
    let fixture = Fixture::new(&json!({"containers": []}));
    let of = |protocol: &str| {
        [
            with(server("s", 80), "proxyProtocol", protocol),
            policy(LINKERD, "Server", "s"),
            route(LINKERD, "HTTPRoute", "r", &below("/api")),
        ]
    };
    for (protocol, bytes, api, other) in [
        ("unknown", "ok", "ok", "404"),
        ("HTTP/1", "closed", "ok", "404"),
        ("HTTP/2", "closed", "ok", "404"),
        ("gRPC", "closed", "404", "404"),
        ("opaque", "ok", "ok", "ok"),
        ("TLS", "ok", "ok", "ok"),
    ] {
        let objects = of(protocol);
        assert_eq!(fixture.ask(&objects, "c/web", Traffic::Tcp), bytes, "{protocol}");
        assert_eq!(fixture.get(&objects, "c/web", "/api"), api, "{protocol}");
        assert_eq!(fixture.get(&objects, "c/web", "/"), other, "{protocol}");
    }
    assert_eq!(fixture.get(&of("opaque"), "c/other", "/api"), "closed");
}

#[test]
fn does_not_model_rate_limits() {
    let fixture = Fixture::new(&json!({"containers": []}));
    let limit = |server: &str| {
        let target = json!({"group": "policy.linkerd.io", "kind": "Server", "name": server});
        object(POLICY, "HTTPLocalRateLimitPolicy", "d/l", json!({"targetRef": target}))
    };
    assert_eq!(fixture.get(&[server("s", 80), limit("s")], "c/web", "/"), "?");
    assert_eq!(fixture.get(&[server("s", 80), limit("t")], "c/web", "/"), "403");
}

#[test]
fn does_not_reject_objects_of_other_kinds() {
    for object in [
        object(POLICY, "HTTPLocalRateLimitPolicy", "d/l", json!({})),
        object(GATEWAY, "Gateway", "d/g", json!({})),
        object("example.com/v1", "Server", "d/s", json!({})),
        server("s", 80),
    ] {
        assert_eq!(refusal(&object), None, "{object:?}");
    }
    assert!(refusal(&with(server("s", 80), "port", 0)).is_some());
    assert!(refusal(&object(POLICY, "NetworkAuthentication", "d/n", json!({}))).is_some());
    assert!(refusal(&object(POLICY, "ServerAuthorization", "d/n", json!({}))).is_some());
}

#[test]
fn ignores_routes_for_bytes() {
    let fixture = Fixture::new(&json!({"containers": []}));
    let unusual = with(route(LINKERD, "HTTPRoute", "r", &json!([{}])), "more", 1);
    let objects = [server("s", 80), policy(LINKERD, "Server", "s"), unusual];
    assert_eq!(fixture.ask(&objects, "c/web", Traffic::Tcp), "ok");
    assert_eq!(fixture.get(&objects, "c/web", "/"), "?");
}
