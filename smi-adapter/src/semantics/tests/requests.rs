//! Requests: the matches of route groups that they fulfil.

use super::*;
use crate::settings::{HeaderAnchor, PathAnchor};

/// Returns `true` if a request fulfils a group with these matches, under these settings.
fn fulfils(settings: &Settings, matches: &Value, request: &Request) -> bool {
    let mut world = World::shop().group("g", matches).split("a", &some_to("v1", "g"));
    world.settings = settings.clone();
    match world.send(request).to_string().as_str() {
        V1 => true,
        ROOT => false,
        other => panic!("{other}"),
    }
}

fn path_fulfils(anchor: PathAnchor, pattern: &str, path: &str) -> bool {
    let settings = Settings {
        path_anchor: anchor,
        ..Settings::default()
    };
    fulfils(&settings, &json!([{"pathRegex": pattern}]), &request("GET", path, &[]))
}

fn header_fulfils(anchor: HeaderAnchor, headers: &Value, sent: &[(&str, &str)]) -> bool {
    let settings = Settings {
        header_anchor: anchor,
        ..Settings::default()
    };
    fulfils(&settings, &json!([{"headers": headers}]), &request("GET", "/", sent))
}

#[test]
fn patterns_of_paths_are_anchored() {
    // S4, S5, S7, S13; the last two columns are for PathAnchor::Full and PathAnchor::Start.
    for (pattern, path, full, start) in [
        ("/api", "/api", true, true),
        ("/api", "/api/x", false, true),
        ("/api", "/apix", false, true),
        ("/api", "/x/api", false, false),
        ("api", "/api", false, false),
        ("/API", "/api", false, false),
        ("/api/.*", "/api/x", true, true),
        ("/api/.*", "/api", false, false),
        ("/a|/b", "/a", true, true),
        ("/a|/b", "/b", true, true),
        ("/a|/b", "/ab", false, true),
        ("/a|/b", "/x/b", false, false),
        ("/a|/ab", "/ab", true, true),
        ("^/api$", "/api", true, true),
        ("^/api$", "/apix", false, false),
        ("/api$", "/api/x", false, false),
        ("/api", "/api?x=/y", true, true),
        ("/api", "/api#x", true, true),
        ("/api#x", "/api#x", false, false),
        (r"/api\?x", "/api?x", false, false),
        ("/a.b", "/a\nb", false, false),
        ("/a", "/a\n", false, true),
        (r"/\d", "/7", true, true),
        (r"/\d", "/\u{667}", false, false),
        ("", "/anything", true, true),
        ("", "", true, true),
        ("/", "", false, false),
        ("(?i)/Api", "/aPI", true, true),
    ] {
        assert_eq!(
            path_fulfils(PathAnchor::Full, pattern, path),
            full,
            "{pattern} {path:?}"
        );
        assert_eq!(
            path_fulfils(PathAnchor::Start, pattern, path),
            start,
            "{pattern} {path:?}"
        );
    }
}

#[test]
fn a_pattern_that_is_not_portable_matches_nothing() {
    // S6
    let get = request("GET", "/a&", &[("x", "a&"), ("y", "1")]);
    let settings = Settings::default();
    for pattern in ["[a&&b]", "(?!b).*", ".*++", r"\Q", "{", "a{1001}", "(", r"\pL"] {
        for matching in [
            json!({"pathRegex": pattern}),
            json!({"pathRegex": "/.*", "headers": {"x": pattern}}),
            json!({"pathRegex": "/.*", "headers": [{"y": "1"}, {"x": pattern}]}),
        ] {
            assert!(!fulfils(&settings, &json!([matching]), &get), "{matching}");
            // S15: the other match still counts.
            assert!(
                fulfils(&settings, &json!([matching, {"name": "all"}]), &get),
                "{matching}"
            );
        }
    }
}

#[test]
fn accepts_large_portable_patterns() {
    // S6: the engine's own limit does not apply.
    let path = format!("/{}", "é".repeat(1000));
    for pattern in ["/.{1000}", r"/\W{1000}", "(?i)/[^k]{900}é{100}"] {
        assert!(path_fulfils(PathAnchor::Full, pattern, &path), "{pattern}");
        assert!(!path_fulfils(PathAnchor::Full, pattern, "/é"), "{pattern}");
    }
}

#[test]
fn methods_are_compared_exactly() {
    // S8, S13
    for (methods, method, expected) in [
        (json!(["GET"]), "GET", true),
        (json!(["GET"]), "POST", false),
        (json!(["GET"]), "get", false),
        (json!(["get"]), "GET", false),
        (json!(["get"]), "get", true),
        (json!(["POST", "GET"]), "GET", true),
        (json!(["*"]), "PURGE", true),
        (json!(["GET", "*"]), "POST", true),
        (json!(["G*"]), "GET", false),
        (json!(["G*"]), "G*", true),
        (json!([""]), "GET", false),
        (json!(["GET "]), "GET", false),
        (json!([]), "GET", true),
        (Value::Null, "GET", true),
    ] {
        let matches = json!([{"methods": methods}]);
        let sent = request(method, "/", &[]);
        assert_eq!(
            fulfils(&Settings::default(), &matches, &sent),
            expected,
            "{methods} {method}"
        );
    }
}

#[test]
fn matches_grpc_calls_as_posts() {
    // S1
    let matches = json!([{"pathRegex": r"/pkg\.Svc/.*", "methods": ["POST"]}]);
    let settings = Settings::default();
    assert!(fulfils(&settings, &matches, &request("POST", "/pkg.Svc/Call", &[])));
    assert!(!fulfils(&settings, &matches, &request("POST", "/pkg.Other/Call", &[])));
}

#[test]
fn header_values_are_anchored() {
    // S12, S18; the last two columns are for HeaderAnchor::Full and HeaderAnchor::Search.
    for (pattern, sent, full, search) in [
        ("one", &[("x", "one")][..], true, true),
        ("one", &[("x", "one two")], false, true),
        ("one", &[("x", "ONE")], false, false),
        ("one", &[("x", "")], false, false),
        ("one", &[], false, false),
        ("one", &[("y", "one")], false, false),
        (".*one.*", &[("x", "one two")], true, true),
        ("a|b", &[("x", "ab")], false, true),
        ("a|b", &[("x", "b")], true, true),
        ("^a$", &[("x", "ba")], false, false),
        ("", &[("x", "")], true, true),
        ("", &[("x", "a")], false, true),
        ("", &[], false, false),
        (".*", &[("x", "")], true, true),
        (".*", &[], false, false),
    ] {
        let filter = json!({"x": pattern});
        assert_eq!(
            header_fulfils(HeaderAnchor::Full, &filter, sent),
            full,
            "{pattern} {sent:?}"
        );
        assert_eq!(
            header_fulfils(HeaderAnchor::Search, &filter, sent),
            search,
            "{pattern} {sent:?}"
        );
    }
}

#[test]
fn header_names_ignore_case() {
    // S11, S16
    for (name, sent, expected) in [
        ("X-User", "x-uSER", true),
        ("x-user", "X-USER", true),
        ("x_user", "x-user", false),
        ("host", "Host", true),
        (":method", ":method", false),
        ("a b", "a b", false),
        ("é", "é", false),
        ("x:", "x:", false),
        ("!#$%&'*+-.^_`|~", "!#$%&'*+-.^_`|~", true),
    ] {
        let filter = json!({name: "v"});
        assert_eq!(
            header_fulfils(HeaderAnchor::Full, &filter, &[(sent, "v")]),
            expected,
            "{name}"
        );
    }
    // S11: an invalid name makes its match match nothing.
    assert!(!header_fulfils(
        HeaderAnchor::Full,
        &json!({"x": "1", ":path": "/"}),
        &[("x", "1"), (":path", "/")]
    ));
}

#[test]
fn matches_the_authority_as_header_host() {
    // S11
    let host =
        |pattern: &str, sent: &str| header_fulfils(HeaderAnchor::Full, &json!({"host": pattern}), &[("host", sent)]);
    assert!(host(r"web:80", "web:80"));
    assert!(!host("web", "web:80"));
    assert!(!host("web", "WEB"));
}

#[test]
fn every_header_filter_must_hold() {
    // S14, S19
    for (filters, sent, expected) in [
        (json!({"x": "1", "y": "2"}), &[("x", "1"), ("y", "2")][..], true),
        (json!({"x": "1", "y": "2"}), &[("x", "1")], false),
        (json!({"x": "1", "y": "2"}), &[("x", "1"), ("y", "1")], false),
        (json!([{"x": "1"}, {"y": "2"}]), &[("x", "1")], false),
        (json!([{"x": "a.*"}, {"x": ".*b"}]), &[("x", "ab")], true),
        (json!([{"x": "a.*"}, {"x": ".*b"}]), &[("x", "a")], false),
        (json!([{"x": "a.*"}, {"X": ".*b"}]), &[("x", "b")], false),
        (json!([]), &[], true),
        (Value::Null, &[], true),
    ] {
        assert_eq!(
            header_fulfils(HeaderAnchor::Full, &filters, sent),
            expected,
            "{filters} {sent:?}"
        );
    }
}

#[test]
fn a_lost_filter_matches_nothing() {
    // I6
    for filters in [
        json!({}),
        json!([{}]),
        json!({"x": null}),
        json!([{"x": "1"}, {}]),
        json!({"x": 1}),
    ] {
        assert!(
            !header_fulfils(HeaderAnchor::Full, &filters, &[("x", "1")]),
            "{filters}"
        );
    }
}

#[test]
fn a_match_requires_all_its_conditions() {
    // S10, S13, T12
    let settings = Settings::default();
    let matches = json!([{"pathRegex": "/a", "methods": ["GET"], "headers": {"x": "1"}}]);
    assert!(fulfils(&settings, &matches, &request("GET", "/a", &[("x", "1")])));
    assert!(!fulfils(&settings, &matches, &request("GET", "/b", &[("x", "1")])));
    assert!(!fulfils(&settings, &matches, &request("PUT", "/a", &[("x", "1")])));
    assert!(!fulfils(&settings, &matches, &request("GET", "/a", &[("x", "2")])));
}

#[test]
fn any_match_is_enough() {
    // S2, S3, S15, S20, S21
    let settings = Settings::default();
    let matches = json!([{"name": "a", "pathRegex": "/a"}, {"name": "a", "pathRegex": "/b"}, {"methods": ["PUT"]}]);
    for (method, path, expected) in [
        ("GET", "/a", true),
        ("GET", "/b", true),
        ("PUT", "/", true),
        ("GET", "/", false),
    ] {
        assert_eq!(
            fulfils(&settings, &matches, &request(method, path, &[])),
            expected,
            "{method} {path}"
        );
    }
    assert!(fulfils(
        &settings,
        &json!([{"name": "only"}]),
        &request("GET", "/", &[])
    ));
    assert!(fulfils(&settings, &json!([{}]), &request("GET", "/", &[])));
    assert!(!fulfils(&settings, &json!([]), &request("GET", "/", &[])));
}

#[test]
fn headers_count_in_every_version() {
    // S10, S24
    for (version, below_spec) in [
        ("v1alpha1", false),
        ("v1alpha2", false),
        ("v1alpha3", true),
        ("v1alpha4", true),
    ] {
        let matches = json!([{"headers": {"x": "1"}}]);
        let mut group = json!({
            "apiVersion": format!("specs.smi-spec.io/{version}"), "kind": "HTTPRouteGroup",
            "metadata": {"name": "g", "namespace": "shop"},
        });
        if below_spec {
            group["spec"] = json!({"matches": matches});
        } else {
            group["matches"] = matches;
        }
        let world = World::shop().object(&group).split("a", &some_to("v1", "g"));
        assert_eq!(world.get(), ROOT, "{version}");
        assert_eq!(
            world.send(&request("GET", "/", &[("x", "1")])).to_string(),
            V1,
            "{version}"
        );
    }
}
