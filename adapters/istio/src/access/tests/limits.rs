use super::super::names;
use super::*;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef, is_dns_subdomain};

fn many(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

/// Returns `false` if there is an empty list or object anywhere. Istio would treat it as matching everything.
fn has_no_empty_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(has_no_empty_list),
        Value::Object(fields) => fields
            .values()
            .all(|field| *field != json!({}) && has_no_empty_list(field)),
        _ => true,
    }
}

#[test]
fn divides_rules_over_policies() {
    let matches = many(1100, |index| {
        format!("{{name: m{index}, headers: [{{x-a: v{index}}}]}}")
    });
    let planned = of_matches(&matches);
    let grants = grants(&planned);
    let names: Vec<_> = grants.iter().map(|grant| grant.object.key().name).collect();
    assert_eq!(
        names,
        [
            "deployment-api-access",
            "deployment-api-access-2",
            "deployment-api-access-3"
        ]
    );
    let rules: Vec<usize> = grants
        .iter()
        .map(|grant| grant.object.spec["rules"].as_array().unwrap().len())
        .collect();
    assert_eq!(rules, [512, 512, 76]);
    assert!(grants.iter().all(|grant| has_no_empty_list(&grant.object.spec)));
    assert!(grants.iter().all(|grant| grant.sources.len() == 3));
    assert_eq!(reported(&planned), Vec::<String>::new());
}

#[test]
fn divides_long_lists_over_rules() {
    let sources = many(20_000, |index| {
        format!("{{kind: ServiceAccount, name: account-{index}, namespace: front}}")
    });
    let planned = planned(
        &(group("g", "{name: a, pathRegex: /a}")
            + &target_of("t", &format!("[{sources}]"), "[{kind: HTTPRouteGroup, name: g}]")),
    );
    let rules = rules(&planned);
    let principals = rules.as_array().unwrap().iter().map(|rule| {
        assert_eq!(rule["to"], json!([{"operation": {"methods": ["*"], "paths": ["/a"]}}]));
        rule["from"][0]["source"]["principals"].as_array().unwrap().len()
    });
    let principals: Vec<usize> = principals.collect();
    assert!(principals.len() > 1);
    assert_eq!(principals.iter().sum::<usize>(), 20_000);
}

#[test]
fn rejects_only_the_grant_that_is_too_large() {
    let sources = many(5000, |index| {
        format!("{{kind: ServiceAccount, name: account-{index}, namespace: front}}")
    });
    let matches = many(200, |index| format!("{{name: m{index}, headers: [{{x-a: v{index}}}]}}"));
    let planned = planned(
        &(group("g", &matches)
            + &target_of("large", &format!("[{sources}]"), "[{kind: HTTPRouteGroup, name: g}]")
            + &target("small", "[{kind: HTTPRouteGroup, name: g, matches: [m0]}]")),
    );
    assert_eq!(rules(&planned).as_array().unwrap().len(), 1);
    assert_eq!(reported(&planned), ["Inexpressible TrafficTarget shop/large"]);
}

#[test]
fn never_writes_an_empty_list() {
    let matches = "{name: a, pathRegex: /a, methods: []}, {name: b, headers: []}, {name: c, headers: [{x: '[0-9]'}, {y: '[0-9]+'}]}, {name: d, pathRegex: '/[0-9]+'}";
    let manifests = workload("api", "{sidecar.istio.io/rewriteAppHTTPProbers: 'false'}", "")
        + &group("g", matches)
        + &route("TCPRoute", "r", "[]")
        + &target("t", "[{kind: HTTPRouteGroup, name: g}]")
        + &target("u", "[{kind: TCPRoute, name: r}]");
    for istio in [Istio::default(), with_filters()] {
        let planned = planned_with(&istio, &Settings::default(), &manifests);
        for manifest in planned
            .manifests
            .iter()
            .filter(|manifest| manifest.stage != Stage::Deny)
        {
            assert!(has_no_empty_list(&manifest.object.spec), "{:#?}", manifest.object.spec);
        }
    }
}

#[test]
fn names_are_unique_and_valid() {
    let kind = |kind: &str| Kind::named("", "", kind, "x");
    let workload = |kind: Kind, name: &str| ObjectRef::new(kind, ObjectKey::new("shop", name));
    let long = "a".repeat(253);
    let workloads = [
        workload(Kind::Deployment, "web"),
        workload(Kind::Deployment, "web-2"),
        workload(Kind::Deployment, "web-access"),
        workload(Kind::Deployment, "web-access-2"),
        workload(Kind::StatefulSet, "web"),
        workload(kind("Rollout"), "web"),
        workload(kind("RollOut"), "web"),
        workload(kind("Ähm -"), "web"),
        workload(kind("--"), "web"),
        workload(Kind::Deployment, &long),
        workload(Kind::Deployment, &long[1..]),
    ];
    let names: Vec<String> = workloads
        .iter()
        .flat_map(|workload| {
            [
                names::access(workload, 1),
                names::access(workload, 2),
                names::filter(workload, &"0".repeat(16)),
            ]
        })
        .chain([names::baseline("shop"), names::baseline(&"n".repeat(63))])
        .collect();
    for (index, name) in names.iter().enumerate() {
        assert!(is_dns_subdomain(name) && name.len() <= 63, "{name}");
        assert!(!names[..index].contains(name), "{name}");
    }
    assert!(names.iter().any(|name| name.starts_with("rollout.web.")));
}

#[test]
fn edits_do_not_rename_policies() {
    // Neither edits of regexes nor other targets change the name.
    let name = |manifests: &str| {
        let planned = planned(manifests);
        grants(&planned)[0].object.key().name
    };
    let one = group("g", "{name: a, pathRegex: /a}") + &target("t", "[{kind: HTTPRouteGroup, name: g}]");
    let other = group("g", "{name: a, pathRegex: /b}") + &target("a", "[{kind: HTTPRouteGroup, name: g}]");
    assert_eq!(name(&one), name(&other));
    assert_eq!(name(&one), "deployment-api-access");
}
