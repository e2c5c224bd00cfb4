use super::*;

fn matches(condition: Value, path: &str, headers: &[(&str, &str)]) -> bool {
    match ask(
        &[matching(condition.clone())],
        &world(),
        "web",
        80,
        request(path, headers),
    )
    .as_deref()
    {
        Ok("v1.d:80") => true,
        Ok("v2.d:80") => false,
        other => panic!("{condition} {path} {headers:?}: {other:?}"),
    }
}

fn rejection(condition: Value, headers: &[(&str, &str)]) -> String {
    ask(&[matching(condition)], &world(), "web", 80, request("/", headers)).unwrap_err()
}

#[test]
fn paths_can_ignore_case() {
    let exact = |ignore: bool| json!({"uri": {"exact": "/A"}, "ignoreUriCase": ignore});
    assert!(matches(exact(true), "/a", &[]));
    assert!(!matches(exact(false), "/a", &[]));
    assert!(
        matches(json!({"uri": {}}), "/a", &[]),
        "without a form it matches any path"
    );
}

#[test]
fn negated_matches_treat_absent_headers_as_empty() {
    let without = |pattern: Value| json!({"withoutHeaders": {"x": pattern}});
    assert!(matches(without(json!({"exact": "a"})), "/", &[]));
    assert!(matches(without(json!({"exact": "a"})), "/", &[("x", "b")]));
    assert!(!matches(without(json!({"exact": "a"})), "/", &[("x", "a")]));
    assert!(!matches(without(json!({"regex": ".*"})), "/", &[]));
    assert!(matches(without(json!({})), "/", &[]));
    assert!(!matches(without(json!({})), "/", &[("X", "")]));
    assert!(!matches(
        without(json!({"prefix": "a"})),
        "/",
        &[("x", "a"), ("x", "ab")]
    ));
    let reason = rejection(without(json!({"exact": "a"})), &[("x", "a"), ("x", "b")]);
    assert!(reason.contains("lines differ"), "{reason}");
}

#[test]
fn host_headers_match_the_authority() {
    for field in ["host", "Host", ":authority"] {
        let host = json!({"headers": {field: {"exact": "web.d"}}});
        assert!(matches(host.clone(), "/", &[("host", "web.d")]), "{field}");
        assert!(!matches(host.clone(), "/", &[("Host", "web.d:80")]), "{field}");
        assert!(!matches(host.clone(), "/", &[("Host", "web.D")]), "{field}");
        assert!(rejection(host, &[]).contains("authority"), "{field}");
    }
    assert!(matches(
        json!({"authority": {"prefix": "web"}}),
        "/",
        &[("host", "web.d")]
    ));
}

#[test]
fn an_authority_with_other_characters_is_refused() {
    for host in ["web.d/x", "web.d?", "web d", "w\u{e9}b"] {
        let answer = ask(&[], &world(), "web", 80, request("/", &[("host", host)]));
        assert!(answer.is_ok_and(|answer| answer.contains("400")), "{host}");
    }
}

#[test]
fn a_failing_part_decides_over_parts_that_are_not_modelled() {
    let query = json!({"queryParams": {"a": {"exact": "b"}}, "headers": {"x": {}}});
    assert!(!matches(query.clone(), "/", &[]));
    assert!(rejection(query, &[("x", "")]).contains("query parameters"));
}

#[test]
fn models_headers_that_a_sidecar_adds_and_removes() {
    let header = |name: &str, pattern: Value| json!({"headers": {name: pattern}});
    let any = || json!({"regex": ".*"});
    assert!(matches(header("x-request-id", any()), "/", &[]));
    assert!(rejection(header("x-request-id", json!({"prefix": "a"})), &[]).contains("generates"));
    assert!(matches(
        header("x-request-id", json!({"exact": "a"})),
        "/",
        &[("x-request-id", "a")]
    ));
    assert!(matches(header("X-Forwarded-Proto", json!({"exact": "http"})), "/", &[]));
    assert!(matches(json!({"scheme": {"exact": "http"}}), "/", &[]));
    for name in [
        "x-forwarded-client-cert",
        "x-envoy-internal",
        "connection",
        "upgrade",
        "keep-alive",
        "te",
    ] {
        assert!(!matches(header(name, any()), "/", &[(name, "h2c")]), "{name}");
    }
    assert!(matches(header("te", any()), "/", &[("te", "trailers")]));
    assert!(!matches(
        header("x-a", any()),
        "/",
        &[("x-a", "1"), ("Connection", "close, X-A")]
    ));
    assert!(rejection(header("x-envoy-retry-on", any()), &[("x-envoy-retry-on", "5xx")]).contains("x-envoy-retry-on"));
    assert!(matches(header("x-a", json!({"exact": "v"})), "/", &[("X-A", "  v\t")]));
}

#[test]
fn matches_the_namespace_of_the_client() {
    assert!(matches(json!({"sourceNamespace": "c"}), "/", &[]));
    assert!(!matches(json!({"sourceNamespace": "d"}), "/", &[]));
    assert!(
        matches(json!({"gateways": ["mesh"], "sourceNamespace": "d"}), "/", &[]),
        "gateways take precedence"
    );
    assert!(!matches(json!({"gateways": ["d/gw"]}), "/", &[]));
    assert!(rejection(json!({"sourceLabels": {"a": "b"}}), &[]).contains("labels of the client"));
}

#[test]
fn some_requests_reach_no_route() {
    let any = [matching(json!({"uri": {"prefix": "/"}}))];
    let ask = |method: &str, path: &str| {
        let traffic = Traffic::Http(Request {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
        });
        super::ask(&any, &world(), "web", 80, traffic)
    };
    assert_eq!(ask("GET", "/%00"), Ok("status 400".into()));
    assert_eq!(ask("OPTIONS", "*"), Ok("status 404".into()));
    for (method, path) in [
        ("get", "/"),
        ("FOO", "/"),
        ("CONNECT", "web:80"),
        ("GET", "*"),
        ("GET", "/a b"),
    ] {
        assert!(ask(method, path).is_err(), "{method} {path}");
    }
    assert!(get(&any, &[("Connection", "Upgrade"), ("Upgrade", "x")]).is_err());
    assert_eq!(
        get(&any, &[("Connection", "Upgrade"), ("Upgrade", "websocket")]),
        Ok("v1.d:80".into())
    );
    assert!(get(&any, &[("a b", "c")]).is_err());
}
