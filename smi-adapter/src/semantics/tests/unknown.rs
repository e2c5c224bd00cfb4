//! Unknown fields in splits and in the groups that they refer to (I8).

use super::*;

fn split_in(version: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("split.smi-spec.io/{version}"), "kind": "TrafficSplit",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

/// Returns the services of the shop and the group `all`, which matches everything.
fn shop() -> World {
    World::shop().group("all", &json!([{"name": "all"}]))
}

/// Returns the routing by `object`, first with unknown fields as restrictions, then with unknown fields ignored.
fn routings(world: impl Fn() -> World, object: &Value) -> [String; 2] {
    [world().object(object).get(), world().object(object).ignoring().get()]
}

#[test]
fn a_split_with_an_unknown_field_is_inert() {
    // I8
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        for spec in [all_to("v1"), some_to("v1", "all")] {
            let split = split_in(version, "a", &spec);
            assert_eq!(routings(shop, &split), [V1, V1]);
            for place in ["", "/spec"] {
                let split = with_unknown(&split, place);
                assert_eq!(routings(shop, &split), [ROOT, V1], "{split}");
                let tcp = shop().object(&split).query("web", 80, Traffic::Tcp).0;
                assert_eq!(tcp.to_string(), ROOT, "{split}");
            }
        }
    }
    let mut misspelt = all_to("v1");
    misspelt["match"] = json!([{"kind": "HTTPRouteGroup", "name": "all"}]);
    let world = shop().split("a", &misspelt);
    assert_eq!(world.get(), ROOT);
    let expected =
        "TrafficSplit shop/a: is passed over because the field `spec.match` is unknown and may be a restriction (I8)";
    assert!(world.trace().contains(expected), "{}", world.trace());
    // The list of another version's form is a field at the root.
    let mut elsewhere = split_in("v1alpha4", "a", &all_to("v1"));
    elsewhere["matches"] = json!([{"kind": "HTTPRouteGroup", "name": "all"}]);
    assert_eq!(routings(shop, &elsewhere), [ROOT, V1]);
}

#[test]
fn metadata_and_status_are_not_restrictions() {
    // I8
    let split = with_unknown(&split_in("v1alpha4", "a", &all_to("v1")), "/metadata");
    assert_eq!(routings(shop, &split), [V1, V1]);
    let mut split = split_in("v1alpha4", "a", &all_to("v1"));
    split["status"] = json!({"foo": "x"});
    assert_eq!(routings(shop, &split), [V1, V1]);
}

#[test]
fn a_split_with_an_unknown_field_keeps_its_place() {
    // I8, T29
    let inert = |spec: &Value| with_unknown(&split_in("v1alpha4", "a", spec), "/spec");
    let world = || shop().split("b", &all_to("v2"));
    assert_eq!(routings(world, &inert(&all_to("v1"))), [ROOT, V1]);
    assert_eq!(routings(world, &inert(&some_to("v1", "all"))), [V2, V1]);
    let world = || shop().split("b", &some_to("v2", "all"));
    assert_eq!(routings(world, &inert(&some_to("v1", "all"))), [V2, V1]);
    // A younger split with an unknown field preempts nothing.
    let world = || shop().split("0", &all_to("v2"));
    assert_eq!(routings(world, &inert(&all_to("v1"))), [V2, V2]);
}

#[test]
fn a_backend_with_an_unknown_field_is_absent() {
    // I8, T10, T23, T25, T28, T30
    let world = || shop().tcp("elsewhere", &[81]);
    // An entry whose weight is in the second list has an unknown field.
    for (known, unknown, restricting, ignoring) in [
        (
            &[("v2", json!(1))][..],
            &[("v1", json!(1))][..],
            "v2.shop:80 1/2, web.shop:80 1/2",
            "v1.shop:80 1/2, v2.shop:80 1/2",
        ),
        (
            &[("v1", json!(1)), ("v2", json!(1))],
            &[("v1", json!(2))],
            "v1.shop:80 1/4, v2.shop:80 1/4, web.shop:80 2/4",
            "v1.shop:80 3/4, v2.shop:80 1/4",
        ),
        (
            &[("v2", json!(2))],
            &[("v1", json!(1)), ("v1", json!(1))],
            "v2.shop:80 1/2, web.shop:80 1/2",
            "v1.shop:80 1/2, v2.shop:80 1/2",
        ),
        // T25: the root stands in on every port, also for a service without the port.
        (
            &[("v2", json!(1))],
            &[("elsewhere", json!(1))],
            "v2.shop:80 1/2, web.shop:80 1/2",
            V2,
        ),
        // T28: the root stands in for itself, but not alone.
        (
            &[("v1", json!(1))],
            &[("web", json!(3))],
            "v1.shop:80 1/4, web.shop:80 3/4",
            "v1.shop:80 1/4, web.shop:80 3/4",
        ),
        (&[], &[("v1", json!(1))], ROOT, V1),
        (&[("v2", json!(0))], &[("v1", json!(1))], ROOT, V1),
        (&[("v2", json!(1))], &[("v1", json!(0))], V2, V2),
        (&[("v2", json!(0))], &[("v1", json!(0))], ROOT, ROOT),
        (&[("v2", json!(1))], &[("v1", json!(-1))], ROOT, ROOT),
    ] {
        for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
            let all = [known, unknown].concat();
            let mut split = split_in(version, "a", &shares(&all));
            for index in known.len()..all.len() {
                split = with_unknown(&split, &format!("/spec/backends/{index}"));
            }
            assert_eq!(routings(world, &split), [restricting, ignoring], "{split}");
        }
    }
}

#[test]
fn the_weights_of_all_entries_decide_whether_a_split_is_inert() {
    // I8, T6, T10, T23
    for (v1, v2, rule) in [(1, 0, "T23"), (0, 0, "T10"), (-1, 1, "T6"), (1, -1, "T6")] {
        let spec = shares(&[("v1", json!(v1)), ("v2", json!(v2))]);
        let split = with_unknown(&split_in("v1alpha4", "a", &spec), "/spec/backends/0");
        let (_, trace) = shop().object(&split).query("web", 80, Traffic::Tcp);
        let of_split = trace.steps().iter().find(|step| step.object.key.name == "a");
        assert_eq!(of_split.map(|step| step.rule), Some(rule), "{v1} {v2}");
    }
}

#[test]
fn the_trace_explains_a_backend_with_an_unknown_field() {
    // I8
    let mut spec = shares(&[("v1", json!(1)), ("v2", json!(1)), ("v1", json!(2))]);
    spec["backends"][2]["namespace"] = json!("other");
    let expected = "\
Service shop/v1: counts as absent, with weight `2`, because the field `spec.backends[2].namespace` is unknown and may be a restriction (I8)
Service shop/v1: gets a share with weight `1` (T8)
Service shop/v2: gets a share with weight `1` (T8)
Service shop/web: gets a share with weight `2` in place of the absent backends (T25)
TrafficSplit shop/a: takes the traffic and sends it to v1.shop:80 1/4, v2.shop:80 1/4, web.shop:80 2/4 (T29)
";
    assert_eq!(shop().split("a", &spec).trace(), expected);
}

#[test]
fn a_reference_with_an_unknown_field_adds_no_match() {
    // I8, T14, T17
    let world = || shop().group("none", &json!([{"pathRegex": "/none"}]));
    let spec = |groups: &[&str]| {
        let mut spec = all_to("v1");
        let reference = |name: &&str| json!({"kind": "HTTPRouteGroup", "name": name});
        spec["matches"] = groups.iter().map(reference).collect();
        spec
    };
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        for (groups, unknown, restricting) in [
            (&["all"][..], "/spec/matches/0", ROOT),
            (&["all", "none"], "/spec/matches/0", ROOT),
            (&["all", "none"], "/spec/matches/1", V1),
            (&["none", "all"], "/spec/matches/0", V1),
            (&["all", "all"], "/spec/matches/0", V1),
        ] {
            let split = with_unknown(&split_in(version, "a", &spec(groups)), unknown);
            assert_eq!(routings(world, &split), [restricting, V1], "{split}");
            let tcp = world().object(&split).query("web", 80, Traffic::Tcp).0;
            assert_eq!(tcp.to_string(), ROOT, "{split}");
        }
    }
    // The split counts as one with matches: the other one is not preceded by it.
    let split = with_unknown(&split_in("v1alpha4", "a", &spec(&["all"])), "/spec/matches/0");
    let world = shop().object(&split).split("b", &all_to("v2"));
    assert_eq!(world.get(), V2);
    let expected = "the reference to `all` matches nothing because the field `spec.matches[0].foo` is unknown and may be a restriction (I8)";
    assert!(world.trace().contains(expected), "{}", world.trace());
}

#[test]
fn a_match_with_an_unknown_field_matches_nothing() {
    // I8, S15
    for (version, place) in [
        ("v1alpha1", ""),
        ("v1alpha2", ""),
        ("v1alpha3", "/spec"),
        ("v1alpha4", "/spec"),
    ] {
        let group = |matches: &Value, index: u8| {
            with_unknown(&group_in(version, "g", matches), &format!("{place}/matches/{index}"))
        };
        let world = || World::shop().split("a", &some_to("v1", "g"));
        let all = json!([{"name": "all"}]);
        assert_eq!(routings(world, &group(&all, 0)), [ROOT, V1], "{version}");
        let two = json!([{"pathRegex": "/"}, {"pathRegex": "/b"}]);
        assert_eq!(routings(world, &group(&two, 0)), [ROOT, V1], "{version}");
        assert_eq!(routings(world, &group(&two, 1)), [V1, V1], "{version}");
        let field = format!("{place}/matches[0].foo")
            .trim_start_matches('/')
            .replace('/', ".");
        let expected = format!("(`matches[0]`) because the field `{field}` is unknown and may be a restriction (I8)");
        let trace = world().object(&group(&all, 0)).trace();
        assert!(trace.contains(&expected), "{trace}");
    }
}

#[test]
fn a_group_with_an_unknown_field_counts_as_missing() {
    // I8, T17
    for (version, places) in [
        ("v1alpha1", &[""][..]),
        ("v1alpha2", &[""]),
        ("v1alpha3", &["", "/spec"]),
        ("v1alpha4", &["", "/spec"]),
    ] {
        let group = group_in(version, "g", &json!([{"name": "all"}]));
        let world = || World::shop().split("a", &some_to("v1", "g"));
        assert_eq!(routings(world, &group), [V1, V1], "{version}");
        for place in places {
            let group = with_unknown(&group, place);
            assert_eq!(routings(world, &group), [ROOT, V1], "{group}");
            let trace = world().object(&group).trace();
            assert!(
                trace.contains("HTTPRouteGroup shop/g: matches nothing because the field"),
                "{trace}"
            );
        }
    }
    // The form of another version: the matches themselves are unknown fields.
    let mut group = group_in("v1alpha4", "g", &json!([{"name": "all"}]));
    group["matches"] = json!([{"pathRegex": "/a"}]);
    let world = || World::shop().split("a", &some_to("v1", "g"));
    assert_eq!(routings(world, &group), [ROOT, V1]);
    let mut group = group_in("v1alpha2", "g", &json!([{"name": "all"}]));
    group["spec"] = json!({"matches": [{"pathRegex": "/a"}]});
    assert_eq!(routings(world, &group), [ROOT, V1]);
}
