use super::*;

/// Returns the paths or values of one match, or its inexpressible fields. The diagnostic on the target is left out.
fn encoded(planned: &Planned) -> Result<Value, Vec<String>> {
    let grants = grants(planned);
    let Some(grant) = grants.first() else {
        let reported = reported(planned);
        assert!(
            reported.contains(&"Inexpressible TrafficTarget shop/t".to_owned()),
            "{reported:?}"
        );
        let prefix = "Inexpressible HTTPRouteGroup shop/g ";
        let fields = reported.iter().filter_map(|diagnostic| diagnostic.strip_prefix(prefix));
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

fn inexpressible(field: &str) -> Vec<String> {
    vec![format!("spec.matches[0].{field}")]
}

#[test]
fn encodes_paths_as_values() {
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
fn reports_inexpressible_paths() {
    // The first SMI adapter for Istio wrote all of them unchanged, although `paths` are not regular expressions.
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
    ] {
        assert_eq!(path(regex), Err(inexpressible("pathRegex")), "{regex}");
    }
}

#[test]
fn every_path_needs_no_values() {
    // S13: a path has at least one character, and begins with a slash except for the asterisk of OPTIONS.
    for regex in [".+", "/?.*", "(/|.*)", "[^x]?.*"] {
        assert_eq!(path(regex), Ok(Value::Null), "{regex}");
    }
    assert_eq!(path("/.*"), Ok(json!(["/*"])));
    assert_eq!(path("/?api"), Ok(json!(["/api"])));
}

#[test]
fn grants_nothing_for_patterns_that_match_no_path() {
    // S5
    for regex in ["/a\\?b=1", "/a\\?.*", "/a#b", "/é", "/a b", "()"] {
        let planned = of_matches(&format!("{{name: a, pathRegex: '{regex}'}}"));
        assert!(grants(&planned).is_empty(), "{regex}");
        let never = "NeverMatches HTTPRouteGroup shop/g spec.matches[0].pathRegex";
        assert_eq!(
            reported(&planned),
            [never, "UnresolvedRef TrafficTarget shop/t spec.rules[0].name"],
            "{regex}"
        );
    }
}

#[test]
fn reports_dots_that_are_probably_meant_literally() {
    let message = |regex: &str| {
        let planned = of_matches(&format!("{{name: a, pathRegex: '{regex}'}}"));
        let mut diagnostics = planned.diagnostics.into_iter();
        let found = diagnostics.find(|it| it.code == Code::Inexpressible);
        found.map(|it| it.message).unwrap_or_default()
    };
    let hint = "write `/v1\\.0/.*` if the dot itself is meant";
    assert!(message("/v1.0/.*").contains(hint), "{}", message("/v1.0/.*"));
    for regex in ["/[a.]+", "/a.+/b", "/a.b[0-9]+"] {
        assert!(!message(regex).contains("dot"), "{}", message(regex));
    }
}

#[test]
fn encodes_headers_as_values() {
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
fn reports_inexpressible_headers() {
    for regex in ["", ".+", "[0-9]+", "a\\*", "\\*a", "\\*", "a.*b", ".*a.*"] {
        assert_eq!(header("x-a", regex), Err(inexpressible("headers.x-a")), "{regex}");
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
        assert_eq!(header(name, "a"), Err(inexpressible(&field)), "{name}");
    }
}

#[test]
fn methods_with_a_star_are_not_prefixes() {
    // S8
    let encoded = encoded(&of_matches("{name: a, methods: [GET, 'G*']}"));
    assert_eq!(encoded, Err(inexpressible("methods")));
    let planned = of_matches("{name: a, methods: [GET, 'G*T']}");
    assert_eq!(
        rules(&planned)[0]["to"][0]["operation"]["methods"],
        json!(["G*T", "GET"])
    );
}

#[test]
fn keeps_the_other_matches_of_a_group() {
    let planned = of_matches("{name: a, pathRegex: '/a/[0-9]+', headers: [{te: a}]}, {name: b, pathRegex: /b}");
    assert_eq!(
        rules(&planned),
        json!([rule(&json!([{"operation": {"methods": ["*"], "paths": ["/b"]}}]))])
    );
    assert_eq!(
        reported(&planned),
        [
            "Inexpressible HTTPRouteGroup shop/g spec.matches[0].headers.te",
            "Inexpressible HTTPRouteGroup shop/g spec.matches[0].pathRegex",
        ]
    );
    let mut diagnostics = planned.diagnostics.iter();
    let inexpressible = diagnostics.find(|diagnostic| diagnostic.code == Code::Inexpressible);
    assert!(inexpressible.unwrap().message.contains("traffic target `shop/t`"));
}
