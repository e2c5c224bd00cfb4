use super::*;
use crate::fields::Fault;

fn means(pattern: &str, name: &Name) -> bool {
    Pattern::read(pattern).unwrap().means(name).unwrap()
}

fn dns(name: &str) -> Name {
    Name::Dns(name.into())
}

fn spiffe(id: &str) -> Name {
    Name::Spiffe(id.into())
}

#[test]
fn stars_mean_dns_names_only() {
    assert!(means("*", &dns("web.c")) && !means("*", &spiffe("spiffe://c/web")));
    assert!(means("*.c.d", &dns("web.c.d")) && means("*.c.d", &dns("a.web.c.d")));
    assert!(!means("*.c.d", &dns("c.d")) && !means("*.c.d", &dns("webc.d")) && !means("*.c", &spiffe("spiffe://a.c")));
    assert!(means("web.c", &dns("web.c")) && !means("web.c", &dns("xweb.c")));
}

#[test]
fn spiffe_ids_are_equal_or_not() {
    assert!(means("spiffe://td/a", &spiffe("spiffe://td/a")) && !means("spiffe://td/a", &spiffe("spiffe://td/A")));
    assert!(!means("spiffe://td/a", &dns("td")));
    let odd = Pattern::read("spiffe://td/a").unwrap().means(&spiffe("spiffe://TD/a"));
    assert!(odd.is_err());
    assert!(!means("*", &spiffe("spiffe://TD/a")));
}

#[test]
fn odd_identities_are_refused() {
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
        assert!(matches!(Pattern::read(text), Err(Fault::Refused(_))), "{text}");
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
    assert!(matches!(long, Err(Fault::Unmodelled(_))));
}

#[test]
fn accounts_are_called_after_their_namespace_and_the_control_plane() {
    let domain = Domain::new("linkerd", "cluster.local");
    let name = domain.account("c", "web");
    assert_eq!(name, "web.c.serviceaccount.identity.linkerd.cluster.local");
    assert!(domain.namespace("c").means(&dns(&name)).unwrap());
    assert!(!domain.namespace("d").means(&dns(&name)).unwrap());
}
