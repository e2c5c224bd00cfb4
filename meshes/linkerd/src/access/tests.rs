use super::lab::{GATEWAY, LINKERD, Lab, POLICY, below, object, policy, request, route, server, with};
use super::*;
use serde_json::json;

#[test]
fn only_what_reaches_the_workload_is_allowed() {
    assert_eq!(Access::from(Answer::Admitted), Access::Allow);
    for answer in [Answer::Status(403), Answer::Status(302), Answer::Closed] {
        assert_eq!(Access::from(answer), Access::Deny);
    }
}

#[test]
fn what_never_enters_a_proxy_is_admitted() {
    let deny = [server("s", 80), server("t", 4567)];
    let mut lab = Lab::new(&json!({"containers": []}));
    assert_eq!(lab.get(&deny, "c/web", "/"), "403");
    assert_eq!(lab.ask(&deny, "c/web", Traffic::Tcp), "closed");
    assert_eq!(lab.ask(&deny, "c/web", Traffic::Udp), "ok");
    lab.port = 4567;
    assert_eq!(lab.get(&deny, "c/web", "/"), "ok");
    let unmeshed = Lab::of_pod(json!({"metadata": {"labels": {"app": "api"}}}));
    assert_eq!(unmeshed.get(&deny, "", "/"), "ok");
}

#[test]
fn there_is_no_answer_for_what_does_not_exist_or_cannot_be_sent() {
    let lab = Lab::new(&json!({"containers": []}));
    assert_eq!(lab.get(&[], "c/web", "no path"), "?");
    assert_eq!(lab.ask(&[], "c/web", request("CONNECT", "/", &[])), "?");
    let mut lab = lab;
    lab.world.pods.clear();
    assert_eq!(lab.get(&[], "c/web", "/"), "?");
}

#[test]
fn ports_without_a_server_have_the_default_policy() {
    let mut lab = Lab::new(&json!({"containers": []}));
    assert_eq!(lab.get(&[], "", "/"), "ok");
    lab.mesh.default_inbound_policy = DefaultPolicy::AllAuthenticated;
    assert_eq!(
        (lab.get(&[], "", "/"), lab.get(&[], "c/web", "/")),
        ("403".into(), "ok".into())
    );
    lab.mesh.default_inbound_policy = DefaultPolicy::Deny;
    // Policies for the namespace are for its Servers.
    let everything = with(
        policy(LINKERD, "Server", "s"),
        "targetRef",
        json!({"kind": "Namespace", "name": "d"}),
    );
    assert_eq!(lab.get(std::slice::from_ref(&everything), "c/web", "/"), "403");
    assert_eq!(lab.get(&[everything, server("s", 80)], "c/web", "/"), "ok");
    assert_eq!(lab.ask(&[], "c/web", Traffic::Tcp), "closed");
}

#[test]
fn identities_are_of_the_control_plane_and_the_trust_domain() {
    let name = "web.c.serviceaccount.identity.mesh.example.org";
    let tls = object(POLICY, "MeshTLSAuthentication", "d/a", json!({"identities": [name]}));
    let reference = json!([{"group": "policy.linkerd.io", "kind": "MeshTLSAuthentication", "name": "a"}]);
    let named = with(policy(LINKERD, "Server", "s"), "requiredAuthenticationRefs", reference);
    let objects = [server("s", 80), tls, named];
    let mut lab = Lab::of_pod(json!({"metadata": {"labels": {"linkerd.io/control-plane-ns": "mesh"}}}));
    assert_eq!(lab.get(&objects, "c/web", "/"), "?");
    lab.mesh.control_plane_namespace = "mesh".into();
    assert_eq!(lab.get(&objects, "c/web", "/"), "403");
    lab.world.cluster_domain = "example.org".into();
    assert_eq!(lab.get(&objects, "c/web", "/"), "ok");
    lab.mesh.trust_domain = Some("example.com".into());
    assert_eq!(lab.get(&objects, "c/web", "/"), "403");
}

#[test]
fn bytes_are_let_in_by_what_is_said_of_the_server() {
    let lab = Lab::new(&json!({"containers": []}));
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
        assert_eq!(lab.ask(&objects, "c/web", Traffic::Tcp), bytes, "{protocol}");
        assert_eq!(lab.get(&objects, "c/web", "/api"), api, "{protocol}");
        assert_eq!(lab.get(&objects, "c/web", "/"), other, "{protocol}");
    }
    assert_eq!(lab.get(&of("opaque"), "c/other", "/api"), "closed");
}

#[test]
fn limits_of_rates_are_not_modelled() {
    let lab = Lab::new(&json!({"containers": []}));
    let limit = |server: &str| {
        let target = json!({"group": "policy.linkerd.io", "kind": "Server", "name": server});
        object(POLICY, "HTTPLocalRateLimitPolicy", "d/l", json!({"targetRef": target}))
    };
    assert_eq!(lab.get(&[server("s", 80), limit("s")], "c/web", "/"), "?");
    assert_eq!(lab.get(&[server("s", 80), limit("t")], "c/web", "/"), "403");
}

#[test]
fn objects_of_other_kinds_are_not_refused() {
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
fn routes_do_not_matter_for_bytes() {
    let lab = Lab::new(&json!({"containers": []}));
    let odd = with(route(LINKERD, "HTTPRoute", "r", &json!([{}])), "more", 1);
    let objects = [server("s", 80), policy(LINKERD, "Server", "s"), odd];
    assert_eq!(lab.ask(&objects, "c/web", Traffic::Tcp), "ok");
    assert_eq!(lab.get(&objects, "c/web", "/"), "?");
}
