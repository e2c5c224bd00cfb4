use super::super::tests::{account, allow, ask, get, http};
use serde_json::{Value, json};
use smi_conformance::Peer;

fn requests(source: &Value) -> (String, String) {
    let objects = allow(json!({"from": [{"source": source}]}));
    let ask = |peer: Peer| ask(&objects, peer, 8080, http("GET", "/", &[]));
    (ask(account("web")), ask(Peer::Plaintext))
}

/// The client is at 10.1.2.3.
#[test]
fn every_field_is_evaluated() {
    for (source, of_web, of_plaintext) in [
        (json!({"principals": ["cluster.local/ns/c/sa/web"]}), "allow", "deny"),
        (json!({"principals": ["x", "*"]}), "allow", "deny"),
        (json!({"notPrincipals": ["cluster.local/ns/c/sa/web"]}), "deny", "allow"),
        (json!({"notPrincipals": ["x"]}), "allow", "allow"),
        (json!({"notPrincipals": ["*"]}), "deny", "allow"),
        (json!({"namespaces": ["c"]}), "allow", "deny"),
        (json!({"namespaces": ["d"]}), "deny", "deny"),
        (json!({"notNamespaces": ["c"]}), "deny", "allow"),
        (json!({"serviceAccounts": ["c/web"]}), "allow", "deny"),
        (json!({"serviceAccounts": ["web"]}), "deny", "deny"),
        (json!({"notServiceAccounts": ["c/web"]}), "deny", "allow"),
        (json!({"ipBlocks": ["10.1.0.0/16"]}), "allow", "allow"),
        (json!({"notIpBlocks": ["10.1.2.3"]}), "deny", "deny"),
        (json!({"remoteIpBlocks": ["10.1.2.3"]}), "allow", "allow"),
        (json!({"notRemoteIpBlocks": ["10.0.0.0/8"]}), "deny", "deny"),
        (json!({"requestPrincipals": ["*"]}), "deny", "deny"),
        (json!({"notRequestPrincipals": ["*"]}), "allow", "allow"),
        (json!({"namespaces": ["c"], "principals": ["x"]}), "deny", "deny"),
        (json!({"namespaces": ["c"], "notPrincipals": ["x"]}), "allow", "deny"),
        (json!({"principals": ["*"], "namespaces": []}), "allow", "deny"),
    ] {
        assert_eq!(requests(&source), (of_web.into(), of_plaintext.into()), "{source}");
    }
}

#[test]
fn rejects_sources_that_the_webhook_rejects() {
    for source in [
        json!({"principals": []}),
        json!({"principals": [""]}),
        json!({"serviceAccounts": ["c/web"], "namespaces": ["c"]}),
        json!({"notServiceAccounts": ["c/web"], "principals": ["*"]}),
    ] {
        assert!(requests(&source).0.contains("webhook"), "{source}");
    }
    let accounts = |count: usize| json!({"serviceAccounts": vec!["c/web"; count]});
    assert_eq!(requests(&accounts(16)).0, "allow");
    assert!(requests(&accounts(17)).0.contains("more than 16"));
}

#[test]
fn rejects_forwarded_addresses() {
    let objects = allow(json!({"from": [{"source": {"remoteIpBlocks": ["10.1.2.3"]}}]}));
    assert!(get(&objects, "/", &[("X-Forwarded-For", "1.1.1.1")]).contains("x-forwarded-for"));
}
