use super::*;
use crate::model::route::{PortSplit, ServiceRoute};
use crate::object::ObjectKey;
use crate::settings::{HeaderAnchor, PathAnchor, Scope};
use crate::snapshot::SnapshotBuilder;
use serde_json::{Value, json};
use smi_types::Object;

fn service(name: &str, ports: &[(i32, &str)]) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|(port, name)| json!({"port": port, "name": name}))
        .collect();
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
           "spec": {"ports": ports}})
}

fn split(name: &str, service: &str, backends: &[(&str, Value)]) -> Value {
    let backends: Vec<Value> = backends
        .iter()
        .map(|(service, weight)| json!({"service": service, "weight": weight}))
        .collect();
    json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
           "metadata": {"name": name, "namespace": "shop"},
           "spec": {"service": service, "backends": backends}})
}

fn with_matches(mut split: Value, groups: &[&str]) -> Value {
    let matches: Vec<Value> = groups
        .iter()
        .map(|name| json!({"kind": "HTTPRouteGroup", "name": name}))
        .collect();
    split["spec"]["matches"] = json!(matches);
    split
}

fn created(mut split: Value, year: u32) -> Value {
    split["metadata"]["creationTimestamp"] = json!(format!("{year}-01-01T00:00:00Z"));
    split
}

fn group(name: &str, matches: &Value) -> Value {
    json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
           "metadata": {"name": name, "namespace": "shop"}, "spec": {"matches": matches}})
}

fn snapshot(objects: &[Value]) -> Snapshot {
    let mut input = SnapshotBuilder::default();
    for object in objects {
        if object["kind"] == "Service" {
            input.add_service(serde_json::from_value(object.clone()).unwrap());
        } else {
            match Object::from_value(object) {
                Ok(parsed) => _ = input.add(parsed),
                Err(error) => input.add_error(&error),
            }
        }
    }
    input.build()
}

/// Returns the services of most tests: a root and two backends on port 80.
fn shop() -> Vec<Value> {
    vec![
        service("web", &[(80, "http")]),
        service("v1", &[(80, "http")]),
        service("v2", &[(80, "http")]),
    ]
}

fn resolve_with(settings: &Settings, mut services: Vec<Value>, objects: &[Value]) -> Resolution {
    services.extend(objects.iter().cloned());
    resolve(&snapshot(&services), settings)
}

fn resolved(objects: &[Value]) -> Resolution {
    resolve_with(&Settings::default(), shop(), objects)
}

fn route<'a>(resolution: &'a Resolution, root: &str) -> Option<&'a ServiceRoute> {
    let key = ObjectKey::new("shop", root);
    resolution.model.routes().find(|route| route.root().key() == key)
}

fn weights(split: &PortSplit) -> Vec<(&str, u128)> {
    let backends = split.backends().iter();
    backends.map(|backend| (backend.service(), backend.weight())).collect()
}

/// Returns the shares of the split without matches on a port of `web`.
fn default_on(resolution: &Resolution, port: u16) -> Vec<(&str, u128)> {
    let ports = route(resolution, "web").map(ServiceRoute::ports).unwrap_or_default();
    let port = ports.iter().find(|route| route.port() == port);
    port.and_then(|port| port.default()).map(weights).unwrap_or_default()
}

fn codes(resolution: &Resolution) -> Vec<String> {
    let codes = resolution.diagnostics.iter();
    codes
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.field))
        .collect()
}

#[test]
fn reduces_weights_to_relative_shares() {
    // T8, T9, T30
    for (given, expected) in [
        (
            vec![("v1", json!(1000)), ("v2", json!(500))],
            vec![("v1", 2), ("v2", 1)],
        ),
        (vec![("v1", json!(1)), ("v2", json!(0))], vec![("v1", 1)]),
        (
            vec![("v1", json!("1")), ("v2", json!("500m"))],
            vec![("v1", 2), ("v2", 1)],
        ),
        (
            vec![("v1", json!("1k")), ("v2", json!(1))],
            vec![("v1", 1000), ("v2", 1)],
        ),
        (
            vec![("v1", json!(1)), ("v2", json!(1)), ("v1", json!(1))],
            vec![("v1", 2), ("v2", 1)],
        ),
        (
            vec![("v1", json!(i64::MAX)), ("v2", json!(1))],
            vec![("v1", 9_223_372_036_854_775_807), ("v2", 1)],
        ),
        (
            vec![("v1", json!("1n")), ("v2", json!("1E"))],
            vec![("v1", 1), ("v2", 10u128.pow(27))],
        ),
    ] {
        let resolution = resolved(&[split("s", "web", &given)]);
        assert_eq!(default_on(&resolution, 80), expected, "{given:?}");
    }
}

#[test]
fn invalid_or_zero_weights_make_the_split_inert() {
    // T6, T10
    for weight in [json!(-1), json!("abc"), json!(""), json!(1e30), json!(true)] {
        let resolution = resolved(&[split("s", "web", &[("v1", json!(1)), ("v2", weight)])]);
        assert!(route(&resolution, "web").is_none());
        assert_eq!(codes(&resolution), ["Invalid spec.backends[1].weight"]);
    }
    let resolution = resolved(&[split("s", "web", &[("v1", json!(0)), ("v2", json!(0))])]);
    assert!(route(&resolution, "web").is_none());
    assert_eq!(codes(&resolution), ["AllWeightsZero spec.backends"]);

    let resolution = resolved(&[split("s", "web", &[("v1", json!(1)), ("v2", json!(null))])]);
    assert_eq!(default_on(&resolution, 80), [("v1", 1)]);
    assert_eq!(codes(&resolution), ["WeightMissing spec.backends[1].weight"]);

    let resolution = resolved(&[split("s", "web", &[("v1", json!(0.5)), ("v2", json!("250m"))])]);
    assert_eq!(default_on(&resolution, 80), [("v1", 2), ("v2", 1)]);
    assert_eq!(
        codes(&resolution),
        [
            "FractionalWeight spec.backends[0].weight",
            "FractionalWeight spec.backends[1].weight"
        ]
    );
}

#[test]
fn accepts_quantities_as_weights_in_v1alpha1() {
    // T7
    let mut quantities = split("s", "web", &[("v1", json!("1")), ("v2", json!("500m"))]);
    quantities["apiVersion"] = json!("split.smi-spec.io/v1alpha1");
    let resolution = resolved(&[quantities]);
    assert_eq!(default_on(&resolution, 80), [("v1", 2), ("v2", 1)]);
    assert_eq!(codes(&resolution), Vec::<String>::new());
}

#[test]
fn every_port_has_its_own_backends() {
    // T20, T23
    let services = vec![
        service("web", &[(80, "http"), (9090, "metrics"), (53, "dns")]),
        service("v1", &[(80, "http"), (9090, "metrics")]),
        service("v2", &[(80, "http"), (1024, "other")]),
    ];
    let settings = Settings::default();
    let resolution = resolve_with(
        &settings,
        services,
        &[split("s", "web", &[("v1", json!(9)), ("v2", json!(1))])],
    );
    assert_eq!(default_on(&resolution, 80), [("v1", 9), ("v2", 1)]);
    assert_eq!(default_on(&resolution, 9090), [("v1", 1)]);
    assert_eq!(default_on(&resolution, 53), []);
    assert_eq!(
        codes(&resolution),
        [
            "NoUsableBackend spec.backends",
            "PortMismatch spec.backends[0].service",
            "PortMismatch spec.backends[1].service",
        ]
    );
    assert!(resolution.diagnostics[2].message.contains("53, 9090"));
}

#[test]
fn matches_ports_by_number_and_protocol() {
    // T20, T21
    let mut web = service("web", &[(80, "http"), (53, "dns")]);
    web["spec"]["ports"][1]["protocol"] = json!("UDP");
    let mut v1 = service("v1", &[(80, "http")]);
    v1["spec"]["ports"][0]["protocol"] = json!("UDP");
    let mut v2 = service("v2", &[(80, "other-name")]);
    web["spec"]["ports"][0]["appProtocol"] = json!("http");
    v2["spec"]["ports"][0]["appProtocol"] = json!("grpc");
    let objects = [split("s", "web", &[("v1", json!(1)), ("v2", json!(1))])];
    let resolution = resolve_with(&Settings::default(), vec![web, v1, v2], &objects);
    assert_eq!(default_on(&resolution, 80), [("v2", 1)]);
    assert_eq!(route(&resolution, "web").unwrap().ports().len(), 1);
    assert_eq!(
        codes(&resolution),
        [
            "PortMismatch spec.backends[0].service",
            "AppProtocolDiffers spec.backends[1].service"
        ]
    );
}

#[test]
fn an_empty_protocol_defaults_to_tcp() {
    // T21: the default protocol of Kubernetes is TCP.
    let mut services = shop();
    services[0]["spec"]["ports"][0]["protocol"] = json!("");
    let resolution = resolve_with(
        &Settings::default(),
        services,
        &[split("s", "web", &[("v1", json!(1))])],
    );
    assert_eq!(default_on(&resolution, 80), [("v1", 1)]);
}

#[test]
fn the_root_stands_in_for_absent_backends() {
    // T25, T32
    let mut external = service("ext", &[(80, "http")]);
    external["spec"]["type"] = json!("ExternalName");
    let mut services = shop();
    services.push(external);
    services.push(service("web-only", &[(81, "http")]));
    for absent in ["gone", "ext", "v2.shop", "v2.shop.svc.cluster.local", ""] {
        let objects = [split("s", "web", &[("v1", json!(99)), (absent, json!(1))])];
        let resolution = resolve_with(&Settings::default(), services.clone(), &objects);
        assert_eq!(default_on(&resolution, 80), [("v1", 99), ("web", 1)], "{absent}");
        assert_eq!(codes(&resolution), ["BackendMissing spec.backends[1].service"]);
    }
    // No present backend has both a weight and the port, so the split is passed over.
    for (present, weight) in [("v1", 0), ("web-only", 1)] {
        let objects = [split("s", "web", &[(present, json!(weight)), ("gone", json!(9))])];
        let resolution = resolve_with(&Settings::default(), services.clone(), &objects);
        assert!(route(&resolution, "web").is_none());
        assert!(codes(&resolution).contains(&"NoUsableBackend spec.backends".to_owned()));
    }
    let resolution = resolved(&[split("s", "web", &[("v1", json!(1)), ("gone", json!(0))])]);
    assert_eq!(codes(&resolution), Vec::<String>::new());
}

#[test]
fn the_root_may_be_a_backend() {
    // T27, T28, T25
    let objects = [
        split(
            "s",
            "web.shop",
            &[("web", json!(1)), ("v1", json!(2)), ("gone", json!(1))],
        ),
        split("t", "v1", &[("v2", json!(1))]),
    ];
    let resolution = resolved(&objects);
    assert_eq!(default_on(&resolution, 80), [("web", 1), ("v1", 1)]);
    assert_eq!(
        codes(&resolution),
        [
            "SelfReference spec.backends[0].service",
            "NestedSplit spec.backends[1].service",
            "BackendMissing spec.backends[2].service",
        ]
    );
}

#[test]
fn reports_unusable_roots() {
    // T3, T40, T31, I7
    let mut external = service("ext", &[(80, "http")]);
    external["spec"]["type"] = json!("ExternalName");
    let mut udp = service("udp", &[(53, "dns")]);
    udp["spec"]["ports"][0]["protocol"] = json!("UDP");
    let mut services = shop();
    services.extend([external, udp, service("portless", &[])]);
    let backend = [("v1", json!(1))];
    let mut bare = split("s", "web", &backend);
    bare.as_object_mut().unwrap().remove("spec");
    let mut empty = split("s", "web", &backend);
    empty["spec"] = json!({});
    for (object, code) in [
        (split("s", "gone", &backend), "RootUnusable spec.service"),
        (split("s", "ext", &backend), "RootUnusable spec.service"),
        (split("s", "udp", &backend), "RootUnusable spec.service"),
        (split("s", "portless", &backend), "RootUnusable spec.service"),
        (split("s", "web.other", &backend), "RootNamespace spec.service"),
        (
            split("s", "web.other.svc.cluster.local", &backend),
            "RootNamespace spec.service",
        ),
        (split("s", "not a name", &backend), "Invalid spec.service"),
        (split("s", "web", &[]), "Invalid spec.backends"),
        (bare, "Invalid spec"),
        (empty, "Invalid spec"),
    ] {
        let resolution = resolve_with(&Settings::default(), services.clone(), &[object]);
        assert_eq!(resolution.model.policies().count(), 0, "{code}");
        assert_eq!(codes(&resolution), [code]);
    }
}

#[test]
fn an_external_root_is_left_to_the_adapter() {
    // T3
    let resolution = resolved(&[split("s", "shop.example.com", &[("v1", json!(1))])]);
    let route = route(&resolution, "shop.example.com").unwrap();
    assert_eq!(route.ports()[0].port(), 80);
    assert_eq!(codes(&resolution), Vec::<String>::new());
    // An external root cannot stand in for an absent backend.
    let resolution = resolved(&[split("s", "shop.example.com", &[("v1", json!(1)), ("gone", json!(1))])]);
    assert_eq!(resolution.model.policies().count(), 0);
    assert_eq!(
        codes(&resolution),
        [
            "NoUsableBackend spec.backends",
            "BackendMissing spec.backends[1].service"
        ]
    );
}

#[test]
fn merges_splits_of_one_root_in_order() {
    // T29: splits with matches come first, by age and name, then the oldest split without matches.
    let matches = json!([{"name": "m", "pathRegex": "/a.*"}]);
    let to = |service: &'static str| [(service, json!(1))];
    let objects = [
        group("g", &matches),
        with_matches(split("young", "web", &to("v1")), &["g"]),
        with_matches(created(split("old", "web.shop.svc", &to("v2")), 2020), &["g"]),
        with_matches(created(split("older", "web", &to("v2")), 2019), &["g"]),
        created(split("b", "web", &to("v1")), 2021),
        split("a", "web", &to("v2")),
    ];
    let resolution = resolved(&objects);
    let port = &route(&resolution, "web").unwrap().ports()[0];
    let order: Vec<&str> = port
        .conditional()
        .iter()
        .map(|c| c.split().key().name.as_str())
        .collect();
    assert_eq!(order, ["older", "old", "young"]);
    assert_eq!(port.default().unwrap().key().name, "b");
    assert_eq!(codes(&resolution), ["Conflict spec.service"]);
    assert_eq!(resolution.diagnostics[0].object.key.name, "a");
}

#[test]
fn the_oldest_split_counts_even_if_it_is_inert() {
    // T29
    let inert = created(split("old", "web", &[("v1", json!(0))]), 2020);
    let resolution = resolved(&[inert, split("new", "web", &[("v1", json!(1))])]);
    assert!(route(&resolution, "web").is_none());
    assert_eq!(
        codes(&resolution),
        ["Conflict spec.service", "AllWeightsZero spec.backends"]
    );
}

#[test]
fn unresolved_references_never_match_everything() {
    // T16, T17, S21
    let mut services = shop();
    services.push(group("empty", &json!([])));
    services.push(group("lost", &json!([{"name": "m", "headers": {}}])));
    services.push(group("fine", &json!([{"name": "m", "pathRegex": ".*"}])));
    let base = with_matches(split("s", "web", &[("v1", json!(1))]), &["fine"]);
    let reference = |field: &str, value: &str| {
        let mut split = base.clone();
        split["spec"]["matches"][0][field] = json!(value);
        split
    };
    for (object, code) in [
        (reference("name", "gone"), "UnresolvedRef spec.matches[0].name"),
        (reference("name", "empty"), "UnresolvedRef spec.matches[0].name"),
        (reference("name", "lost"), "UnresolvedRef spec.matches[0].name"),
        (reference("name", ""), "UnresolvedRef spec.matches[0].name"),
        (reference("kind", "TCPRoute"), "UnresolvedRef spec.matches[0].kind"),
        (
            reference("apiGroup", "example.com"),
            "UnresolvedRef spec.matches[0].apiGroup",
        ),
    ] {
        let resolution = resolve_with(&Settings::default(), services.clone(), &[object]);
        assert!(route(&resolution, "web").is_none(), "{code}");
        assert!(
            codes(&resolution).contains(&code.to_owned()),
            "{code}: {:?}",
            codes(&resolution)
        );
    }
    for api_group in ["", "specs.smi-spec.io"] {
        let resolution = resolve_with(
            &Settings::default(),
            services.clone(),
            &[reference("apiGroup", api_group)],
        );
        assert!(route(&resolution, "web").is_some());
    }
    // One resolved reference is enough (T14).
    let objects = [with_matches(
        split("s", "web", &[("v1", json!(1))]),
        &["gone", "fine", "fine"],
    )];
    let resolution = resolve_with(&Settings::default(), services, &objects);
    assert_eq!(
        route(&resolution, "web").unwrap().ports()[0].conditional()[0]
            .matches()
            .len(),
        1
    );
}

#[test]
fn reports_all_violations_of_matches() {
    // S2, S6, S8, S11, S13, S16, S19, S20, I6
    let objects = [group(
        "g",
        &json!([
            {"name": "a", "pathRegex": "/(?!x)", "methods": ["get"], "headers": [{"x y": "1"}, {"x-a": "(?=b)"}]},
            {"name": "a", "pathRegex": "/a.*", "methods": ["GET", "PURGE", "GET"], "headers": [{"X-A": "1"}, {"x-a": "1"}, {"x-a": "2"}]},
            {"name": "lost", "headers": [{}]},
            {"name": "none", "methods": [""]},
            {"name": "all", "methods": ["GET", "*"]},
            {"name": "full", "pathRegex": "/a"},
            {"name": "bare"},
        ]),
    )];
    let objects = [
        &objects[..],
        &[with_matches(split("s", "web", &[("v1", json!(1))]), &["g"])],
    ]
    .concat();
    let resolution = resolved(&objects);
    assert_eq!(
        codes(&resolution),
        [
            "Unmatchable spec.matches[0].headers[0].x y",
            "NotPortable spec.matches[0].headers[1].x-a",
            "UnknownMethod spec.matches[0].methods[0]",
            "NotPortable spec.matches[0].pathRegex",
            "DuplicateHeader spec.matches[1].headers[1].x-a",
            "DuplicateHeader spec.matches[1].headers[2].x-a",
            "UnknownMethod spec.matches[1].methods[1]",
            "DuplicateMatch spec.matches[1].name",
            "HeadersLost spec.matches[2].headers",
            "Unmatchable spec.matches[3].methods",
            "PathAnchorDiffers spec.matches[5].pathRegex",
            "MatchesEverything spec.matches[6]",
        ]
    );
    let conditional = &route(&resolution, "web").unwrap().ports()[0].conditional()[0];
    let usable: Vec<&str> = conditional.matches().iter().map(|matching| matching.name()).collect();
    assert_eq!(usable, ["a", "all", "full", "bare"]);
    let matching = &conditional.matches()[0];
    assert_eq!(matching.headers().len(), 2, "repeated filters are merged");
    assert_eq!(matching.headers()[0].name(), "x-a");
    assert_eq!(matching.methods().unwrap().len(), 2);
}

#[test]
fn settings_choose_the_anchors() {
    // S4, S12
    let objects = [
        group("g", &json!([{"name": "m", "pathRegex": "/a", "headers": {"x": "b"}}])),
        with_matches(split("s", "web", &[("v1", json!(1))]), &["g"]),
    ];
    let mut settings = Settings::default();
    for (full, path, header, taken) in [
        (true, "/a", "b", true),
        (true, "/ab", "b", false),
        (true, "/a", "abc", false),
        (false, "/ab", "abc", true),
        (false, "/b", "abc", false),
    ] {
        if !full {
            settings.path_anchor = PathAnchor::Start;
            settings.header_anchor = HeaderAnchor::Search;
        }
        let resolution = resolve_with(&settings, shop(), &objects);
        let request = crate::query::Request {
            method: "GET".into(),
            path: path.into(),
            headers: vec![("X".into(), header.into())],
        };
        let port = &route(&resolution, "web").unwrap().ports()[0];
        assert_eq!(port.choose(Some(&request)).is_some(), taken, "{path} {header}");
        assert!(port.choose(None).is_none(), "T19");
    }
}

#[test]
fn reports_broken_input_and_resolves_the_rest() {
    // I1, I3, I4
    let mut broken = split("broken", "web", &[]);
    broken["spec"]["backends"] = json!("v1");
    let mut unknown = split("t", "v1", &[("v2", json!(1))]);
    unknown["spec"]["servcie"] = json!("x");
    let objects = [
        broken,
        unknown,
        split("twice", "v2", &[("v1", json!(1))]),
        split("twice", "v2", &[("v1", json!(1))]),
        group("g", &json!([{"name": "m", "pathRegex": ".*"}])),
        split("s", "web", &[("v1", json!(1))]),
    ];
    let resolution = resolved(&objects);
    assert_eq!(default_on(&resolution, 80), [("v1", 1)]);
    assert!(route(&resolution, "v2").is_none());
    let reported: Vec<String> = resolution
        .diagnostics
        .iter()
        .map(|d| format!("{} {} {}", d.code, d.object.key.name, d.field))
        .collect();
    assert_eq!(
        reported,
        [
            "Undecodable broken spec.backends",
            "Unreferenced g ",
            "NestedSplit s spec.backends[0].service",
            "UnknownField t spec.servcie",
            "DuplicateObject twice ",
        ]
    );
}

#[test]
fn ignores_objects_out_of_scope() {
    let settings = Settings {
        scope: Scope::Namespaces(["other".to_owned()].into()),
        ..Settings::default()
    };
    let resolution = resolve_with(&settings, shop(), &[split("s", "web", &[("gone", json!(1))])]);
    assert_eq!(resolution, Resolution::default());
}

#[test]
fn every_version_has_the_same_meaning() {
    // S24
    let mut seen = Vec::new();
    for (version, root) in [
        ("v1alpha1", true),
        ("v1alpha2", true),
        ("v1alpha3", false),
        ("v1alpha4", false),
    ] {
        let mut split = with_matches(split("s", "web", &[("v1", json!(1))]), &["g"]);
        split["apiVersion"] = json!(format!("split.smi-spec.io/{version}"));
        let mut group = group("g", &json!([{"name": "m", "pathRegex": "/a", "headers": {"x": "1"}}]));
        group["apiVersion"] = json!(format!("specs.smi-spec.io/{version}"));
        if root {
            group["matches"] = group["spec"]["matches"].take();
            group.as_object_mut().unwrap().remove("spec");
        }
        let resolution = resolved(&[split, group]);
        let route = route(&resolution, "web").unwrap();
        let matching = &route.ports()[0].conditional()[0].matches()[0];
        seen.push((matching.path().cloned(), matching.headers().to_vec()));
        let field = if root { "matches[0]" } else { "spec.matches[0]" };
        assert_eq!(matching.field().to_string(), field);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn path_anchors_are_compared_as_languages_in_referenced_groups_only() {
    // S4, S9
    let patterns = ["^/api$", "/api", "/api/.*", "/(a|.*)", ".+", "/books/[0-9]+"];
    let matches: Vec<Value> = patterns
        .iter()
        .map(|pattern| json!({"name": pattern, "pathRegex": pattern}))
        .collect();
    let group = group("g", &json!(matches));
    let referenced = with_matches(split("s", "web", &[("v1", json!(1))]), &["g"]);
    let differing = [
        "PathAnchorDiffers spec.matches[1].pathRegex",
        "PathAnchorDiffers spec.matches[5].pathRegex",
    ];
    assert_eq!(codes(&resolved(&[group.clone(), referenced])), differing);
    assert_eq!(codes(&resolved(&[group])), ["Unreferenced "]);
}

#[test]
fn patterns_that_never_match_are_reported_and_left_out() {
    // S5, S12
    let group = group(
        "g",
        &json!([
            {"name": "query", "pathRegex": r"/api\?x=1"},
            {"name": "relative", "pathRegex": "books"},
            {"name": "words", "pathRegex": "/café"},
            {"name": "control", "headers": [{"x-a": r"a\x00"}]},
            {"name": "url", "pathRegex": "https?://shop/.*"},
            {"name": "asterisk", "pathRegex": r"\*"},
            {"name": "optional", "pathRegex": "(books|/books)"},
        ]),
    );
    let split = with_matches(split("s", "web", &[("v1", json!(1))]), &["g"]);
    let resolution = resolved(&[group, split]);
    let never: Vec<String> = codes(&resolution)
        .into_iter()
        .filter(|code| code.starts_with("NeverMatches"))
        .collect();
    assert_eq!(
        never,
        [
            "NeverMatches spec.matches[0].pathRegex",
            "NeverMatches spec.matches[1].pathRegex",
            "NeverMatches spec.matches[2].pathRegex",
            "NeverMatches spec.matches[3].headers.x-a",
        ]
    );
    let conditional = &route(&resolution, "web").unwrap().ports()[0].conditional()[0];
    let usable: Vec<&str> = conditional.matches().iter().map(|matching| matching.name()).collect();
    assert_eq!(usable, ["url", "asterisk", "optional"]);
}

/// Returns the message of the only diagnostic with this code.
fn message(resolution: &Resolution, code: Code) -> &str {
    let mut found = resolution.diagnostics.iter().filter(|it| it.code == code);
    let first = found.next().unwrap_or_else(|| panic!("{:?}", resolution.diagnostics));
    assert_eq!(found.next(), None);
    &first.message
}

#[test]
fn messages_about_missing_objects_say_what_is_known() {
    let elsewhere = |mut object: Value| {
        object["metadata"]["namespace"] = json!("other");
        object
    };
    let alias = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
               "spec": {"type": "ExternalName", "externalName": "example.com"}})
    };
    let two = |name: &str| split("s", "web", &[("v1", json!(1)), (name, json!(1))]);
    for (objects, code, expected) in [
        (
            vec![two("gone")],
            Code::BackendMissing,
            "backend `gone` is not known in namespace `shop`; the root gets its share",
        ),
        (
            vec![two("there"), elsewhere(service("there", &[(80, "http")]))],
            Code::BackendMissing,
            "backend `there` is not known in namespace `shop`, but in namespace `other`; the root",
        ),
        (
            vec![two("alias"), alias("alias")],
            Code::BackendMissing,
            "backend `alias` is of type ExternalName; the root",
        ),
        (
            vec![split("s", "gone", &[("v1", json!(1))])],
            Code::RootUnusable,
            "root service `gone` is not known in namespace `shop`, so the split",
        ),
        (
            vec![
                with_matches(split("s", "web", &[("v1", json!(1))]), &["beta"]),
                group("g", &json!([{"name": "beta"}])),
            ],
            Code::UnresolvedRef,
            "no HTTPRouteGroup `beta` is known in namespace `shop`; `beta` is a match of HTTPRouteGroup `g`",
        ),
        (
            vec![
                with_matches(split("s", "web", &[("v1", json!(1))]), &["g"]),
                group("g", &json!([])),
            ],
            Code::UnresolvedRef,
            "route group `g` has no usable match",
        ),
    ] {
        let resolution = resolved(&objects);
        let message = message(&resolution, code);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn unknown_fields_have_the_effect_of_a_lost_restriction() {
    // I8. The kept cases of the conformance kit cover every type.
    let mut inert = split("s", "web", &[("v1", json!(1))]);
    inert["spec"]["match"] = json!([]);
    let resolution = resolved(std::slice::from_ref(&inert));
    assert!(route(&resolution, "web").is_none());
    assert_eq!(codes(&resolution), ["UnknownField spec.match"]);
    assert!(resolution.diagnostics[0].disables_split_on(80));

    let mut settings = Settings::default();
    settings.unknown_fields = crate::settings::UnknownFields::Ignore;
    let resolution = resolve_with(&settings, shop(), &[inert]);
    assert_eq!(default_on(&resolution, 80), [("v1", 1)]);
    assert_eq!(codes(&resolution), ["IgnoredField spec.match"]);

    let mut absent = split("s", "web", &[("v1", json!(9)), ("v1", json!(2)), ("v2", json!(1))]);
    absent["spec"]["backends"][0]["namespace"] = json!("other");
    let resolution = resolved(&[absent]);
    assert_eq!(default_on(&resolution, 80), [("v1", 2), ("v2", 1), ("web", 9)]);
    let unknown = &resolution
        .diagnostics
        .iter()
        .find(|it| it.code == Code::UnknownField)
        .unwrap();
    assert_eq!(unknown.backend.as_deref(), Some("v1"));
    assert!(!unknown.disables_split_on(80));
}
