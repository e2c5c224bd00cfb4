use super::*;
use serde_json::json;

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
    Request {
        method: method.into(),
        path: path.into(),
        headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
    }
}

fn read(value: &Value) -> Match {
    Match::read(value, Api::Linkerd).unwrap()
}

fn takes(value: &Value, request: &Request) -> bool {
    read(value).summary(request, Proxy::Server).unwrap().is_some()
}

fn path(kind: &str, value: &str, path: &str) -> bool {
    takes(
        &json!({"path": {"type": kind, "value": value}}),
        &request("GET", path, &[]),
    )
}

#[test]
fn prefixes_match_by_segment_without_normalisation() {
    for prefix in ["/api", "/api/"] {
        for (asked, expected) in [
            ("/api", true),
            ("/api/", true),
            ("/api/v1", true),
            ("/api?q=1", true),
            ("/api/../metrics", true),
            ("/apix", false),
            ("/API", false),
            ("/%61pi", false),
            ("//api", false),
            ("/", false),
            ("", false),
        ] {
            assert_eq!(path("PathPrefix", prefix, asked), expected, "{prefix} {asked}");
        }
    }
    assert!(path("PathPrefix", "/", "") && path("PathPrefix", "/", "*"));
}

#[test]
fn exact_paths_ignore_the_query() {
    assert!(path("Exact", "/api", "/api?q=1") && path("Exact", "/", ""));
    assert!(!path("Exact", "/api", "/api/") && !path("Exact", "/api?q=1", "/api?q=1"));
}

#[test]
fn the_leftmost_match_of_a_regular_expression_must_span_the_path() {
    assert!(path("RegularExpression", "/a|/ab", "/a") && !path("RegularExpression", "/a|/ab", "/ab"));
    assert!(path("RegularExpression", "^(?:/a|/ab)$", "/ab"));
    assert!(!path("RegularExpression", "/a", "/x/a") && !path("RegularExpression", "", "/"));
    assert!(!path("RegularExpression", "/a.*?", "/ab"));
    assert!(!path("RegularExpression", r"/a\?q", "/a?q"));
}

#[test]
fn matches_any_value_of_a_repeated_header() {
    let regex = json!({"headers": [{"name": "X-A", "type": "RegularExpression", "value": "v1|v12"}]});
    let with = |headers| takes(&regex, &request("GET", "/", headers));
    assert!(with(&[("x-a", "v2"), ("x-A", "v1")]) && with(&[("x-a", "é"), ("x-a", "v1")]));
    assert!(!with(&[("x-a", "v12")]) && !with(&[("x-a", " v1")]) && !with(&[("x-a", "v1,v2")]) && !with(&[]));
    let both = json!({"headers": [{"name": "x-a", "value": "1"}, {"name": "X-A", "value": "2"}]});
    assert!(!takes(&both, &request("GET", "/", &[("x-a", "1")])));
    assert!(takes(&both, &request("GET", "/", &[("x-a", "1"), ("x-a", "2")])));
}

#[test]
fn compares_paths_before_headers_and_headers_before_methods() {
    let asked = request("GET", "/api", &[("x", "1")]);
    let summary = |value: Value| read(&value).summary(&asked, Proxy::Server).unwrap().unwrap();
    let header = json!([{"name": "x", "value": "1"}]);
    let order = [
        summary(json!({})),
        summary(json!({"method": "GET"})),
        summary(json!({"headers": header})),
        summary(json!({"headers": header, "method": "GET"})),
        summary(json!({"path": {"value": "/api"}})),
        summary(json!({"path": {"type": "RegularExpression", "value": ".*"}, "method": "GET"})),
    ];
    assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    assert_eq!(summary(json!({})), Summary::ANYTHING);
    let exact = summary(json!({"path": {"type": "Exact", "value": "/api"}}));
    assert_eq!(
        exact,
        summary(json!({"path": {"type": "RegularExpression", "value": "/api"}}))
    );
}

#[test]
fn rejects_invalid_matches() {
    for value in [
        json!({"path": {"type": "RegularExpression", "value": "/foo/{id}"}}),
        json!({"path": {"type": "RegularExpression", "value": "/(?=a)"}}),
        json!({"path": {"type": "Exact", "value": "api"}}),
        json!({"path": {"value": "api"}}),
        json!({"path": {"type": "Prefix", "value": "/"}}),
        json!({"path": {"value": "/".repeat(1025)}}),
        json!({"method": "get"}),
        json!({"method": "*"}),
        json!({"headers": [{"name": "x a", "value": "1"}]}),
        json!({"headers": [{"name": "x", "value": ""}]}),
        json!({"headers": [{"name": "x", "value": "a\n"}]}),
        json!({"headers": [{"name": "x", "value": "1", "type": "Prefix"}]}),
        json!({"headers": [{"name": "x", "value": "1"}, {"name": "x", "value": "2"}]}),
        json!({"headers": [{"name": "x", "value": "(", "type": "RegularExpression"}]}),
        json!({"queryParams": [{"name": "x", "value": "(", "type": "RegularExpression"}]}),
    ] {
        let read = Match::read(&value, Api::Linkerd);
        assert!(matches!(read, Err(ReadError::Rejected(_))), "{value}: {read:?}");
    }
    for unusual in ["/a//b", "/a/.", "/a/../b", "/%2F", "/%6", "/a b", "/%zz", "/#"] {
        let value = json!({"path": {"value": unusual}});
        assert!(
            matches!(Match::read(&value, Api::Gateway), Err(ReadError::Rejected(_))),
            "{unusual}"
        );
        assert!(Match::read(&value, Api::Linkerd).is_ok(), "{unusual}");
    }
    assert!(Match::read(&json!({"path": {"value": "/%61/b-c"}}), Api::Gateway).is_ok());
}

#[test]
fn does_not_model_matches_that_depend_on_the_environment() {
    let asked = request("GET", "/?q=1+1", &[("host", "web")]);
    for value in [
        json!({"queryParams": [{"name": "q", "value": "1"}]}),
        json!({"headers": [{"name": "Host", "value": "web"}]}),
        json!({"headers": [{"name": "l5d-client-id", "value": "x"}]}),
    ] {
        assert!(read(&value).summary(&asked, Proxy::Client).is_err(), "{value}");
    }
    // It does not matter if another part of the match excludes the request.
    let other = json!({"method": "POST", "queryParams": [{"name": "q", "value": "1"}]});
    assert_eq!(read(&other).summary(&asked, Proxy::Client), Ok(None));
    assert!(matches!(
        Match::read(&json!({"path": {"value": "//"}}), Api::Linkerd),
        Err(ReadError::Unmodelled(_))
    ));
}

#[test]
fn matches_any_value_of_a_query_parameter() {
    let two = json!({"queryParams": [
        {"name": "q", "value": "1"}, {"name": "p", "type": "RegularExpression", "value": "2.*"}
    ]});
    let asked = |path| takes(&two, &request("GET", path, &[]));
    assert!(asked("/?q=2&p=23&q=%31") && !asked("/?q=1&p=3") && !asked("/?q=1") && !asked("/"));
    let named = read(&two).summary(&request("GET", "/?p=2&q=1", &[]), Proxy::Client);
    let plain = read(&json!({"method": "GET"})).summary(&request("GET", "/", &[]), Proxy::Client);
    assert!(named.unwrap() > plain.unwrap());
}

#[test]
fn only_the_proxy_of_the_server_sets_the_client_identity() {
    let id = json!({"headers": [{"name": "L5d-Client-Id", "value": "x"}]});
    let asked = request("GET", "/", &[("l5d-client-id", "x")]);
    assert!(takes(&id, &asked) && read(&id).summary(&asked, Proxy::Client).is_err());
    let other = json!({"headers": [{"name": "l5d-dst", "value": "x"}]});
    assert!(read(&other).summary(&asked, Proxy::Server).is_err());
}
