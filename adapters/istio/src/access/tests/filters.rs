use super::*;

const GROUP: &str = "{name: a, pathRegex: '/api/v[0-9]+(/.*)?', methods: [GET, PUT], headers: [{x-n: '[0-9]+'}, {x-n: ''}]}, {name: b, pathRegex: /b}";

fn manifests(matches: &str, port: &str) -> String {
    workload("api", "{}", "")
        + &group("g", matches)
        + &route("TCPRoute", "r", port)
        + &target("t", "[{kind: HTTPRouteGroup, name: g}, {kind: TCPRoute, name: r}]")
}

fn filter(planned: &Planned) -> &Manifest {
    let mut filters = planned
        .manifests
        .iter()
        .filter(|manifest| manifest.stage == Stage::Leaf);
    let filter = filters.next().unwrap();
    assert!(filters.next().is_none());
    assert_eq!(filter.object.kind.name(), "EnvoyFilter");
    filter
}

fn rbac(filter: &Manifest) -> &Value {
    filter
        .object
        .spec
        .pointer("/configPatches/0/patch/value/typed_config")
        .unwrap()
}

#[test]
fn a_filter_evaluates_the_inexpressible_matches() {
    let planned = planned_with(&with_filters(), &Settings::default(), &manifests(GROUP, "[8080, 8081]"));
    let filter = filter(&planned);
    let name = filter.object.key().name;
    let hash = name.strip_prefix("deployment-api-").unwrap();
    let key = format!("experimental.envoy.filters.http.rbac[smi_{hash}_shadow_engine_result]");
    assert_eq!(
        rules(&planned),
        json!([
            rule(&json!([{"operation": {"methods": ["*"], "paths": ["/b"], "ports": ["8080", "8081"]}}])),
            {
                "from": from_web(),
                "to": [{"operation": {"methods": ["*"], "ports": ["8080", "8081"]}}],
                "when": [{"key": key, "values": ["allowed"]}],
            },
        ])
    );
    let header = |name: &str, matcher: Value| json!({"header": {"name": name, "string_match": matcher}});
    let regex = |regex: &str| json!({"safe_regex": {"regex": regex}});
    let any = |rules: Value| json!({"or_rules": {"rules": rules}});
    let permission = json!({"and_rules": {"rules": [
        any(json!([{"destination_port": 8080}, {"destination_port": 8081}])),
        {"and_rules": {"rules": [
            {"url_path": {"path": regex("/api/v[0-9]+(/.*)?")}},
            any(json!([header(":method", json!({"exact": "GET"})), header(":method", json!({"exact": "PUT"}))])),
            header("x-n", regex("[0-9]+")),
            header("x-n", regex("(?:)")),
        ]}},
    ]}});
    let principal = json!({"authenticated": {"principal_name": {"exact": "spiffe://cluster.local/ns/front/sa/web"}}});
    let place = json!({"filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}});
    assert_eq!(
        filter.object.spec,
        json!({
            "workloadSelector": {"labels": {"app": "api"}},
            "configPatches": [{
                "applyTo": "HTTP_FILTER",
                "match": {"context": "SIDECAR_INBOUND", "listener": place},
                "patch": {
                    "operation": "INSERT_FIRST",
                    "value": {
                        "name": format!("smi.rbac.{hash}"),
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
                            "shadow_rules_stat_prefix": format!("smi_{hash}_"),
                            "shadow_rules": {
                                "action": "ALLOW",
                                "policies": {"shop.t.0": {"permissions": [permission], "principals": [principal]}},
                            },
                        },
                    },
                },
            }],
        })
    );
    // Istio expresses both filters on one header (S19).
    let duplicate = "DuplicateHeader HTTPRouteGroup shop/g spec.matches[0].headers[1].x-n";
    assert_eq!(reported(&planned), [duplicate]);
}

#[test]
fn writes_a_filter_only_if_needed_and_enabled() {
    let native = manifests("{name: b, pathRegex: /b}", "[8080]");
    let planned = planned_with(&with_filters(), &Settings::default(), &native);
    assert!(planned.manifests.iter().all(|manifest| manifest.stage != Stage::Leaf));
    let planned = planned_with(&Istio::default(), &Settings::default(), &manifests(GROUP, "[8080]"));
    assert!(planned.manifests.iter().all(|manifest| manifest.stage != Stage::Leaf));
    assert_eq!(rules(&planned).as_array().unwrap().len(), 1);
}

#[test]
fn a_changed_filter_gets_a_new_name() {
    let plan = |matches: &str, port: &str| {
        let planned = planned_with(&with_filters(), &Settings::default(), &manifests(matches, port));
        (
            filter(&planned).object.key().name,
            rbac(filter(&planned)).clone(),
            grants(&planned)[0].object.key().name,
        )
    };
    let first = plan("{name: a, pathRegex: '/[0-9]+'}", "[80]");
    assert_eq!(first, plan("{name: renamed, pathRegex: '/[0-9]+'}", "[80]"));
    for (matches, port) in [
        ("{name: a, pathRegex: '/[0-8]+'}", "[80]"),
        ("{name: a, pathRegex: '/[0-9]+'}", "[81]"),
    ] {
        let other = plan(matches, port);
        assert_ne!(first.0, other.0);
        assert_ne!(first.1["shadow_rules_stat_prefix"], other.1["shadow_rules_stat_prefix"]);
        assert_eq!(first.2, other.2);
    }
}

#[test]
fn values_with_wildcards_and_templates_become_regular_expressions() {
    let paths = "{name: a, pathRegex: '/foo\\*'}, {name: b, pathRegex: 'a|/\\{id\\}'}, {name: c, methods: ['G*']}";
    let planned = planned_with(&with_filters(), &Settings::default(), &manifests(paths, "[]"));
    let policy = &rbac(filter(&planned))["shadow_rules"]["policies"]["shop.t.0"];
    assert_eq!(
        policy["permissions"],
        json!([{"or_rules": {"rules": [
            {"url_path": {"path": {"safe_regex": {"regex": "/foo\\*"}}}},
            {"url_path": {"path": {"safe_regex": {"regex": "a|/\\{id\\}"}}}},
            {"header": {"name": ":method", "string_match": {"exact": "G*"}}},
        ]}}])
    );
    let reported = reported(&planned);
    assert!(
        reported
            .iter()
            .all(|diagnostic| !diagnostic.starts_with("Inexpressible"))
    );
}

#[test]
fn filters_do_not_support_headers_that_proxies_rewrite() {
    let planned = planned_with(
        &with_filters(),
        &Settings::default(),
        &manifests("{name: a, pathRegex: '/[0-9]+', headers: [{x-request-id: a}]}", "[]"),
    );
    assert_eq!(planned.manifests.len(), 1);
    assert_eq!(
        reported(&planned),
        [
            "Inexpressible HTTPRouteGroup shop/g spec.matches[0].headers.x-request-id",
            "Unreferenced TCPRoute shop/r",
            "Inexpressible TrafficTarget shop/t",
        ]
    );
}

#[test]
fn deletes_filters_of_an_earlier_setting() {
    let manifests = manifests(GROUP, "[8080]");
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(&manifests, "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let settings = Settings::default();
    let before = with_filters().plan(&snapshot, &settings, &Observed::default());
    let existing = before.manifests.iter().map(|manifest| manifest.object.clone());
    let after = Istio::default().plan(&snapshot, &settings, &Observed::new("istio", &settings, existing));
    let actions: Vec<String> = after
        .plan
        .actions
        .iter()
        .map(|action| action.object().kind.to_string())
        .collect();
    assert_eq!(actions, ["AuthorizationPolicy", "EnvoyFilter"]);
}
