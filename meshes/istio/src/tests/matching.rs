use super::*;

fn taken(condition: Value, path: &str, headers: &[(&str, &str)]) -> bool {
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

fn refused(condition: Value, headers: &[(&str, &str)]) -> String {
    ask(&[matching(condition)], &world(), "web", 80, request("/", headers)).unwrap_err()
}

#[test]
fn the_case_of_a_path_may_be_ignored() {
    let exact = |ignore: bool| json!({"uri": {"exact": "/A"}, "ignoreUriCase": ignore});
    assert!(taken(exact(true), "/a", &[]));
    assert!(!taken(exact(false), "/a", &[]));
    assert!(taken(json!({"uri": {}}), "/a", &[]), "no form is any path");
}

#[test]
fn an_absent_header_is_an_empty_one_to_a_negated_match() {
    let without = |pattern: Value| json!({"withoutHeaders": {"x": pattern}});
    assert!(taken(without(json!({"exact": "a"})), "/", &[]));
    assert!(taken(without(json!({"exact": "a"})), "/", &[("x", "b")]));
    assert!(!taken(without(json!({"exact": "a"})), "/", &[("x", "a")]));
    assert!(!taken(without(json!({"regex": ".*"})), "/", &[]));
    assert!(taken(without(json!({})), "/", &[]));
    assert!(!taken(without(json!({})), "/", &[("X", "")]));
    assert!(!taken(without(json!({"prefix": "a"})), "/", &[("x", "a"), ("x", "ab")]));
    let reason = refused(without(json!({"exact": "a"})), &[("x", "a"), ("x", "b")]);
    assert!(reason.contains("lines differ"), "{reason}");
}

#[test]
fn the_host_is_the_authority() {
    for field in ["host", "Host", ":authority"] {
        let host = json!({"headers": {field: {"exact": "web.d"}}});
        assert!(taken(host.clone(), "/", &[("host", "web.d")]), "{field}");
        assert!(!taken(host.clone(), "/", &[("Host", "web.d:80")]), "{field}");
        assert!(!taken(host.clone(), "/", &[("Host", "web.D")]), "{field}");
        assert!(refused(host, &[]).contains("authority"), "{field}");
    }
    assert!(taken(
        json!({"authority": {"prefix": "web"}}),
        "/",
        &[("host", "web.d")]
    ));
}

#[test]
fn a_part_that_fails_outweighs_what_is_not_modelled() {
    let query = json!({"queryParams": {"a": {"exact": "b"}}, "headers": {"x": {}}});
    assert!(!taken(query.clone(), "/", &[]));
    assert!(refused(query, &[("x", "")]).contains("query parameters"));
}

#[test]
fn headers_that_a_sidecar_adds_and_takes() {
    let header = |name: &str, pattern: Value| json!({"headers": {name: pattern}});
    let any = || json!({"regex": ".*"});
    assert!(taken(header("x-request-id", any()), "/", &[]));
    assert!(refused(header("x-request-id", json!({"prefix": "a"})), &[]).contains("makes up"));
    assert!(taken(
        header("x-request-id", json!({"exact": "a"})),
        "/",
        &[("x-request-id", "a")]
    ));
    assert!(taken(header("X-Forwarded-Proto", json!({"exact": "http"})), "/", &[]));
    assert!(taken(json!({"scheme": {"exact": "http"}}), "/", &[]));
    for name in [
        "x-forwarded-client-cert",
        "x-envoy-internal",
        "connection",
        "upgrade",
        "keep-alive",
        "te",
    ] {
        assert!(!taken(header(name, any()), "/", &[(name, "h2c")]), "{name}");
    }
    assert!(taken(header("te", any()), "/", &[("te", "trailers")]));
    assert!(!taken(
        header("x-a", any()),
        "/",
        &[("x-a", "1"), ("Connection", "close, X-A")]
    ));
    assert!(refused(header("x-envoy-retry-on", any()), &[("x-envoy-retry-on", "5xx")]).contains("x-envoy-retry-on"));
    assert!(taken(header("x-a", json!({"exact": "v"})), "/", &[("X-A", "  v\t")]));
}

#[test]
fn who_asks_and_from_where() {
    assert!(taken(json!({"sourceNamespace": "c"}), "/", &[]));
    assert!(!taken(json!({"sourceNamespace": "d"}), "/", &[]));
    assert!(
        taken(json!({"gateways": ["mesh"], "sourceNamespace": "d"}), "/", &[]),
        "gateways outweigh it"
    );
    assert!(!taken(json!({"gateways": ["d/gw"]}), "/", &[]));
    assert!(refused(json!({"sourceLabels": {"a": "b"}}), &[]).contains("labels of the client"));
}

#[test]
fn requests_that_no_route_sees() {
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
