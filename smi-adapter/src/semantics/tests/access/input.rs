//! Invalid input and converted input.

use super::*;
use crate::settings::{Enforcement, Scope};

/// Returns the authorization by a target with these metadata, as read in a version.
fn converted(version: &str, metadata: &Value) -> Authorization {
    let mut object = json!({
        "apiVersion": format!("access.smi-spec.io/{version}"),
        "kind": "TrafficTarget",
        "metadata": {"name": "a", "namespace": "shop"},
    });
    for (field, value) in metadata.as_object().unwrap() {
        object["metadata"][field] = value.clone();
    }
    let spec = any_tcp();
    if version == "v1alpha1" {
        object["destination"] = spec["destination"].clone();
        object["sources"] = spec["sources"].clone();
        object["specs"] = spec["rules"].clone();
    } else {
        object["spec"] = spec;
    }
    let world = World::api().object(&object);
    assert!(crate::semantics::is_enforced(&world.snapshot, &world.settings, "shop"));
    world.web(Traffic::Tcp)
}

#[test]
fn a_target_that_may_have_lost_its_port_grants_nothing() {
    // I5
    let owner = |version: &str, fields: &Value| json!({"apiVersion": format!("access.smi-spec.io/{version}"), "operation": "Update", "fieldsV1": fields});
    let spec = json!({"f:spec": {"f:destination": {}}});
    let root = json!({"f:destination": {}});
    let other = json!({"f:metadata": {"f:labels": {}}});
    for (read, entries, expected) in [
        ("v1alpha3", vec![], ALLOW),
        ("v1alpha3", vec![owner("v1alpha2", &spec)], DENY),
        ("v1alpha4", vec![owner("v1alpha2", &spec)], DENY),
        ("v1alpha2", vec![owner("v1alpha2", &spec)], ALLOW),
        ("v1alpha1", vec![owner("v1alpha2", &spec)], ALLOW),
        ("v1alpha3", vec![owner("v1alpha3", &spec)], ALLOW),
        ("v1alpha4", vec![owner("v1alpha3", &spec)], ALLOW),
        ("v1alpha3", vec![owner("v1alpha2", &other)], ALLOW),
        ("v1alpha3", vec![owner("v1alpha2", &root)], ALLOW),
        ("v1alpha3", vec![owner("v1alpha2", &json!({"f:spec": {}}))], DENY),
        ("v1alpha3", vec![owner("v1alpha1", &root)], DENY),
        ("v1alpha2", vec![owner("v1alpha1", &root)], DENY),
        ("v1alpha1", vec![owner("v1alpha1", &root)], ALLOW),
        ("v1alpha3", vec![owner("v1alpha1", &json!({"f:specs": {}}))], DENY),
        ("v1alpha3", vec![owner("v1alpha1", &json!({"f:sources": {}}))], DENY),
        ("v1alpha3", vec![owner("v1alpha1", &other)], ALLOW),
        (
            "v1alpha3",
            vec![owner("v1alpha3", &spec), owner("v1alpha2", &spec)],
            DENY,
        ),
        (
            "v1alpha3",
            vec![owner("v1alpha2", &spec), owner("v1alpha3", &spec)],
            DENY,
        ),
        (
            "v1alpha3",
            vec![json!({"apiVersion": "split.smi-spec.io/v1alpha2", "fieldsV1": spec})],
            ALLOW,
        ),
        (
            "v1alpha3",
            vec![json!({"apiVersion": "access.smi-spec.io/v1alpha2"})],
            ALLOW,
        ),
        ("v1alpha3", vec![json!({"fieldsV1": spec})], ALLOW),
    ] {
        let access = converted(read, &json!({"managedFields": entries}));
        assert_eq!(access, expected, "{read} {entries:?}");
    }
    let applied = |read: &str, text: &str| {
        converted(
            read,
            &json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}}),
        )
    };
    for (read, text, expected) in [
        ("v1alpha3", r#"{"apiVersion":"access.smi-spec.io/v1alpha2"}"#, DENY),
        ("v1alpha3", r#"{"apiVersion":"access.smi-spec.io/v1alpha1"}"#, DENY),
        ("v1alpha2", r#"{"apiVersion":"access.smi-spec.io/v1alpha1"}"#, DENY),
        ("v1alpha2", r#"{"apiVersion":"access.smi-spec.io/v1alpha2"}"#, ALLOW),
        ("v1alpha3", r#"{"apiVersion":"access.smi-spec.io/v1alpha3"}"#, ALLOW),
        ("v1alpha3", r#"{"apiVersion":"specs.smi-spec.io/v1alpha2"}"#, ALLOW),
        ("v1alpha3", r#"{"apiVersion":2}"#, ALLOW),
        ("v1alpha3", "access.smi-spec.io/v1alpha2", ALLOW),
        ("v1alpha3", "", ALLOW),
    ] {
        assert_eq!(applied(read, text), expected, "{read} {text}");
    }
}

#[test]
fn versions_are_only_wire_forms() {
    // S24
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        assert_eq!(converted(version, &json!({})), ALLOW, "{version}");
    }
}

#[test]
fn duplicate_objects_grant_nothing() {
    // I1
    let twice = |world: World| world.target("a", &any_tcp()).target("a", &any_tcp());
    assert_eq!(twice(World::api()).web(Traffic::Tcp), DENY);
    assert_eq!(twice(World::api()).target("b", &any_tcp()).web(Traffic::Tcp), ALLOW);
    let routes = World::api()
        .route("TCPRoute", "any", &json!({}))
        .target("a", &any_tcp());
    assert_eq!(routes.web(Traffic::Tcp), DENY);
    let groups = World::api()
        .group("any", &json!([{"name": "any"}]))
        .target("a", &rules(&json!([{"kind": "HTTPRouteGroup", "name": "any"}])));
    assert_eq!(groups.web(get("/")), DENY);
    let pods = World::api()
        .pod("shop", "api-1", "api", &json!([]))
        .target("a", &any_tcp());
    assert_eq!(pods.web(Traffic::Tcp), DENY);
}

#[test]
fn enforcement_alone_decides_on_empty_input() {
    // A2, I7
    let mut world = World::default();
    let ask = |world: &World, to: ObjectRef| world.authorize("", to, 0, Traffic::Udp).0;
    let empty = ObjectRef::new(Kind::SERVICE, ObjectKey::new("", ""));
    assert_eq!(ask(&world, empty.clone()), ALLOW);
    world.settings.enforcement = Enforcement::All { except: [].into() };
    assert_eq!(ask(&world, empty), DENY);
    assert_eq!(ask(&world, pod_ref("shop", "x")), DENY);
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        let world = World::api().object(&json!({
            "apiVersion": format!("access.smi-spec.io/{version}"), "kind": "TrafficTarget",
            "metadata": {"name": "a", "namespace": "shop"},
        }));
        assert_eq!(world.access("", 0, Traffic::Tcp), DENY, "{version}");
        let world = world.target_in(
            "shop",
            version,
            "b",
            &json!({
                "destination": {}, "rules": [{}], "sources": [{}],
            }),
        );
        assert_eq!(world.access("", 0, Traffic::Tcp), DENY, "{version}");
        assert_eq!(world.access("/", 0, get("")), DENY, "{version}");
    }
}

fn any_subject() -> impl Strategy<Value = Value> {
    (
        "(ServiceAccount|IdentityBinding|)",
        "(api|web|b|\\*|)",
        "(shop|other|\\*|)",
        prop::option::of(0..3u8),
    )
        .prop_map(|(kind, name, namespace, port)| match port {
            Some(port) => json!({"kind": kind, "name": name, "namespace": namespace, "port": port}),
            None => json!({"kind": kind, "name": name, "namespace": namespace}),
        })
}

fn any_rule() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![4 => "(TCPRoute|UDPRoute|HTTPRouteGroup)", 1 => Just("x".to_owned())];
    let matches = prop::collection::vec("(a|any|)", 0..2);
    (kind, "(any|p|gone)", matches)
        .prop_map(|(kind, name, matches)| json!({"kind": kind, "name": name, "matches": matches}))
}

prop_compose! {
    fn any_target()(
        destination in any_subject(),
        rules in prop::collection::vec(any_rule(), 0..3),
        sources in prop::collection::vec(any_subject(), 0..3),
    ) -> Value {
        json!({"destination": destination, "rules": rules, "sources": sources})
    }
}

fn any_attempt() -> impl Strategy<Value = (String, u16, Traffic)> {
    let traffic = prop_oneof![
        Just(Traffic::Tcp),
        Just(Traffic::Udp),
        ("(GET|POST)", "(/|/a|/%61|/b/../a)").prop_map(|(method, path)| Traffic::Http(request(&method, &path, &[]))),
    ];
    let from = "(|shop/web|other/web|shop/api|spiffe://cluster.local/ns/shop/sa/web|spiffe://x/y)";
    (from, 0..3u16, traffic)
}

proptest! {
    // A1, A2: an added target never removes a grant, the order does not matter, and no target denies a query that
    // another allows.
    #[test]
    fn targets_only_add_grants(
        targets in prop::collection::vec(any_target(), 0..4),
        (from, port, traffic) in any_attempt(),
        foreign in any::<bool>(),
    ) {
        let world = |targets: &[Value]| {
            let mut world = World::api()
                .pod("shop", "api-2", "api", &json!([{"containerPort": 1}]))
                .route("TCPRoute", "p", &json!({"matches": {"name": "a", "ports": [1, 2]}}))
                .group("p", &json!([{"name": "a", "pathRegex": "/a"}]))
                .binding("shop", "b", &json!({"podLabelSelector": {"matchLabels": {"app": "api"}}}));
            world.settings.foreign_destinations = foreign;
            for (index, spec) in targets.iter().enumerate() {
                world = world.target_in("shop", "v1alpha4", &format!("t{index}"), spec);
            }
            world
        };
        let ask = |targets: &[Value]| {
            let (access, trace) = world(targets).authorize(&from, pod_ref("shop", "api-2"), port, traffic.clone());
            let last = trace.steps().last().unwrap();
            assert_eq!(last.outcome, Outcome::Decided { authorization: access });
            access
        };
        let all = ask(&targets);
        let reversed: Vec<Value> = targets.iter().rev().cloned().collect();
        prop_assert_eq!(ask(&reversed), all);
        let openness = |access| match access { ALLOW => 2, DENY => 0, Authorization::Either { .. } => 1 };
        for index in 0..targets.len() {
            let mut fewer = targets.clone();
            fewer.remove(index);
            prop_assert!(openness(ask(&fewer)) <= openness(all));
        }
        if from.is_empty() || targets.is_empty() {
            prop_assert_eq!(all, DENY);
        }
    }
}

#[test]
fn objects_out_of_scope_do_not_count() {
    // A2
    let mut world = World::api().target("a", &any_tcp());
    world.settings.scope = Scope::Namespaces(["shop".to_owned()].into());
    assert_eq!(world.web(Traffic::Tcp), ALLOW);
    assert_eq!(world.connects("shop/db"), DENY);
    world.settings.scope = Scope::Namespaces([].into());
    assert_eq!(world.connects("shop/db"), ALLOW);
}
