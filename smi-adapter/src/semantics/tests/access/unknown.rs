//! Unknown fields in targets, routes and bindings (I8).

use super::*;

const VERSIONS: [&str; 4] = ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"];

/// Returns a target in the form of a version, with the spec of later versions as input.
fn target_in(version: &str, spec: &Value) -> Value {
    let mut target = json!({
        "apiVersion": format!("access.smi-spec.io/{version}"), "kind": "TrafficTarget",
        "metadata": {"name": "a", "namespace": "shop"},
    });
    if version == "v1alpha1" {
        for (field, of_spec) in [
            ("destination", "destination"),
            ("sources", "sources"),
            ("specs", "rules"),
        ] {
            target[field] = spec[of_spec].clone();
        }
    } else {
        target["spec"] = spec.clone();
    }
    target
}

/// Returns the place of a part of the spec in the form of a version, as a JSON pointer.
fn place(version: &str, part: &str) -> String {
    match version {
        "v1alpha1" => part.replace("/rules", "/specs"),
        _ => format!("/spec{part}"),
    }
}

/// Returns the authorizations of this traffic by `object`, first with unknown fields as restrictions, then with unknown
/// fields ignored.
fn answers(world: impl Fn() -> World, object: &Value, traffic: &Traffic) -> [Authorization; 2] {
    [
        world().object(object).web(traffic.clone()),
        world().object(object).ignoring().web(traffic.clone()),
    ]
}

/// Returns the namespace `shop` whose pods declare the port 8080 for TCP and for UDP.
fn api() -> World {
    let mut world = World::api();
    world.snapshot.remove(&pod_ref("shop", "api-1"));
    let ports = json!([{"containerPort": 8080}, {"containerPort": 8080, "protocol": "UDP"}]);
    world.pod("shop", "api-1", "api", &ports)
}

fn rule(kind: &str) -> Value {
    json!({"kind": kind, "name": "any"})
}

#[test]
fn a_target_with_an_unknown_field_grants_nothing() {
    // I8
    for version in VERSIONS {
        let target = target_in(version, &any_tcp());
        assert_eq!(answers(api, &target, &Traffic::Tcp), [ALLOW, ALLOW], "{version}");
        let places = ["", &place(version, ""), &place(version, "/destination")];
        for place in places {
            let target = with_unknown(&target, place);
            for traffic in [Traffic::Tcp, get("/")] {
                assert_eq!(answers(api, &target, &traffic), [DENY, ALLOW], "{target}");
            }
        }
        let target = with_unknown(&target, "/metadata");
        assert_eq!(answers(api, &target, &Traffic::Tcp), [ALLOW, ALLOW], "{version}");
    }
    // The rules and sources of another version's form are fields at the root.
    for field in ["specs", "sources", "destination"] {
        let mut target = target_in("v1alpha3", &any_tcp());
        target[field] = json!([]);
        assert_eq!(answers(api, &target, &Traffic::Tcp), [DENY, ALLOW], "{field}");
    }
    let mut target = target_in("v1alpha1", &any_tcp());
    target["rules"] = json!([rule("HTTPRouteGroup")]);
    assert_eq!(answers(api, &target, &Traffic::Tcp), [DENY, ALLOW]);
    // A1: another target is not affected.
    let target = with_unknown(&target_in("v1alpha3", &any_tcp()), "/spec");
    assert_eq!(api().object(&target).target("b", &any_tcp()).web(Traffic::Tcp), ALLOW);
}

#[test]
fn a_target_with_an_unknown_field_enforces_its_namespace() {
    // A2, I8
    for version in VERSIONS {
        for place in ["", &place(version, ""), &place(version, "/destination")] {
            let target = with_unknown(&target_in(version, &any_tcp()), place);
            let world = World::default().object(&target);
            assert!(
                crate::semantics::is_enforced(&world.snapshot, &world.settings, "shop"),
                "{target}"
            );
        }
    }
}

#[test]
fn a_rule_with_an_unknown_field_is_a_member_that_matches_nothing() {
    // A12, I8
    let (tcp, udp, http) = (rule("TCPRoute"), rule("UDPRoute"), rule("HTTPRouteGroup"));
    for version in VERSIONS {
        // The rule with the first index has the unknown field. The answers are those to raw bytes, a request and a
        // datagram.
        for (listed, restricting, ignoring) in [
            (json!([tcp]), [DENY, DENY, DENY], [ALLOW, ALLOW, DENY]),
            (json!([udp]), [DENY, DENY, DENY], [DENY, DENY, ALLOW]),
            (json!([http]), [DENY, DENY, DENY], [DENY, ALLOW, DENY]),
            (json!([tcp, tcp]), [ALLOW, ALLOW, DENY], [ALLOW, ALLOW, DENY]),
            (json!([udp, udp]), [DENY, DENY, ALLOW], [DENY, DENY, ALLOW]),
            (json!([http, http]), [DENY, ALLOW, DENY], [DENY, ALLOW, DENY]),
            (json!([http, tcp]), [DENY, DENY, DENY], [DENY, ALLOW, DENY]),
            (json!([tcp, http]), [DENY, DENY, DENY], [DENY, ALLOW, DENY]),
            (json!([udp, tcp]), [ALLOW, ALLOW, DENY], [ALLOW, ALLOW, ALLOW]),
            (json!([tcp, udp]), [DENY, DENY, ALLOW], [ALLOW, ALLOW, ALLOW]),
            (json!([rule("X"), tcp]), [DENY, DENY, DENY], [DENY, DENY, DENY]),
        ] {
            let target = with_unknown(&target_in(version, &rules(&listed)), &place(version, "/rules/0"));
            for (index, traffic) in [Traffic::Tcp, get("/"), Traffic::Udp].iter().enumerate() {
                let expected = [restricting[index], ignoring[index]];
                assert_eq!(answers(api, &target, traffic), expected, "{target} {traffic:?}");
            }
        }
    }
}

#[test]
fn a_source_with_an_unknown_field_matches_no_caller() {
    // I8
    for version in VERSIONS {
        for (sources, restricting) in [
            (json!([account("web")]), DENY),
            (json!([account("web"), account("db")]), DENY),
            (json!([account("db"), account("web")]), ALLOW),
            (json!([account("web"), account("web")]), ALLOW),
        ] {
            let target = target_in(version, &with("sources", &sources));
            let target = with_unknown(&target, &place(version, "/sources/0"));
            assert_eq!(answers(api, &target, &Traffic::Tcp), [restricting, ALLOW], "{target}");
        }
    }
}

#[test]
fn a_match_with_an_unknown_field_matches_nothing() {
    // A7, A8, I8, S2
    let matches =
        json!([{"name": "a", "pathRegex": "/a"}, {"name": "b", "pathRegex": "/b"}, {"name": "a", "pathRegex": "/c"}]);
    for (version, place) in [
        ("v1alpha1", ""),
        ("v1alpha2", ""),
        ("v1alpha3", "/spec"),
        ("v1alpha4", "/spec"),
    ] {
        let group = with_unknown(&group_in(version, "g", &matches), &format!("{place}/matches/0"));
        for (selected, restricting, ignoring) in [
            (json!([]), "/b /c", "/a /b /c"),
            (json!(["a"]), "/c", "/a /c"),
            (json!(["b"]), "/b", "/b"),
        ] {
            let listed = json!([{"kind": "HTTPRouteGroup", "name": "g", "matches": selected}]);
            let allowed = |world: World| {
                let world = world.object(&group).target("a", &rules(&listed));
                let mut paths = vec!["/a", "/b", "/c"];
                paths.retain(|path| world.web(get(path)) == ALLOW);
                paths.join(" ")
            };
            assert_eq!(allowed(api()), restricting, "{version} {selected}");
            assert_eq!(allowed(api().ignoring()), ignoring, "{version} {selected}");
        }
    }
}

#[test]
fn a_group_with_an_unknown_field_counts_as_missing() {
    // A9, A12, I8
    for (version, places) in [
        ("v1alpha1", &[""][..]),
        ("v1alpha2", &[""]),
        ("v1alpha3", &["", "/spec"]),
        ("v1alpha4", &["", "/spec"]),
    ] {
        for place in places {
            let group = with_unknown(&group_in(version, "g", &json!([{"name": "all"}])), place);
            let by = |listed: &Value| {
                let spec = rules(listed);
                answers(|| api().target("a", &spec), &group, &get("/"))
            };
            let of_group = json!({"kind": "HTTPRouteGroup", "name": "g"});
            assert_eq!(by(&json!([of_group])), [DENY, ALLOW], "{group}");
            assert_eq!(by(&json!([of_group, rule("TCPRoute")])), [DENY, ALLOW], "{group}");
            assert_eq!(
                by(&json!([of_group, rule("HTTPRouteGroup")])),
                [ALLOW, ALLOW],
                "{group}"
            );
        }
    }
}

#[test]
fn a_route_with_an_unknown_field_counts_as_missing() {
    // A9, I8, S22
    for (kind, versions, traffic) in [
        ("TCPRoute", &VERSIONS[..], Traffic::Tcp),
        ("UDPRoute", &["v1alpha4"], Traffic::Udp),
    ] {
        for version in versions {
            for place in ["", "/spec", "/spec/matches"] {
                let route = json!({
                    "apiVersion": format!("specs.smi-spec.io/{version}"), "kind": kind,
                    "metadata": {"name": "r", "namespace": "shop"}, "spec": {"matches": {"ports": [8080]}},
                });
                let route = with_unknown(&route, place);
                let by = |listed: &Value, traffic: &Traffic| {
                    let spec = rules(listed);
                    answers(|| api().target("a", &spec), &route, traffic)
                };
                let of_route = json!({"kind": kind, "name": "r"});
                assert_eq!(by(&json!([of_route]), &traffic), [DENY, ALLOW], "{route}");
                assert_eq!(by(&json!([of_route, rule(kind)]), &traffic), [ALLOW, ALLOW], "{route}");
                if kind == "TCPRoute" {
                    let both = json!([of_route, rule("HTTPRouteGroup")]);
                    assert_eq!(by(&both, &get("/")), [DENY, ALLOW], "{route}");
                }
            }
        }
    }
    // The form of v1alpha4 at the root, where no version has it.
    let route = json!({
        "apiVersion": "specs.smi-spec.io/v1alpha1", "kind": "TCPRoute",
        "metadata": {"name": "r", "namespace": "shop"}, "matches": {"ports": [9000]},
    });
    let spec = rules(&json!([{"kind": "TCPRoute", "name": "r"}]));
    assert_eq!(
        answers(|| api().target("a", &spec), &route, &Traffic::Tcp),
        [DENY, ALLOW]
    );
}

#[test]
fn a_binding_with_an_unknown_field_matches_nothing() {
    // I8
    let reference = json!({"kind": "IdentityBinding", "name": "b"});
    for (field, value, schemes) in [
        ("sources", json!([reference]), json!({"serviceAccount": "web"})),
        (
            "destination",
            reference,
            json!({"podLabelSelector": {"matchLabels": {"app": "api"}}}),
        ),
    ] {
        let world = || api().target_in("shop", "v1alpha4", "a", &with(field, &value));
        let binding = json!({
            "apiVersion": "access.smi-spec.io/v1alpha4", "kind": "IdentityBinding",
            "metadata": {"name": "b", "namespace": "shop"}, "spec": {"schemes": schemes},
        });
        assert_eq!(answers(world, &binding, &Traffic::Tcp), [ALLOW, ALLOW], "{field}");
        for place in ["", "/spec", "/spec/schemes"] {
            let binding = with_unknown(&binding, place);
            assert_eq!(answers(world, &binding, &Traffic::Tcp), [DENY, ALLOW], "{binding}");
        }
    }
    let world = || api().target_in("shop", "v1alpha4", "a", &with("sources", &json!([reference_to("b")])));
    let binding = json!({
        "apiVersion": "access.smi-spec.io/v1alpha4", "kind": "IdentityBinding",
        "metadata": {"name": "b", "namespace": "shop"},
        "spec": {"schemes": {"serviceAccount": "web", "podLabelSelector": {"matchExpressions": []}}},
    });
    assert_eq!(answers(world, &binding, &Traffic::Tcp), [DENY, ALLOW]);
}

fn reference_to(binding: &str) -> Value {
    json!({"kind": "IdentityBinding", "name": binding})
}

#[test]
fn a_trace_names_every_unknown_field_that_matters() {
    // I8
    let spec = rules(&json!([rule("HTTPRouteGroup"), rule("TCPRoute")]));
    let lines = |version: &str, part: &str| {
        let target = with_unknown(&target_in(version, &spec), &place(version, part));
        let (_, trace) = api()
            .object(&target)
            .authorize("shop/web", pod_ref("shop", "api-1"), 8080, get("/"));
        let of_target = trace.steps().iter().filter(|step| step.rule == "I8");
        of_target.map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let unknown = |field: &str| format!("because the field `{field}` is unknown and may be a restriction (I8)");
    for (version, part, field) in [
        ("v1alpha1", "", "foo"),
        ("v1alpha1", "/destination", "destination.foo"),
        ("v1alpha2", "", "spec.foo"),
        ("v1alpha4", "/destination", "spec.destination.foo"),
    ] {
        let expected = format!("TrafficTarget shop/a: does not allow the traffic {}", unknown(field));
        assert_eq!(lines(version, part), expected);
    }
    for (version, path) in [("v1alpha1", "specs[1]"), ("v1alpha3", "spec.rules[1]")] {
        let expected = format!(
            "TrafficTarget shop/a: `{path}` matches nothing {}",
            unknown(&format!("{path}.foo"))
        );
        assert_eq!(lines(version, "/rules/1"), expected);
    }
    for (version, path) in [("v1alpha1", "sources[0]"), ("v1alpha3", "spec.sources[0]")] {
        let expected = format!(
            "TrafficTarget shop/a: `sources[0]` matches no caller {}",
            unknown(&format!("{path}.foo"))
        );
        assert_eq!(lines(version, "/sources/0"), expected);
    }
    let route = json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
        "metadata": {"name": "r", "namespace": "shop"}, "spec": {"matches": {"port": 8080}},
    });
    let spec = rules(&json!([{"kind": "TCPRoute", "name": "r"}]));
    let world = api().object(&route).target("a", &spec);
    let (_, trace) = world.authorize("shop/web", pod_ref("shop", "api-1"), 8080, Traffic::Tcp);
    let expected = format!("TCPRoute shop/r: matches nothing {}", unknown("spec.matches.port"));
    assert!(trace.to_string().contains(&expected), "{trace}");
}

/// The places that an unknown field can have in the objects of `never_grants_more`, as JSON pointers.
const PLACES: [(usize, &str); 13] = [
    (0, ""),
    (0, "/spec"),
    (0, "/spec/destination"),
    (0, "/spec/rules/0"),
    (0, "/spec/rules/1"),
    (0, "/spec/sources/0"),
    (0, "/spec/sources/1"),
    (1, "/spec"),
    (1, "/spec/matches"),
    (2, "/spec"),
    (2, "/spec/matches/0"),
    (2, "/spec/matches/1"),
    (3, "/spec/schemes"),
];

proptest! {
    // I8: an unknown field never grants access, and has no effect if the settings ignore it.
    #[test]
    fn never_grants_more(
        kinds in ("(TCPRoute|HTTPRouteGroup)", "(TCPRoute|HTTPRouteGroup)"),
        places in prop::collection::vec(0..PLACES.len(), 0..4),
        port in prop_oneof![Just(8080u16), Just(9000)],
        path in prop_oneof![Just(None), "(/a|/b)".prop_map(Some)],
        from in "shop/(web|db)",
    ) {
        let object = |api: &str, kind: &str, name: &str, spec: Value| json!({
            "apiVersion": format!("{api}.smi-spec.io/v1alpha4"), "kind": kind,
            "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
        });
        let mut spec = rules(&json!([{"kind": kinds.0, "name": "r"}, {"kind": kinds.1, "name": "any"}]));
        spec["sources"] = json!([account("web"), reference_to("b")]);
        let known = [
            object("access", "TrafficTarget", "a", spec),
            object("specs", "TCPRoute", "r", json!({"matches": {"ports": [8080, 9000]}})),
            object("specs", "HTTPRouteGroup", "r", json!({"matches": [{"pathRegex": "/a"}, {"pathRegex": "/b"}]})),
            object("access", "IdentityBinding", "b", json!({"schemes": {"serviceAccount": "db"}})),
        ];
        let mut unknown = known.clone();
        for place in places {
            let (index, pointer) = PLACES[place];
            unknown[index] = with_unknown(&unknown[index], pointer);
        }
        let world = |objects: &[Value; 4]| objects.iter().fold(api(), World::object);
        let traffic = path.map_or(Traffic::Tcp, |path| get(&path));
        let ask = |world: World| world.access(&from, port, traffic.clone());
        let openness = |access| match access { ALLOW => 2, DENY => 0, Authorization::Either { .. } => 1 };
        prop_assert!(openness(ask(world(&unknown))) <= openness(ask(world(&known))));
        prop_assert_eq!(ask(world(&unknown).ignoring()), ask(world(&known)));
    }
}
