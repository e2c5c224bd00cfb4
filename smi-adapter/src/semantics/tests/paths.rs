//! Readings: requests that meshes read in several ways (S5, S17).

use super::*;
use crate::semantics::path::forms;

/// Returns the routing of a request if `/b` and the paths below it go to `v1`.
fn below_b(path: &str) -> Routing {
    let world = World::shop()
        .group("g", &json!([{"pathRegex": "/b(/.*)?"}]))
        .split("a", &some_to("v1", "g"));
    world.send(&request("GET", path, &[]))
}

/// Returns `true` if the routing is `v1` or the root, by this rule.
fn either(rule: &str, routing: &Routing) -> bool {
    let (root, v1) = (ROOT.to_owned(), V1.to_owned());
    match routing {
        Routing::Either { rule: found, of } => {
            let of: Vec<String> = of.iter().map(ToString::to_string).collect();
            *found == rule && of == [v1, root]
        }
        Routing::Exactly(_) => false,
    }
}

#[test]
fn paths_that_proxies_rewrite_are_left_open() {
    // S5
    for path in [
        "/%62",
        "/%62/c",
        "/a/../b",
        "/./b",
        "/b/../a",
        "/a/%2e%2e/b",
        "/a/.%2E/b",
        "/a/..;/b",
        "/a/..;x=1/b",
        "/a/%2e%2e;x/b",
        r"/a\..\b",
        r"\b",
        "http://host/b",
        "HTTPS://host/b?x",
        r"http:\\host\b",
        "http://host/a/..;/%62",
        "/x/../%62/y",
    ] {
        let routing = below_b(path);
        assert!(either("S5", &routing), "{path}: {routing}");
    }
    for path in [
        "/b",
        "/b/%7e",
        "/b/%7E/..;",
        "/b/./c",
        r"/b/\",
        "/b/{x}",
        "/b?/../a",
        "/b#/../a",
        "/b/%2F..",
        "/b/a/../c",
    ] {
        assert_eq!(below_b(path).to_string(), V1, "{path}");
    }
    for path in [
        "/a",
        "/a/%62",
        "/%2562",
        "/a?/../b",
        "/..;b",
        "ftp://host/b",
        "/%2Fb",
        "/a/..%2fb",
        "",
        "*",
        "/%6",
    ] {
        assert_eq!(below_b(path).to_string(), ROOT, "{path}");
    }
}

#[test]
fn escapes_that_differ_by_case_are_left_open() {
    // S5
    for (pattern, path, differs) in [
        ("/%2F", "/%2f", true),
        ("/%2f", "/%2f", true),
        ("/%2F", "/%2F", false),
        ("/%5E", "/^", true),
        (r"/\^", "/^", true),
        ("/%22%3C%3E%5E%60%7B%7C%7D", "/\"<>^`{|}", true),
        ("/%20", "/ ", false),
        ("/~", "/%7e", true),
        ("/%2f~", "/%2F%7e", false),
        ("/%2f~", "/%2f%7e", true),
        // Browsers decode the dots, but no other escape.
        ("/%62", "/a/%2e%2e/%62", true),
    ] {
        let world = World::shop()
            .group("g", &json!([{"pathRegex": pattern}]))
            .split("a", &some_to("v1", "g"));
        let routing = world.send(&request("GET", path, &[]));
        assert_eq!(either("S5", &routing), differs, "{pattern} {path}: {routing}");
    }
}

#[test]
fn lists_the_forms_of_a_path() {
    // S5
    let all = |path: &str| {
        let (received, others) = forms(path);
        (received.to_owned(), others.join(" "))
    };
    for (path, received, others) in [
        ("/a?b#c", "/a", ""),
        ("/a#b?c", "/a", ""),
        ("/", "/", ""),
        ("", "", ""),
        ("/a/b/../../c/.", "/a/b/../../c/.", "/c/"),
        ("/../..", "/../..", "/"),
        ("/a//../b", "/a//../b", "/a/b"),
        ("/a/..", "/a/..", "/"),
        ("/...", "/...", ""),
        ("/%", "/%", ""),
        ("/%zz%+1", "/%zz%+1", ""),
        ("/%é", "/%é", ""),
        ("/%c3%a9", "/%c3%a9", "/%C3%A9"),
        ("/%41%2f", "/%41%2f", "/A%2f /%41%2F /A%2F"),
        ("/a/..;x", "/a/..;x", "/a/.. /"),
        ("http://host", "http://host", "/"),
        (r"http://host\a", r"http://host\a", r"http://host/a \a /a"),
        ("http://host?x", "http://host", "/"),
        ("../a", "../a", ""),
    ] {
        assert_eq!(all(path), (received.to_owned(), others.to_owned()), "{path}");
    }
}

#[test]
fn repeated_headers_are_left_open() {
    // S17
    let world = |headers: Value| {
        World::shop()
            .group("g", &json!([{"headers": headers}]))
            .split("a", &some_to("v1", "g"))
    };
    let twice = request("GET", "/", &[("x", "1"), ("y", "1"), ("X", "2")]);
    for (pattern, expected) in [
        ("1|2", None),
        ("1,2", None),
        ("2,1", Some(ROOT)),
        ("1, 2", Some(ROOT)),
        (".*", Some(V1)),
    ] {
        let routing = world(json!({"x": pattern})).send(&twice);
        match expected {
            None => assert!(either("S17", &routing), "{pattern}: {routing}"),
            Some(expected) => assert_eq!(routing.to_string(), expected, "{pattern}"),
        }
    }
    // S19: each filter matches a separate line.
    let routing = world(json!([{"x": "1"}, {"x": "2"}])).send(&twice);
    assert!(either("S17", &routing), "{routing}");
    // The lines of another header do not matter.
    assert_eq!(world(json!({"y": "1"})).send(&twice).to_string(), V1);
}

#[test]
fn combines_readings_of_paths_and_headers() {
    // S5, S17: four answers, and the first rule that differs.
    let world = World::shop()
        .tcp("v3", &[80])
        .group("both", &json!([{"pathRegex": "/b", "headers": {"x": "1,2"}}]))
        .group("path", &json!([{"pathRegex": "/b"}]))
        .group("header", &json!([{"headers": {"x": "1,2"}}]))
        .split_of("a", "2020-01-01T00:00:00Z", &some_to("v1", "both"))
        .split_of("b", "2021-01-01T00:00:00Z", &some_to("v2", "path"))
        .split_of("c", "2022-01-01T00:00:00Z", &some_to("v3", "header"));
    let routing = world.send(&request("GET", "/%62", &[("x", "1"), ("x", "2")]));
    let Routing::Either { rule, of } = routing else {
        panic!("{routing}");
    };
    assert_eq!(rule, "S5");
    let of: Vec<String> = of.iter().map(ToString::to_string).collect();
    assert_eq!(of, [V1, V2, "v3.shop:80", ROOT]);
}

#[test]
fn the_number_of_forms_is_bounded() {
    // S5
    let hostile = r"http://host\a/%41%2f/%2e%2e;x/..;y/../.^{".repeat(200);
    let (_, forms) = forms(&hostile);
    assert!(forms.len() < 256, "{}", forms.len());
}

proptest! {
    #[test]
    fn forms_are_few_and_distinct(path in ANY) {
        let (received, others) = forms(&path);
        prop_assert!(path.starts_with(received));
        prop_assert!(!received.contains(['?', '#']));
        prop_assert!(others.len() < 256);
        let mut all = vec![received];
        all.extend(others.iter().map(String::as_str));
        let distinct: BTreeSet<&str> = all.iter().copied().collect();
        prop_assert_eq!(distinct.len(), all.len());
    }
}
