use crate::{Linkerd, SplitMode};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned, State};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml;
use std::fmt::Write;

const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v2}, spec: {ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: headless}, spec: {clusterIP: None, ports: [{port: 80}]}},
  {apiVersion: v1, kind: Service, metadata: {name: many, annotations: {config.linkerd.io/opaque-ports: '90-91, raw'}}, spec: {ports: [
    {port: 80}, {port: 90}, {port: 92, name: raw}, {port: 5432}, {port: 93, appProtocol: http}, {port: 94, appProtocol: https},
    {port: 4567}]}},
  {apiVersion: v1, kind: Service, metadata: {name: b}, spec: {ports: [
    {port: 80}, {port: 90}, {port: 92}, {port: 5432}, {port: 93}, {port: 94}, {port: 4567}]}},
  {apiVersion: v1, kind: Service, metadata: {name: db}, spec: {ports: [{port: 5432}]}},
]}
";

fn planned_with(linkerd: &Linkerd, manifests: &str) -> Planned {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(&format!("{SHOP}\n---\n{manifests}"), "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    linkerd.plan(&snapshot, &Settings::default(), &Observed::default())
}

fn planned(manifests: &str) -> Planned {
    planned_with(&Linkerd::default(), manifests)
}

fn named(name: &str, root: &str, backends: &str, group: &str) -> String {
    let matches = if group.is_empty() {
        String::new()
    } else {
        format!(", matches: [{{kind: HTTPRouteGroup, name: {group}}}]")
    };
    format!(
        "{{apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: {name}}}, spec: {{service: {root}, backends: [{backends}]{matches}}}}}\n---\n"
    )
}

fn split(root: &str, backends: &str, group: &str) -> String {
    named("s", root, backends, group)
}

fn group(name: &str, matches: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: {name}}}, spec: {{matches: [{matches}]}}}}\n---\n"
    )
}

fn codes(planned: &Planned) -> Vec<Code> {
    let codes = planned.diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes
        .filter(|code| !matches!(code, Code::PathAnchorDiffers | Code::HttpOnly))
        .collect()
}

fn names(planned: &Planned) -> Vec<String> {
    let manifests = planned.manifests.iter();
    manifests
        .map(|manifest| format!("{} {}", manifest.object.kind, manifest.object.key().name))
        .collect()
}

fn spec(planned: &Planned) -> &Value {
    assert_eq!(planned.manifests.len(), 1, "{:?}", names(planned));
    &planned.manifests[0].object.spec
}

fn to(service: &str, port: u16, weight: u32) -> Value {
    json!({"group": "", "kind": "Service", "name": service, "namespace": "shop", "port": port, "weight": weight})
}

fn all() -> Value {
    json!({"path": {"type": "PathPrefix", "value": "/"}})
}

#[test]
fn splits_a_canary_by_weight() {
    let planned = planned(&split(
        "web",
        "{service: v1, weight: 90}, {service: v2, weight: 10}, {service: web, weight: 0}",
        "",
    ));
    assert_eq!(names(&planned), ["HTTPRoute smi-split-web-80"]);
    assert_eq!(
        *spec(&planned),
        json!({
            "parentRefs": [{"group": "core", "kind": "Service", "name": "web", "namespace": "shop", "port": 80}],
            "rules": [{"matches": [all()], "backendRefs": [to("v1", 80, 9), to("v2", 80, 1)]}],
        })
    );
    assert_eq!(codes(&planned), [Code::SelfReference]);
    assert!(
        planned
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == Code::HttpOnly)
    );
}

#[test]
fn sends_requests_outside_an_ab_test_to_the_root() {
    let matches =
        "{name: a, pathRegex: '/a|/ab', methods: [GET, HEAD], headers: {X-A: 'b|bc'}}, {name: all, pathRegex: '.*'}";
    let planned = planned(&(group("g", matches) + &split("web", "{service: v2, weight: 1}", "g")));
    let regex = |value: &str| json!({"type": "RegularExpression", "value": value});
    let on = |method: &str| {
        json!({"path": regex("^(?:/a|/ab)$"), "method": method,
        "headers": [{"name": "x-a", "type": "RegularExpression", "value": "^(?:b|bc)$"}]})
    };
    assert_eq!(
        spec(&planned)["rules"],
        json!([
            // A match that takes `/` as specifically as the last rule comes first.
            {"matches": [{"path": regex("^(?:.*)$")}], "backendRefs": [to("v2", 80, 1)]},
            {"matches": [on("GET"), on("HEAD")], "backendRefs": [to("v2", 80, 1)]},
            {"matches": [all()], "backendRefs": [to("web", 80, 1)]},
        ])
    );
}

/// Plans a split `first` to `v1` and a later one `second` to `v2`, each with one match.
fn two(first: &str, second: &str) -> Planned {
    let groups = group("a", &format!("{{name: m, {first}}}")) + &group("b", &format!("{{name: m, {second}}}"));
    let splits = named("first", "web", "{service: v1, weight: 1}", "a")
        + &named("second", "web", "{service: v2, weight: 1}", "b");
    planned(&(groups + &splits))
}

/// Returns the backends of the rules, in order.
fn order(planned: &Planned) -> Vec<&str> {
    let rules = spec(planned)["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| rule["backendRefs"][0]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn keeps_the_order_where_every_earlier_match_is_at_least_as_specific() {
    for (first, second) in [
        // Disjoint.
        ("pathRegex: '/a.*'", "pathRegex: '/b.*', headers: {x: '1', y: '2'}"),
        ("methods: [GET]", "methods: [POST], headers: {x: '1'}"),
        // A tie.
        ("headers: {x: '1'}", "headers: {y: '2'}"),
        ("pathRegex: /a", "pathRegex: '/.*'"),
        ("methods: [GET, HEAD]", "methods: [GET, PUT]"),
        ("headers: {x: '1'}", "pathRegex: '/?', headers: {y: '2'}"),
        // More specific.
        ("headers: {x: '1', y: '2'}", "headers: {x: '1'}"),
        ("headers: {x: '1'}, methods: [GET]", "headers: {y: '2'}"),
        ("headers: {x: '1'}", "methods: [GET]"),
        ("pathRegex: '/.+'", "headers: {x: '1'}, methods: [GET]"),
        ("pathRegex: '.*', headers: {x: '1'}", "headers: {y: '2'}"),
    ] {
        let planned = two(first, second);
        assert_eq!(codes(&planned), [], "{first} then {second}");
        assert_eq!(order(&planned), ["v1", "v2", "web"], "{first} then {second}");
    }
}

#[test]
fn disables_a_later_split_whose_match_may_be_more_specific() {
    for (first, second) in [
        ("headers: {x: '1'}", "headers: {x: '1', y: '2'}"),
        ("headers: {x: '1'}", "headers: {y: '2'}, methods: [GET]"),
        ("methods: [GET]", "headers: {x: '1'}"),
        ("headers: {x: '1'}", "pathRegex: '/a'"),
        // More specific for the path `/` only.
        ("pathRegex: '.*'", "headers: {x: '1'}"),
        ("pathRegex: '.*'", "methods: [GET]"),
    ] {
        let planned = two(first, second);
        assert_eq!(order(&planned), ["v1", "web"], "{first} then {second}");
        let overlap = planned
            .diagnostics
            .iter()
            .find(|diagnostic| diagnostic.code == Code::Overlap);
        let overlap = overlap.unwrap_or_else(|| panic!("{first} then {second}"));
        let split = |name: &str| ObjectRef::split(ObjectKey::new("shop", name));
        assert_eq!(overlap.object, split("second"));
        assert_eq!(overlap.other, Some(split("first")));
        assert!(overlap.message.contains("`shop/first`"), "{}", overlap.message);
        let state = |name: &str| planned.status(&split(name)).state;
        assert_eq!((state("first"), state("second")), (State::InForce, State::Inert));
    }
}

#[test]
fn keeps_splits_apart_from_matches_that_linkerd_cannot_express() {
    // The first split has no effect, so the second one has no earlier split to overlap with.
    let planned = two("headers: {host: web}", "pathRegex: /a");
    assert_eq!(order(&planned), ["v2", "web"]);
    assert!(!codes(&planned).contains(&Code::Overlap));
}

#[test]
fn puts_matches_that_tie_in_one_route() {
    let matches = |count: usize, part: &str| -> String {
        let matches = (0..count).map(|index| format!("{{name: m{index}, pathRegex: '/{index}{part}'}}"));
        matches.collect::<Vec<_>>().join(", ")
    };
    // The first split has 130 matches, of which the second one shares 8. These go to the route of the last rule.
    let plan = |shared: usize| {
        let groups = group("a", &matches(130, "[ab]")) + &group("b", &matches(shared, "[bc]"));
        let splits = named("first", "web", "{service: v1, weight: 1}", "a")
            + &named("second", "web", "{service: v2, weight: 1}", "b");
        planned(&(groups + &splits))
    };
    let fitting = plan(8);
    assert_eq!(codes(&fitting), []);
    assert_eq!(
        names(&fitting),
        ["HTTPRoute smi-split-web-80", "HTTPRoute smi-split-web-80-more1"]
    );
    let rules = fitting.manifests[0].object.spec["rules"].as_array().unwrap();
    let first = |index: usize| &rules[index]["matches"][0]["path"]["value"];
    assert_eq!((first(0), first(1)), (&json!("^(?:/0[ab])$"), &json!("^(?:/0[bc])$")));
    assert_eq!((rules.len(), &rules[15]["matches"]), (16, &json!([all()])));

    // 64 of each are 8 rules of each, one too many beside the last rule.
    let too_many = plan(64);
    assert_eq!(codes(&too_many), [Code::Overlap]);
    assert_eq!(codes(&plan(56)), []);

    // 120 matches that tie with the last rule are 15 rules, and one more does not fit.
    let ties =
        |count: usize| planned(&(group("g", &matches(count, "|/")) + &split("web", "{service: v2, weight: 1}", "g")));
    assert_eq!(codes(&ties(120)), []);
    assert_eq!(codes(&ties(121)), [Code::Inexpressible]);
}

#[test]
fn reports_ports_that_carry_tls() {
    const VAULT: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: vault, annotations: {config.linkerd.io/opaque-ports: '446'}}, spec: {ports: [
    {port: 443, name: https}, {port: 444, name: TLS-raft}, {port: 445, name: x, appProtocol: kubernetes.io/wss},
    {port: 446, name: tls}, {port: 447, name: httpsx}, {port: 448, name: https-web, appProtocol: http}]}},
  {apiVersion: v1, kind: Service, metadata: {name: green}, spec: {ports: [
    {port: 443}, {port: 444}, {port: 445}, {port: 446}, {port: 447}, {port: 448}]}}]}
---
";
    let plan = |linkerd: &Linkerd| {
        planned_with(
            linkerd,
            &(VAULT.to_owned() + &split("vault", "{service: green, weight: 1}", "")),
        )
    };
    let planned = plan(&Linkerd::default());
    assert_eq!(
        names(&planned),
        ["HTTPRoute smi-split-vault-447", "HTTPRoute smi-split-vault-448"]
    );
    assert_eq!(codes(&planned), [Code::Inexpressible; 4]);
    let tls = planned
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.message.contains("carries TLS"));
    let ports: Vec<bool> = tls
        .map(|diagnostic| (443..446).any(|port| diagnostic.ports.contains(port)))
        .collect();
    assert_eq!(ports, [true; 3]);

    // An opaque port can be split whatever it carries.
    let linkerd = Linkerd {
        tcp_routes: true,
        ..Linkerd::default()
    };
    assert_eq!(
        names(&plan(&linkerd)),
        [
            "TCPRoute smi-split-vault-445",
            "TCPRoute smi-split-vault-446",
            "HTTPRoute smi-split-vault-447",
            "HTTPRoute smi-split-vault-448"
        ]
    );
}

#[test]
fn follows_the_protocol_that_linkerd_assumes_on_each_port() {
    let backends = "{service: b, weight: 1}";
    let plain = planned(&split("many", backends, ""));
    // Ports 90 and `raw` are opaque because of the annotation, 94 because its protocol is unknown. The annotation
    // replaces the list of the mesh, so 5432 is not opaque. 4567 bypasses the proxies.
    assert_eq!(
        names(&plain),
        [
            "HTTPRoute smi-split-many-5432",
            "HTTPRoute smi-split-many-80",
            "HTTPRoute smi-split-many-93"
        ]
    );
    assert_eq!(codes(&plain), [Code::Inexpressible; 4]);
    let status = plain.status(&ObjectRef::split(ObjectKey::new("shop", "s")));
    let in_force: Vec<u16> = status.shares.iter().map(|shares| shares.port).collect();
    assert_eq!(in_force, [80, 93, 5432]);

    let linkerd = Linkerd {
        tcp_routes: true,
        ..Linkerd::default()
    };
    let with_tcp = planned_with(
        &linkerd,
        &split("db", "{service: b, weight: 2}, {service: db, weight: 1}", ""),
    );
    assert_eq!(names(&with_tcp), ["TCPRoute smi-split-db-5432"]);
    assert_eq!(
        *spec(&with_tcp),
        json!({
            "parentRefs": [{"group": "core", "kind": "Service", "name": "db", "namespace": "shop", "port": 5432}],
            "rules": [{"backendRefs": [to("b", 5432, 2), to("db", 5432, 1)]}],
        })
    );
    let conditional = planned(&(group("g", "{name: m, pathRegex: /a}") + &split("db", backends, "g")));
    assert_eq!(codes(&conditional), [Code::NotHttp]);
}

#[test]
fn leaves_out_and_reports_matches_that_linkerd_cannot_express() {
    let long = format!("/{}", "a".repeat(1020));
    let matches = [
        "{name: ok, methods: [GET, PURGE]}".to_owned(),
        "{name: verb, methods: [PURGE]}".into(),
        "{name: twice, headers: [{X-A: b}, {x-a: c}]}".into(),
        "{name: host, headers: {host: web}}".into(),
        format!("{{name: long, pathRegex: '{long}'}}"),
    ];
    let planned = planned(&(group("g", &matches.join(", ")) + &split("web", "{service: v2, weight: 1}", "g")));
    let reported: Vec<String> = planned
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.field))
        .collect();
    for expected in [
        "Inexpressible spec.matches[0].methods",
        "Inexpressible spec.matches[1].methods",
        "HeaderRepeated spec.matches[2].headers.x-a",
        "Inexpressible spec.matches[3].headers.host",
        "Inexpressible spec.matches[4].pathRegex",
    ] {
        assert!(reported.contains(&expected.to_owned()), "{expected}: {reported:?}");
    }
    let rules = spec(&planned)["rules"].as_array().unwrap();
    assert_eq!(
        rules[0]["matches"],
        json!([{"path": {"type": "PathPrefix", "value": "/"}, "method": "GET"}])
    );
    assert_eq!(rules.len(), 2);
}

#[test]
fn reports_roots_that_linkerd_does_not_route() {
    let headless = planned(&split("headless", "{service: v1, weight: 1}", ""));
    assert_eq!(
        (codes(&headless), headless.manifests.len()),
        (vec![Code::Inexpressible], 0)
    );
    let external = planned(&split("shop.example.com", "{service: v1, weight: 1}", ""));
    assert_eq!(
        (codes(&external), external.manifests.len()),
        (vec![Code::ExternalRoot], 0)
    );
}

#[test]
fn respects_the_limits_of_the_crd() {
    // 17 backends.
    let (mut services, mut backends) = (String::new(), String::new());
    for index in 0..17 {
        writeln!(
            services,
            "{{apiVersion: v1, kind: Service, metadata: {{name: n{index}}}, spec: {{ports: [{{port: 80}}]}}}}\n---"
        )
        .unwrap();
        write!(backends, "{{service: n{index}, weight: 1}},").unwrap();
    }
    let too_many = planned(&(services + &split("web", &backends, "")));
    assert_eq!(
        (codes(&too_many), too_many.manifests.len()),
        (vec![Code::Inexpressible], 0)
    );

    // A weight above the limit is rounded, and none becomes zero.
    let huge = planned(&split(
        "web",
        "{service: v1, weight: 3000000}, {service: v2, weight: 1}",
        "",
    ));
    assert_eq!(codes(&huge), [Code::WeightRounded]);
    assert_eq!(
        spec(&huge)["rules"][0]["backendRefs"],
        json!([to("v1", 80, 999_999), to("v2", 80, 1)])
    );

    // 200 matches: 8 to a rule, 16 rules to a route, and the rule for everything once, in the first.
    let matches: Vec<String> = (0..200)
        .map(|index| format!("{{name: m{index}, pathRegex: '/a{index}'}}"))
        .collect();
    let many = planned(&(group("g", &matches.join(",")) + &split("web", "{service: v2, weight: 1}", "g")));
    assert_eq!(
        names(&many),
        ["HTTPRoute smi-split-web-80", "HTTPRoute smi-split-web-80-more1"]
    );
    let rules = |index: usize| many.manifests[index].object.spec["rules"].as_array().unwrap();
    assert_eq!((rules(0).len(), rules(1).len()), (16, 10));
    assert_eq!(rules(0)[15]["matches"], json!([all()]));
    let total: usize = (0..2)
        .flat_map(rules)
        .map(|rule| rule["matches"].as_array().unwrap().len())
        .sum();
    assert_eq!(total, 201);
}

fn profile(backends: &str) -> Planned {
    let linkerd = Linkerd {
        split_mode: SplitMode::ServiceProfile,
        ..Linkerd::default()
    };
    planned_with(&linkerd, &split("web", backends, ""))
}

#[test]
fn agrees_with_the_test_vectors_of_the_smi_extension() {
    let overrides = |planned: &Planned| -> Vec<(String, String)> {
        let overrides = planned
            .manifests
            .iter()
            .flat_map(|manifest| manifest.object.spec["dstOverrides"].as_array().unwrap());
        overrides
            .map(|to| {
                (
                    to["authority"].as_str().unwrap().to_owned(),
                    to["weight"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    let to = |service: &str, weight: &str| (format!("{service}.shop.svc.cluster.local"), weight.to_owned());
    for (backends, expected) in [
        // creation, update, and the same with other weights
        (
            "{service: v1, weight: 500m}, {service: v2, weight: 500m}",
            vec![to("v1", "1"), to("v2", "1")],
        ),
        (
            "{service: v1, weight: 250m}, {service: v2, weight: 750m}",
            vec![to("v1", "1"), to("v2", "3")],
        ),
        // the root is its own backend, and the other one has no weight
        (
            "{service: web, weight: 500m}, {service: v1, weight: 0m}",
            vec![to("web", "1")],
        ),
        (
            "{service: web, weight: 500m}, {service: v1, weight: 500m}",
            vec![to("web", "1"), to("v1", "1")],
        ),
    ] {
        let planned = profile(backends);
        assert_eq!(names(&planned), ["ServiceProfile web.shop.svc.cluster.local"]);
        assert_eq!(overrides(&planned), expected);
    }
    // Weights that would crash the proxy, or that have a different meaning without a split.
    assert_eq!(
        profile("{service: v1, weight: 0}, {service: v2, weight: 0}").manifests,
        []
    );
    let huge = profile("{service: v1, weight: 1000000}, {service: v2, weight: 1}");
    assert_eq!(overrides(&huge), [to("v1", "999"), to("v2", "1")]);
    assert!(codes(&huge).contains(&Code::WeightRounded));
}

#[test]
fn profile_splits_all_ports_in_the_same_way_or_none() {
    let linkerd = Linkerd {
        split_mode: SplitMode::ServiceProfile,
        ..Linkerd::default()
    };
    let planned = planned_with(
        &linkerd,
        &split("many", "{service: b, weight: 1}, {service: v1, weight: 1}", ""),
    );
    assert_eq!(planned.manifests, []);
    assert!(codes(&planned).contains(&Code::Inexpressible));
    // A port on which the split is not in force counts too: the profile would send its traffic to a backend without it.
    let other_port = planned_with(&linkerd, &split("many", "{service: v1, weight: 1}", ""));
    assert_eq!(other_port.manifests, []);
    assert!(codes(&other_port).contains(&Code::Inexpressible));
    let conditional = planned_with(
        &linkerd,
        &(group("g", "{name: m, pathRegex: /a}") + &split("web", "{service: v1, weight: 1}", "g")),
    );
    assert_eq!(conditional.manifests, []);
    assert!(codes(&conditional).contains(&Code::Inexpressible));
}

#[test]
fn leaves_a_foreign_profile_untouched_and_deletes_ours_with_the_split() {
    let linkerd = Linkerd {
        split_mode: SplitMode::ServiceProfile,
        ..Linkerd::default()
    };
    let settings = Settings::default();
    let ours = profile("{service: v1, weight: 1}, {service: v2, weight: 1}").manifests[0]
        .object
        .clone();
    // The profile is foreign with or without the `skip` annotation of the extension.
    let mut theirs = ours.clone();
    theirs.metadata.labels = None;
    theirs.metadata.annotations = Some([("smi.linkerd.io/skip".to_owned(), "true".to_owned())].into());
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(
        &format!("{SHOP}\n---\n{}", split("web", "{service: v1, weight: 1}", "")),
        "shop",
    ) {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    let observed = Observed::new("linkerd", &settings, [theirs]);
    let planned = linkerd.plan(&snapshot, &settings, &observed);
    assert_eq!(planned.plan.actions, []);
    assert_eq!(codes(&planned), [Code::ForeignObject]);

    let observed = Observed::new("linkerd", &settings, [ours]);
    let planned = linkerd.plan(&Snapshot::default(), &settings, &observed);
    assert!(matches!(
        planned.plan.actions[..],
        [smi_adapter::plan::Action::Delete(_)]
    ));
}
