use super::*;
use crate::fields::ReadError;

fn matches(pattern: &str, name: &Name) -> bool {
    Pattern::read(pattern).unwrap().matches(name).unwrap()
}

fn dns(name: &str) -> Name {
    Name::Dns(name.into())
}

fn spiffe(id: &str) -> Name {
    Name::Spiffe(id.into())
}

#[test]
fn wildcards_match_only_dns_names() {
    assert!(matches("*", &dns("web.c")) && !matches("*", &spiffe("spiffe://c/web")));
    assert!(matches("*.c.d", &dns("web.c.d")) && matches("*.c.d", &dns("a.web.c.d")));
    assert!(
        !matches("*.c.d", &dns("c.d")) && !matches("*.c.d", &dns("webc.d")) && !matches("*.c", &spiffe("spiffe://a.c"))
    );
    assert!(matches("web.c", &dns("web.c")) && !matches("web.c", &dns("xweb.c")));
}

#[test]
fn spiffe_ids_match_only_if_equal() {
    assert!(matches("spiffe://td/a", &spiffe("spiffe://td/a")) && !matches("spiffe://td/a", &spiffe("spiffe://td/A")));
    assert!(!matches("spiffe://td/a", &dns("td")));
    let unusual = Pattern::read("spiffe://td/a")
        .unwrap()
        .matches(&spiffe("spiffe://TD/a"));
    assert!(unusual.is_err());
    assert!(!matches("*", &spiffe("spiffe://TD/a")));
}

#[test]
fn rejects_invalid_identities() {
    for text in [
        "",
        "Web.c",
        "web_1.c",
        "a*.c",
        "web.*.c",
        "c/web",
        ".c",
        "c.",
        "-a.c",
        "a-.c",
        "*.",
        "**",
        "SPIFFE://td/a",
        "spiffe://",
        "spiffe:///a",
        "spiffe://td/",
        "spiffe://TD/a",
        "spiffe://td/a//b",
        "spiffe://td/a%20b",
        "spiffe://td:80/a",
        "spiffe://td/./a",
        "spiffe://td/../a",
        "spiffe://td/a~b",
        "spiffe://td/a?b",
    ] {
        assert!(matches!(Pattern::read(text), Err(ReadError::Rejected(_))), "{text}");
    }
    for text in [
        "*",
        "*.c.example",
        "web",
        "1.a-b",
        "spiffe://td",
        "spiffe://t_d/a.b/A_c",
        "spiffe://1.2.3.4/a",
    ] {
        assert!(Pattern::read(text).is_ok(), "{text}");
    }
    let long = Pattern::read(&"a".repeat(2049));
    assert!(matches!(long, Err(ReadError::Unmodelled(_))));
}

#[test]
fn account_names_contain_namespace_and_control_plane() {
    let domain = Domain::new("linkerd", "cluster.local");
    let name = domain.account("c", "web");
    assert_eq!(name, "web.c.serviceaccount.identity.linkerd.cluster.local");
    assert!(domain.namespace("c").matches(&dns(&name)).unwrap());
    assert!(!domain.namespace("d").matches(&dns(&name)).unwrap());
}
