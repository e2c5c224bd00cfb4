//! Splits: the split that takes the traffic.

use super::*;
use crate::settings::Scope;

#[test]
fn a_service_without_a_split_gets_its_traffic() {
    // T4, T13, T35
    let world = World::shop();
    assert_eq!(world.get(), ROOT);
    assert_eq!(world.query("web", 80, Traffic::Tcp).0.to_string(), ROOT);
    let other = json!({"service": "v1", "backends": [{"service": "v2", "weight": 1}]});
    assert_eq!(world.split("a", &other).get(), ROOT);
}

#[test]
fn a_split_of_another_namespace_does_not_count() {
    // T3, T32
    let split = |service: &str| {
        json!({
            "apiVersion": "split.smi-spec.io/v1alpha1", "kind": "TrafficSplit",
            "metadata": {"name": "a", "namespace": "other"},
            "spec": {"service": service, "backends": [{"service": "v1", "weight": 1}]},
        })
    };
    let port = json!({"ports": [{"port": 80}]});
    for service in ["web", "web.shop", "web.shop.svc"] {
        let world = World::shop()
            .service("other", "web", &port)
            .service("other", "v1", &port)
            .object(&split(service));
        assert_eq!(world.get(), ROOT, "{service}");
    }
}

#[test]
fn only_namespaces_in_scope_count() {
    // T2
    let mut world = World::shop().split("a", &all_to("v1"));
    world.settings.scope = Scope::Namespaces(BTreeSet::from(["other".into()]));
    assert_eq!(world.get(), ROOT);
    assert!(world.trace().contains("out of scope"));
    world.settings.scope = Scope::Namespaces(BTreeSet::from(["shop".into()]));
    assert_eq!(world.get(), V1);
}

#[test]
fn a_split_without_a_spec_has_no_effect() {
    // I7
    let bare = json!({
        "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": "a", "namespace": "shop"},
    });
    for world in [
        World::shop().object(&bare),
        World::shop().split("a", &json!({})),
        World::shop().split(
            "a",
            &json!({"service": "", "backends": [{"service": "v1", "weight": 1}]}),
        ),
    ] {
        assert_eq!(world.get(), ROOT);
        assert_eq!(world.split("b", &all_to("v1")).get(), V1);
    }
}

#[test]
fn a_duplicate_split_does_not_count() {
    // I1
    let world = World::shop().split("a", &all_to("v1")).split("a", &all_to("v1"));
    assert_eq!(world.get(), ROOT);
    assert!(
        world
            .trace()
            .starts_with("TrafficSplit shop/a: does not count because it is defined more than once")
    );
    assert_eq!(world.split("b", &all_to("v2")).get(), V2);
}

#[test]
fn the_oldest_split_without_matches_counts() {
    // T29
    let (old, new) = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    let two = |a: Option<&str>, b: Option<&str>| {
        let add = |world: World, name: &str, created: Option<&str>, backend: &str| match created {
            Some(created) => world.split_of(name, created, &all_to(backend)),
            None => world.split(name, &all_to(backend)),
        };
        let world = add(World::shop(), "a", a, "v1");
        add(world, "b", b, "v2").get()
    };
    assert_eq!(two(None, None), V1);
    assert_eq!(two(Some(old), Some(new)), V1);
    assert_eq!(two(Some(new), Some(old)), V2);
    assert_eq!(two(Some(old), Some(old)), V1);
    assert_eq!(two(None, Some(new)), V2);
}

#[test]
fn the_oldest_split_without_matches_counts_even_if_it_is_unusable() {
    // T6, T10, T20, T25, T29, T31
    let world = || World::shop().tcp("elsewhere", &[81]);
    for oldest in [
        shares(&[]),
        shares(&[("v1", json!(0))]),
        shares(&[("v1", json!(-1))]),
        shares(&[("elsewhere", json!(1))]),
        shares(&[("gone", json!(1))]),
    ] {
        assert_eq!(
            world().split("a", &oldest).split("b", &all_to("v2")).get(),
            ROOT,
            "{oldest}"
        );
    }
    // A split whose matches match nothing still counts as one with matches.
    assert_eq!(
        world()
            .split("a", &some_to("v1", "gone"))
            .split("b", &all_to("v2"))
            .get(),
        V2
    );
}

#[test]
fn splits_with_matches_come_first_in_order() {
    // T13, T29
    let world = || {
        World::shop()
            .tcp("v3", &[80])
            .tcp("v4", &[80])
            .group("a", &json!([{"pathRegex": "/a.*"}]))
            .group("ab", &json!([{"pathRegex": "/ab.*"}]))
            .split_of("oldest", "2019-01-01T00:00:00Z", &all_to("v4"))
    };
    let routing = |world: &World, path: &str| world.send(&request("GET", path, &[])).to_string();
    let (old, new) = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    let by_date = world()
        .split_of("x", new, &some_to("v1", "a"))
        .split_of("y", old, &some_to("v2", "ab"));
    assert_eq!(routing(&by_date, "/ab"), V2);
    assert_eq!(routing(&by_date, "/a"), V1);
    assert_eq!(routing(&by_date, "/b"), "v4.shop:80");
    let by_name = world().split("y", &some_to("v2", "ab")).split("x", &some_to("v1", "a"));
    assert_eq!(routing(&by_name, "/ab"), V1);
    let dated = world()
        .split("x", &some_to("v1", "a"))
        .split_of("y", new, &some_to("v2", "ab"));
    assert_eq!(routing(&dated, "/ab"), V2);
    // Splits that are inert or have no usable backend are passed over.
    for useless in ["gone", "elsewhere"] {
        let over = world()
            .tcp("elsewhere", &[81])
            .split_of("x", old, &some_to(useless, "a"))
            .split_of("y", new, &some_to("v2", "ab"));
        assert_eq!(routing(&over, "/ab"), V2);
        assert_eq!(routing(&over, "/a"), "v4.shop:80");
    }
    let mut inert = some_to("v1", "a");
    inert["backends"][0]["weight"] = json!(0);
    let over = world().split("x", &inert).split("y", &some_to("v2", "ab"));
    assert_eq!(routing(&over, "/ab"), V2);
}

#[test]
fn splits_of_other_roots_do_not_compete() {
    // T29
    let mut other = all_to("v1");
    other["service"] = json!("v2");
    let mut refused = all_to("v1");
    refused["service"] = json!("web.other");
    let world = World::shop()
        .split("a", &other)
        .split("b", &refused)
        .split("c", &all_to("v2"));
    assert_eq!(world.get(), V2);
}

#[test]
fn traffic_other_than_http_fulfils_no_match() {
    // T18, T19
    let world = World::shop()
        .group("all", &json!([{"name": "all"}]))
        .split("a", &some_to("v1", "all"));
    assert_eq!(world.get(), V1);
    assert_eq!(world.query("web", 80, Traffic::Tcp).0.to_string(), ROOT);
    let mut empty = all_to("v2");
    empty["matches"] = json!([]);
    let world = world.split("b", &empty);
    assert_eq!(world.query("web", 80, Traffic::Tcp).0.to_string(), V2);
}

#[test]
fn only_resolved_references_to_groups_count() {
    // T14, T16, T17, D18
    let of_other = json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
        "metadata": {"name": "far", "namespace": "other"}, "spec": {"matches": [{"name": "all"}]},
    });
    let bare = json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
        "metadata": {"name": "bare", "namespace": "shop"},
    });
    let world = || {
        World::shop()
            .group("all", &json!([{"name": "all"}]))
            .group("none", &json!([]))
            .group("twin", &json!([{"name": "all"}]))
            .group("twin", &json!([{"name": "all"}]))
            .object(&of_other)
            .object(&bare)
    };
    let kind = "HTTPRouteGroup";
    for (reference, expected) in [
        (json!({"kind": kind, "name": "all"}), V1),
        (json!({"kind": kind, "name": "all", "apiGroup": ""}), V1),
        (json!({"kind": kind, "name": "all", "apiGroup": null}), V1),
        (
            json!({"kind": kind, "name": "all", "apiGroup": "specs.smi-spec.io"}),
            V1,
        ),
        (
            json!({"kind": kind, "name": "all", "apiGroup": "split.smi-spec.io"}),
            ROOT,
        ),
        (
            json!({"kind": kind, "name": "all", "apiGroup": "specs.smi-spec.io/v1alpha4"}),
            ROOT,
        ),
        (json!({"kind": "TCPRoute", "name": "all"}), ROOT),
        (json!({"kind": "httproutegroup", "name": "all"}), ROOT),
        (json!({"name": "all"}), ROOT),
        (json!({"kind": kind, "name": "none"}), ROOT),
        (json!({"kind": kind, "name": "bare"}), ROOT),
        (json!({"kind": kind, "name": "twin"}), ROOT),
        (json!({"kind": kind, "name": "far"}), ROOT),
        (json!({"kind": kind, "name": "gone"}), ROOT),
        (json!({"kind": kind}), ROOT),
        (json!({}), ROOT),
    ] {
        let mut spec = all_to("v1");
        spec["matches"] = json!([reference]);
        assert_eq!(world().split("a", &spec).get(), expected, "{reference}");
        // T14: one group is enough.
        spec["matches"] = json!([reference, {"kind": kind, "name": "all"}]);
        assert_eq!(world().split("a", &spec).get(), V1, "{reference}");
    }
}

#[test]
fn matches_count_in_every_version() {
    // T12, S24
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        let world = World::shop().group("g", &json!([{"pathRegex": "/x"}])).object(&json!({
            "apiVersion": format!("split.smi-spec.io/{version}"), "kind": "TrafficSplit",
            "metadata": {"name": "a", "namespace": "shop"}, "spec": some_to("v1", "g"),
        }));
        assert_eq!(world.get(), ROOT, "{version}");
        assert_eq!(world.send(&request("GET", "/x", &[])).to_string(), V1, "{version}");
    }
}
