use super::*;

const CLIENT: &str = "l5d-client-id";

fn client(regex: &str) -> Value {
    json!({"name": CLIENT, "type": "RegularExpression", "value": regex})
}

/// Returns the matches of a group, as translated in the only route that grants access.
fn matches_of(matches: &str) -> Vec<Value> {
    let planned = planned(&format!(
        "{}{}{}",
        checked(),
        group("g", matches),
        target("t", &["web"], &group_rule("g"))
    ));
    let [(_, route)] = granting(&planned)[..] else {
        panic!("{:?}", planned.diagnostics)
    };
    let rules = route["rules"].as_array().unwrap().iter();
    let matches = rules.flat_map(|rule| rule["matches"].as_array().unwrap().clone());
    matches.collect()
}

#[test]
fn translates_the_worked_example() {
    // C.2.8
    let planned = planned(&format!(
        "{}{}{}{}{}{}{}",
        checked(),
        group("metrics", "{name: m, pathRegex: /metrics, methods: [GET]}"),
        group("everything", "{name: m, pathRegex: '.*', methods: ['*']}"),
        tcp_route("all", ""),
        target("prom", &["prometheus"], &group_rule("metrics")),
        target("website", &["website"], &group_rule("everything")),
        target("l4", &["l4client"], "{kind: TCPRoute, name: all}"),
    ));
    let server = "deployment-api-8080";
    let metrics = name(&planned, "HTTPRoute", "deployment-api-prom-");
    assert_eq!(
        *spec(&planned, "HTTPRoute", metrics),
        json!({
            "parentRefs": [server_ref(server)],
            "rules": [{"matches": [{
                "path": {"type": "RegularExpression", "value": "^(?:/metrics)$"},
                "method": "GET",
                "headers": [client(r"^(?:prometheus\.shop)\.serviceaccount\.identity\..+$")],
            }]}],
        })
    );
    let prometheus = name(&planned, "MeshTLSAuthentication", "deployment-api-prom-");
    assert_eq!(
        *spec(&planned, "MeshTLSAuthentication", prometheus),
        json!({"identityRefs": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": "shop"}]})
    );
    assert_eq!(
        *spec(&planned, "AuthorizationPolicy", metrics),
        json!({
            "targetRef": {"group": "policy.linkerd.io", "kind": "HTTPRoute", "name": metrics},
            "requiredAuthenticationRefs":
                [{"group": "policy.linkerd.io", "kind": "MeshTLSAuthentication", "name": prometheus}],
        })
    );
    assert_eq!(
        spec(&planned, "HTTPRoute", "deployment-api-website-")["rules"][0]["matches"],
        json!([{
            "path": {"type": "PathPrefix", "value": "/"},
            "headers": [client(r"^(?:website\.shop)\.serviceaccount\.identity\..+$")],
        }])
    );
    let l4 = spec(&planned, "AuthorizationPolicy", "deployment-api-8080-l4-");
    assert_eq!(l4["targetRef"], server_ref(server));
    // The routes that deny and exempt do not depend on grants.
    spec(&planned, "HTTPRoute", "deployment-api-8080-deny");
    spec(&planned, "HTTPRoute", "deployment-api-8080-probes");
    assert_eq!(specs(&planned, "HTTPRoute").len(), 4);
    assert_eq!(specs(&planned, "AuthorizationPolicy").len(), 4);
    assert_eq!(reported(&planned, Code::Inexpressible), Vec::<String>::new());
    assert_nothing_is_empty(&planned);
}

#[test]
fn translates_every_part_of_a_match() {
    let paths = |matches: &str| {
        let matches = matches_of(matches);
        matches.iter().map(|m| m["path"]["value"].clone()).collect::<Vec<_>>()
    };
    // S13: a match without conditions takes every request, also if matches are left out (A7).
    assert_eq!(paths("{name: m}"), ["/"]);
    assert_eq!(paths("{name: m, pathRegex: '/a|/ab'}"), ["^(?:/a|/ab)$"]);
    let matches = matches_of("{name: m, methods: [POST, GET, PURGE]}");
    let methods: Vec<&Value> = matches.iter().map(|m| &m["method"]).collect();
    assert_eq!(methods, ["GET", "POST"]);
    let headers = matches_of("{name: m, headers: [{X-A: '1|2', x-b: ''}]}");
    assert_eq!(
        headers[0]["headers"].as_array().unwrap()[..2],
        [
            json!({"name": "x-a", "type": "RegularExpression", "value": "^(?:1|2)$"}),
            json!({"name": "x-b", "type": "RegularExpression", "value": "^(?:)$"}),
        ]
    );
    assert_eq!(headers[0]["headers"][2]["name"], CLIENT);
}

#[test]
fn grants_nothing_for_inexpressible_matches() {
    let many: Vec<String> = (0..16).map(|number| format!("x-{number}: a")).collect();
    let long = "a".repeat(1100);
    for (matching, code, field) in [
        ("methods: [PURGE]".to_owned(), Code::Inexpressible, "methods"),
        ("headers: [{host: api}]".to_owned(), Code::Inexpressible, "headers.host"),
        (
            "headers: [{L5d-Client-Id: x}]".to_owned(),
            Code::Inexpressible,
            "headers.l5d-client-id",
        ),
        (
            "headers: [{l5d-other: x}]".to_owned(),
            Code::Inexpressible,
            "headers.l5d-other",
        ),
        (
            "headers: [{connection: close}]".to_owned(),
            Code::Inexpressible,
            "headers.connection",
        ),
        (
            "headers: [{X-A: a}, {x-a: b}]".to_owned(),
            Code::HeaderRepeated,
            "headers.x-a",
        ),
        (
            format!("headers: [{{{}}}]", many.join(", ")),
            Code::Inexpressible,
            "headers",
        ),
        (format!("pathRegex: '/{long}'"), Code::Inexpressible, "pathRegex"),
    ] {
        let planned = planned(&format!(
            "{}{}{}",
            checked(),
            group("g", &format!("{{name: m, {matching}}}")),
            target("t", &["web"], &group_rule("g"))
        ));
        assert!(granting(&planned).is_empty(), "{matching}");
        assert_eq!(specs(&planned, "AuthorizationPolicy").len(), 1, "{matching}");
        let on_group = reported(&planned, code);
        let at = format!("HTTPRouteGroup shop/g spec.matches[0].{field}:");
        assert!(
            on_group.iter().any(|text| text.contains(&at)),
            "{matching}: {on_group:?}"
        );
        let on_target = reported(&planned, Code::Inexpressible);
        assert!(
            on_target.iter().any(|text| text.contains("TrafficTarget shop/t")),
            "{matching}"
        );
    }
}

#[test]
fn keeps_valid_matches_next_to_invalid_ones() {
    // A1: a match that does not compile would disable its whole route.
    let matches =
        matches_of("{name: a, pathRegex: '/{id}'}, {name: b, headers: [{host: x}]}, {name: c, pathRegex: /c}");
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0]["path"]["value"], "^(?:/c)$");
}

#[test]
fn grants_nothing_to_empty_sources() {
    let all = format!("{}{}", checked(), group("g", "{name: m}"));
    let without_sources = target("t", &[], &group_rule("g"));
    let group = "{apiVersion: access.smi-spec.io/v1alpha3, kind: TrafficTarget, metadata: {name: t}, spec: {
        destination: {kind: ServiceAccount, name: api, namespace: shop}, sources: [{kind: Group, name: all, namespace: shop}],
        rules: [{kind: HTTPRouteGroup, name: g}]}}";
    for target in [without_sources.as_str(), group] {
        let planned = planned(&format!("{all}{target}"));
        assert!(granting(&planned).is_empty());
        assert_eq!(specs(&planned, "MeshTLSAuthentication").len(), 1, "the baseline");
        assert_nothing_is_empty(&planned);
    }
}

#[test]
fn separates_spiffe_ids_from_accounts() {
    // A29
    let binding =
        "{apiVersion: access.smi-spec.io/v1alpha4, kind: IdentityBinding, metadata: {name: b}, spec: {schemes: {
        spiffeIdentities: ['other.example/ns/x/sa/web', 'cluster.local/ns/shop/sa/own']}}}\n---\n";
    let target = "{apiVersion: access.smi-spec.io/v1alpha4, kind: TrafficTarget, metadata: {name: t}, spec: {
        destination: {kind: ServiceAccount, name: api, namespace: shop},
        sources: [{kind: IdentityBinding, name: b, namespace: shop}], rules: [{kind: HTTPRouteGroup, name: g}]}}";
    let planned = planned(&format!("{}{}{binding}{target}", checked(), group("g", "{name: m}")));
    let mut leaves = specs(&planned, "MeshTLSAuthentication");
    leaves.retain(|(name, _)| !name.ends_with("baseline"));
    let contents: Vec<&Value> = leaves.iter().map(|(_, spec)| *spec).collect();
    assert!(
        contents.contains(&&json!({"identityRefs": [{"kind": "ServiceAccount", "name": "own", "namespace": "shop"}]}))
    );
    assert!(contents.contains(&&json!({"identities": ["spiffe://other.example/ns/x/sa/web"]})));
    // Each policy has one authentication, each route has one policy and a filter for exactly its clients.
    let clients: Vec<Value> = granting(&planned)
        .iter()
        .map(|(_, route)| route["rules"][0]["matches"][0]["headers"][0].clone())
        .collect();
    assert!(clients.contains(&client(r"^(?:own\.shop)\.serviceaccount\.identity\..+$")));
    assert!(clients.contains(&client(r"^(?:spiffe://other\.example/ns/x/sa/web)$")));
    for (_, policy) in specs(&planned, "AuthorizationPolicy") {
        assert_eq!(policy["requiredAuthenticationRefs"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn accepts_exactly_the_spiffe_ids_that_admission_accepts() {
    // linkerd.md 0.1
    use crate::access::clients::is_admitted;
    for id in [
        "td.example/Ns/Web",
        "td.example/a_b",
        "t_d/a",
        "1.2.3.4/a",
        "td.example/a.b",
    ] {
        assert!(is_admitted(&format!("spiffe://{id}")), "{id}");
    }
    for id in [
        "td.example/a/",
        "td.example/a//b",
        "td.example/a%20b",
        "td.example:8080/a",
        "TD.example/a",
        "td.example/./a",
        "td.example/../a",
        "td.example/a~b",
        "td.example/a?b",
        "td.example",
        "*",
        "td.example/*",
    ] {
        assert!(!is_admitted(&format!("spiffe://{id}")), "{id}");
    }
    assert!(!is_admitted("td.example/a"));
}

#[test]
fn narrows_the_http_layer_by_the_tcp_layer() {
    // A12: the TCP layer narrows the HTTP layer.
    let both = format!("{}, {{kind: TCPRoute, name: r}}", group_rule("g"));
    let planned = planned(&format!(
        "{}{}{}{}",
        with_ports(&[8080, 9090]),
        group("g", "{name: m}"),
        tcp_route("r", "9090"),
        target("t", &["web"], &both)
    ));
    let [(_, route)] = granting(&planned)[..] else { panic!() };
    assert_eq!(route["parentRefs"], json!([server_ref("deployment-api-9090")]));
    let policies = specs(&planned, "AuthorizationPolicy");
    assert!(
        policies
            .iter()
            .all(|(_, policy)| policy["targetRef"]["kind"] == "HTTPRoute")
    );
}

#[test]
fn reports_http_grants_on_opaque_ports() {
    let pods = api(
        ", annotations: {config.linkerd.io/opaque-ports: '9090'}",
        "[{name: c, ports: [{containerPort: 8080}, {containerPort: 9090}]}]",
    );
    let all = format!(
        "{pods}{}{}",
        group("g", "{name: m}"),
        target("t", &["web"], &group_rule("g"))
    );
    let planned = planned(&all);
    let [(_, route)] = granting(&planned)[..] else { panic!() };
    assert_eq!(route["parentRefs"], json!([server_ref("deployment-api-8080")]));
    let not_http = reported(&planned, Code::NotHttp);
    assert!(
        not_http.len() == 1
            && not_http[0].starts_with("warning")
            && not_http[0].contains("TrafficTarget shop/t: port 9090 of")
    );
}

#[test]
fn reports_udp_on_each_target() {
    let route = "{apiVersion: specs.smi-spec.io/v1alpha4, kind: UDPRoute, metadata: {name: r}, spec: {matches: {name: m, ports: [53]}}}\n---\n";
    let planned = planned(&format!(
        "{}{route}{}",
        checked(),
        target("t", &["web"], "{kind: UDPRoute, name: r}")
    ));
    assert_eq!(specs(&planned, "AuthorizationPolicy").len(), 1, "health checks only");
    let open = reported(&planned, Code::NotEnforced);
    let about = open
        .iter()
        .filter(|text| text.contains("TrafficTarget shop/t: Linkerd's proxies do not see UDP"));
    assert_eq!(about.count(), 1, "{open:?}");
}

#[test]
fn reports_grants_for_workloads_without_ports() {
    let planned = planned(&format!(
        "{}{}{}",
        api("", "[{name: c}]"),
        group("g", "{name: m}"),
        target("t", &["web"], &group_rule("g"))
    ));
    assert_eq!(planned.manifests.len(), 1, "the baseline");
    assert!(reported(&planned, Code::Inexpressible)[0].contains("declare its ports"));
}
