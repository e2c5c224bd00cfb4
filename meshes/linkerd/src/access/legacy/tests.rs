use super::*;
use crate::access::fixture::{Fixture, object, server};
use crate::fields::ReadError;
use serde_json::json;
use smi_adapter::object::Kind;

fn authorization(servers: &Value, client: &Value) -> NativeObject {
    let spec = json!({"server": servers, "client": client});
    object("policy.linkerd.io/v1beta1", "ServerAuthorization", "d/a", spec)
}

/// Returns the answers to an account, to a client with an unnamed certificate, and to a client without a certificate.
fn admits(servers: &Value, client: &Value, ip: &'static str) -> String {
    let mut fixture = Fixture::new(&json!({"containers": []}));
    fixture.ip = ip;
    let mut labelled = server("s", 80);
    labelled.metadata.labels = serde_json::from_value(json!({"app": "s"})).unwrap();
    let objects = [labelled, authorization(servers, client)];
    ["c/web", "tls", ""]
        .map(|from| fixture.get(&objects, from, "/"))
        .join(" ")
}

#[test]
fn admits_clients_by_each_kind_of_identity() {
    let named = |client: Value| admits(&json!({"name": "s"}), &client, "10.0.0.1");
    assert_eq!(named(json!({"unauthenticated": true})), "ok ok ok");
    assert_eq!(named(json!({"meshTLS": {"unauthenticatedTLS": true}})), "ok ok 403");
    assert_eq!(named(json!({"meshTLS": {"identities": ["*"]}})), "ok 403 403");
    let account = json!({"name": "web", "namespace": "c"});
    assert_eq!(named(json!({"meshTLS": {"serviceAccounts": [account]}})), "ok 403 403");
    assert_eq!(
        named(json!({"meshTLS": {"serviceAccounts": [{"name": "web"}]}})),
        "403 403 403"
    );
    let far = json!([{"cidr": "203.0.113.0/24"}]);
    assert_eq!(named(json!({"unauthenticated": true, "networks": far})), "403 403 403");
}

#[test]
fn selects_servers_by_name_or_labels() {
    let all = json!({"unauthenticated": true});
    let admits = |servers: Value| admits(&servers, &all, "10.0.0.1");
    assert_eq!(admits(json!({"name": "t"})), "403 403 403");
    assert_eq!(admits(json!({"selector": {"matchLabels": {"app": "s"}}})), "ok ok ok");
    assert_eq!(
        admits(json!({"selector": {"matchLabels": {"app": "t"}}})),
        "403 403 403"
    );
    assert_eq!(admits(json!({"selector": {}})), "ok ok ok");
}

#[test]
fn does_not_model_ambiguous_clients() {
    let named = json!({"name": "s"});
    assert_eq!(
        admits(&named, &json!({"unauthenticated": true}), "203.0.113.9"),
        "? ? ?"
    );
    let both = json!({"unauthenticated": true, "meshTLS": {"identities": ["*"]}});
    let two = json!({"meshTLS": {"identities": ["*"], "unauthenticatedTLS": true}});
    for client in [
        both,
        two,
        json!({}),
        json!({"meshTLS": {}}),
        json!({"networks": [], "unauthenticated": true}),
    ] {
        assert_eq!(admits(&named, &client, "10.0.0.1"), "? ? ?", "{client}");
    }
}

#[test]
fn ignores_rejected_authorizations() {
    let domain = Domain::new("", "");
    let all = json!({"unauthenticated": true});
    let mut newer = authorization(&json!({"name": "s"}), &all);
    newer.kind = Kind::named(newer.kind.group(), "v1", newer.kind.name(), newer.kind.plural());
    for object in [
        newer,
        authorization(&json!({}), &all),
        authorization(&json!({"name": "s", "selector": {}}), &all),
        authorization(&json!({"name": "s"}), &json!({"unauthenticated": "yes"})),
        authorization(&json!({"name": "s"}), &json!({"meshTLS": {"identities": ["A"]}})),
    ] {
        assert!(
            matches!(check(&object, &domain), Err(ReadError::Rejected(_))),
            "{object:?}"
        );
    }
}
