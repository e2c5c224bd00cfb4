use super::*;

/// The paths or values of one match, or its fields that cannot be said, the target's aside.
fn encoded(planned: &Planned) -> Result<Value, Vec<String>> {
    let grants = grants(planned);
    let Some(grant) = grants.first() else {
        let said = said(planned);
        assert!(
            said.contains(&"Inexpressible TrafficTarget shop/t".to_owned()),
            "{said:?}"
        );
        let prefix = "Inexpressible HTTPRouteGroup shop/g ";
        let fields = said.iter().filter_map(|said| said.strip_prefix(prefix));
        return Err(fields.map(ToOwned::to_owned).collect());
    };
    let rule = &grant.object.spec["rules"][0];
    Ok(match rule.pointer("/when/0/values") {
        Some(values) => values.clone(),
        None => rule["to"][0]["operation"]["paths"].clone(),
    })
}

fn path(regex: &str) -> Result<Value, Vec<String>> {
    encoded(&of_matches(&format!("{{name: a, pathRegex: '{regex}'}}")))
}

fn header(name: &str, regex: &str) -> Result<Value, Vec<String>> {
    encoded(&of_matches(&format!("{{name: a, headers: [{{'{name}': '{regex}'}}]}}")))
}

fn fault(field: &str) -> Vec<String> {
    vec![format!("spec.matches[0].{field}")]
}

#[test]
fn paths_that_istio_can_say() {
    for (regex, paths) in [
        ("/api", json!(["/api"])),
        ("^/api$", json!(["/api"])),
        ("/api/.*", json!(["/api/*"])),
        ("/a(/.*)?", json!(["/a", "/a/*"])),
        (".*/end", json!(["*/end"])),
        ("/v[12]/x|/y", json!(["/v1/x", "/v2/x", "/y"])),
        (".*", Value::Null),
        ("/a\\*b", json!(["/a*b"])),
        ("(?i)/ok", json!(["/OK", "/Ok", "/oK", "/ok"])),
        ("/%7B;a=b:c", json!(["/%7B;a=b:c"])),
    ] {
        assert_eq!(path(regex), Ok(paths), "{regex}");
    }
}

#[test]
fn paths_that_istio_cannot_say() {
    // The predecessor wrote all of them as they stand, where no regular expression is read.
    for regex in [
        "/api/v[0-9]+",
        "/orders/[^/]+",
        "/.+",
        "/a/.+/b",
        "/foo\\*",
        "/foo/\\*.*",
        ".*\\*/a",
        "\\*",
        "/\\{id\\}",
        "/\\{\\*\\}",
        "/a\\?b=1",
        "/a\\?.*",
        "/a#b",
        "/é",
        "/a b",
        "()",
    ] {
        assert_eq!(path(regex), Err(fault("pathRegex")), "{regex}");
    }
}

#[test]
fn headers_that_istio_can_say() {
    for (regex, values) in [
        ("v1", json!(["v1"])),
        ("v1.*", json!(["v1*"])),
        (".*v1", json!(["*v1"])),
        (".*", json!(["*"])),
        ("a|b", json!(["a", "b"])),
        ("a\\*b", json!(["a*b"])),
        ("a b", json!(["a b"])),
        ("\\{a\\}\\?#", json!(["{a}?#"])),
        ("é", json!(["é"])),
    ] {
        assert_eq!(header("X-A", regex), Ok(values), "{regex}");
    }
    // S11: `host` is the authority.
    assert_eq!(header("host", "api\\.shop:80"), Ok(json!(["api.shop:80"])));
}

#[test]
fn headers_that_istio_cannot_say() {
    for regex in ["", ".+", "[0-9]+", "a\\*", "\\*a", "\\*", "a.*b", ".*a.*", "\\x00"] {
        assert_eq!(header("x-a", regex), Err(fault("headers.x-a")), "{regex}");
    }
    for name in [
        "x-request-id",
        "X-Forwarded-Proto",
        "x-forwarded-client-cert",
        "x-envoy-attempt-count",
        "x-envoy-decorator-operation",
        "x-envoy-internal",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "upgrade",
        "transfer-encoding",
    ] {
        let field = format!("headers.{}", name.to_ascii_lowercase());
        assert_eq!(header(name, "a"), Err(fault(&field)), "{name}");
    }
}

#[test]
fn a_method_with_a_star_is_no_prefix() {
    // S8
    let unsaid = encoded(&of_matches("{name: a, methods: [GET, 'G*']}"));
    assert_eq!(unsaid, Err(fault("methods")));
    let planned = of_matches("{name: a, methods: [GET, 'G*T']}");
    assert_eq!(
        rules(&planned)[0]["to"][0]["operation"]["methods"],
        json!(["G*T", "GET"])
    );
}

#[test]
fn the_rest_of_a_group_stays() {
    let planned = of_matches("{name: a, pathRegex: '/a/[0-9]+', headers: [{te: a}]}, {name: b, pathRegex: /b}");
    assert_eq!(
        rules(&planned),
        json!([rule(&json!([{"operation": {"methods": ["*"], "paths": ["/b"]}}]))])
    );
    assert_eq!(
        said(&planned),
        [
            "Inexpressible HTTPRouteGroup shop/g spec.matches[0].headers.te",
            "Inexpressible HTTPRouteGroup shop/g spec.matches[0].pathRegex",
        ]
    );
    let told = planned.diagnostics.iter().find(|said| said.code == Code::Inexpressible);
    assert!(told.unwrap().message.contains("traffic target `shop/t`"));
}
