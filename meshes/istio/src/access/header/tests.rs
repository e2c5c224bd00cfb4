use super::super::tests::{account, allow, ask, http};
use serde_json::json;
use smi_conformance::Peer;

fn ask_of(peer: Peer, name: &str, value: &str, headers: &[(&str, &str)]) -> String {
    let objects = allow(json!({"when": [{"key": format!("request.headers[{name}]"), "values": [value]}]}));
    ask(&objects, peer, 8080, http("GET", "/a/../b?c=d", headers))
}

#[test]
fn any_line_can_match() {
    for (value, headers, answer) in [
        ("v", &[("x", "v")][..], "allow"),
        ("v", &[("X", " v ")], "allow"),
        ("v", &[("x", "w"), ("X", "v")], "allow"),
        ("w,v", &[("x", "w"), ("x", "v")], "deny"),
        ("V", &[("x", "v")], "deny"),
        ("*", &[("x", "")], "allow"),
        ("*", &[("y", "")], "deny"),
        ("v", &[("Connection", "x"), ("x", "v")], "deny"),
    ] {
        assert_eq!(
            ask_of(account("web"), "x", value, headers),
            answer,
            "{value} {headers:?}"
        );
    }
}

#[test]
fn cookies_can_be_joined() {
    let lines = [("cookie", "a=1"), ("cookie", "b=2")];
    for (value, answer) in [("*", "allow"), ("a*", "allow"), ("*2", "allow"), ("c*", "deny")] {
        assert_eq!(ask_of(account("web"), "cookie", value, &lines), answer, "{value}");
    }
    for value in ["b=2", "a=1; b=2", "*1"] {
        assert!(
            ask_of(account("web"), "cookie", value, &lines).contains("cookies"),
            "{value}"
        );
    }
    assert_eq!(ask_of(account("web"), "cookie", "a=1", &lines[..1]), "allow");
}

#[test]
fn the_proxy_generates_some_values() {
    let sent = [("x-forwarded-client-cert", "x"), ("x-forwarded-proto", "https")];
    for (name, value, of_web, of_plaintext) in [
        ("x-forwarded-client-cert", "*", "allow", "deny"),
        ("x-forwarded-client-cert", "x", "generated", "deny"),
        ("x-forwarded-proto", "https", "allow", "allow"),
        (":path", "/b?c=d", "allow", "allow"),
        (":method", "GET", "allow", "allow"),
    ] {
        for (peer, answer) in [(account("web"), of_web), (Peer::Plaintext, of_plaintext)] {
            let given = ask_of(peer, name, value, &sent);
            assert!(
                given == answer || (answer == "generated" && given.contains("generates")),
                "{name}: {given}"
            );
        }
    }
    for name in ["x-forwarded-proto", ":scheme"] {
        assert_eq!(ask_of(account("web"), name, "*", &[]), "allow");
        assert!(ask_of(account("web"), name, "http", &[]).contains("generates"));
        assert_eq!(ask_of(Peer::Plaintext, name, "http", &[]), "allow");
    }
    let uuid = [("x-request-id", "0af76519-16cd-43dd-8448-eb211c80319c")];
    assert!(ask_of(account("web"), "x-request-id", uuid[0].1, &uuid).contains("generates"));
    let operation = [("x-envoy-decorator-operation", "x")];
    assert!(ask_of(account("web"), "x-envoy-decorator-operation", "x", &operation).contains("tracing"));
}
