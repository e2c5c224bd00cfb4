//! Identity bindings (A27–A31).

use super::*;
use crate::settings::Scope;

fn binding_ref(namespace: &str) -> Value {
    json!({"kind": "IdentityBinding", "name": "b", "namespace": namespace})
}

/// Adds a target whose source is the binding `b` in a namespace.
fn source(version: &str, namespace: &str) -> World {
    let spec = with("sources", &json!([binding_ref(namespace)]));
    World::api().target_in("shop", version, "a", &spec)
}

/// Adds a target whose destination is the binding `b` in its own namespace.
fn destination(schemes: &Value) -> World {
    World::api()
        .target_in("shop", "v1alpha4", "a", &with("destination", &binding_ref("")))
        .binding("shop", "b", schemes)
}

#[test]
fn bindings_exist_only_in_v1alpha4() {
    // A26
    for (version, expected) in [("v1alpha4", ALLOW), ("v1alpha3", DENY), ("v1alpha2", DENY)] {
        let world = source(version, "").binding("shop", "b", &json!({"serviceAccount": "web"}));
        assert_eq!(world.connects("shop/web"), expected, "{version}");
    }
    for (version, expected) in [("v1alpha4", ALLOW), ("v1alpha3", DENY)] {
        let world = World::api()
            .target_in("shop", version, "a", &with("destination", &binding_ref("shop")))
            .binding("shop", "b", &json!({"serviceAccount": "api"}));
        assert_eq!(world.connects("shop/web"), expected, "{version}");
    }
}

#[test]
fn an_account_is_in_the_namespace_of_its_binding() {
    // A29, A31
    let world = source("v1alpha4", "other").binding("other", "b", &json!({"serviceAccount": "web"}));
    assert_eq!(world.connects("other/web"), ALLOW);
    assert_eq!(world.connects("shop/web"), DENY);
    let mut world = world;
    world.settings.scope = Scope::Namespaces(["shop".to_owned()].into());
    assert_eq!(
        world.connects("other/web"),
        DENY,
        "a binding out of scope does not count"
    );
    let elsewhere = source("v1alpha4", "shop").binding("other", "b", &json!({"serviceAccount": "web"}));
    assert_eq!(elsewhere.connects("other/web"), DENY);
    for name in ["*", "Web"] {
        let world = source("v1alpha4", "").binding("shop", "b", &json!({"serviceAccount": name}));
        assert_eq!(world.connects(&format!("shop/{name}")), DENY, "{name}");
    }
}

#[test]
fn spiffe_ids_are_compared_literally() {
    // A20, A29, D19
    for (id, from, expected) in [
        ("spiffe://cluster.local/ns/other/sa/web", "other/web", ALLOW),
        ("cluster.local/ns/other/sa/web", "other/web", ALLOW),
        (
            "cluster.local/ns/other/sa/web",
            "spiffe://cluster.local/ns/other/sa/web",
            ALLOW,
        ),
        ("cluster.local/ns/other/sa/web", "shop/web", DENY),
        ("other.local/ns/other/sa/web", "other/web", DENY),
        (
            "other.local/ns/other/sa/web",
            "spiffe://other.local/ns/other/sa/web",
            ALLOW,
        ),
        ("cluster.local/vm", "spiffe://cluster.local/vm", ALLOW),
        ("cluster.local/vm", "spiffe://cluster.local/vm/x", DENY),
        ("cluster.local/vm", "spiffe://cluster.local/VM", DENY),
        ("cluster.local/vm", "cluster.local/vm", DENY),
        ("cluster.local", "spiffe://cluster.local", DENY),
        ("cluster.local/", "spiffe://cluster.local/", DENY),
        ("cluster.local/a//b", "spiffe://cluster.local/a//b", DENY),
        ("cluster.local/a/../b", "spiffe://cluster.local/a/../b", DENY),
        ("cluster.local/.", "spiffe://cluster.local/.", DENY),
        ("cluster.local/*", "spiffe://cluster.local/*", DENY),
        ("*/a", "spiffe://*/a", DENY),
        ("Cluster.local/a", "spiffe://Cluster.local/a", DENY),
        ("/a", "spiffe:///a", DENY),
        ("SPIFFE://cluster.local/a", "spiffe://cluster.local/a", DENY),
        ("spiffe://spiffe://a/b", "spiffe://a/b", DENY),
        ("", "spiffe://", DENY),
    ] {
        let world = source("v1alpha4", "").binding("shop", "b", &json!({"spiffeIdentities": ["a/b/c", id]}));
        assert_eq!(world.connects(from), expected, "{id} {from}");
    }
    for (length, expected) in [(2048, ALLOW), (2049, DENY)] {
        let id = format!("spiffe://d/{}", "p".repeat(length - "spiffe://d/".len()));
        let world = source("v1alpha4", "").binding("shop", "b", &json!({"spiffeIdentities": [id]}));
        assert_eq!(world.connects(&id), expected, "{length}");
    }
    for (length, expected) in [(255, ALLOW), (256, DENY)] {
        let id = format!("spiffe://{}/p", "d".repeat(length));
        let world = source("v1alpha4", "").binding("shop", "b", &json!({"spiffeIdentities": [id]}));
        assert_eq!(world.connects(&id), expected, "{length}");
    }
}

#[test]
fn any_scheme_is_enough() {
    // A27
    let schemes = json!({"serviceAccount": "web", "spiffeIdentities": ["x/y", "x/z"]});
    let world = source("v1alpha4", "").binding("shop", "b", &schemes);
    for (from, expected) in [
        ("shop/web", ALLOW),
        ("spiffe://x/z", ALLOW),
        ("shop/db", DENY),
        ("", DENY),
    ] {
        assert_eq!(world.connects(from), expected, "{from}");
    }
}

#[test]
fn an_invalid_binding_matches_nothing() {
    // A28, A30, I7
    let id = json!(["cluster.local/ns/shop/sa/web"]);
    let labels = json!({"matchLabels": {"app": "web"}});
    for (schemes, expected) in [
        (json!({"spiffeIdentities": id}), ALLOW),
        (json!({"spiffeIdentities": id, "podLabelSelector": labels}), ALLOW),
        (
            json!({"spiffeIdentities": id, "podLabelSelector": {"matchLabels": null}}),
            ALLOW,
        ),
        (
            json!({"spiffeIdentities": id, "podLabelSelector": labels, "serviceAccount": ""}),
            ALLOW,
        ),
        (
            json!({"spiffeIdentities": id, "podLabelSelector": labels, "serviceAccount": "web"}),
            DENY,
        ),
        (
            json!({"spiffeIdentities": id, "podLabelSelector": {"matchLabels": {}}}),
            DENY,
        ),
        (json!({"podLabelSelector": {"matchLabels": {}}}), DENY),
        (json!({"podLabelSelector": null}), DENY),
        (json!({}), DENY),
        (Value::Null, DENY),
    ] {
        let world = source("v1alpha4", "")
            .pod("shop", "web-1", "web", &json!([]))
            .binding("shop", "b", &schemes);
        assert_eq!(world.connects("shop/web"), expected, "{schemes}");
    }
    let both = json!({"podLabelSelector": {"matchLabels": {"app": "api"}}, "serviceAccount": "api"});
    assert_eq!(destination(&both).connects("shop/web"), DENY);
    assert_eq!(
        destination(&json!({"podLabelSelector": {"matchLabels": {}}})).connects("shop/web"),
        DENY
    );

    assert_eq!(
        source("v1alpha4", "").connects("shop/web"),
        DENY,
        "the binding is absent"
    );
    let schemes = json!({"serviceAccount": "web"});
    let twice = source("v1alpha4", "")
        .binding("shop", "b", &schemes)
        .binding("shop", "b", &schemes);
    assert_eq!(twice.connects("shop/web"), DENY);
    let no_spec = source("v1alpha4", "").object(&json!({
        "apiVersion": "access.smi-spec.io/v1alpha4", "kind": "IdentityBinding",
        "metadata": {"name": "b", "namespace": "shop"},
    }));
    assert_eq!(no_spec.connects("shop/web"), DENY);
}

#[test]
fn a_source_by_labels_requires_them_on_all_pods_of_an_account() {
    // A29, A30
    let labels = json!({"podLabelSelector": {"matchLabels": {"app": "web", "tier": "front"}}});
    let world = || source("v1alpha4", "").binding("shop", "b", &labels);
    let pod = |world: World, namespace: &str, name: &str, labels: &Value| {
        world.pod_of(namespace, name, "web", labels, &json!([]))
    };
    let all = json!({"app": "web", "tier": "front", "x": "y"});
    assert_eq!(world().connects("shop/web"), DENY, "at least one pod");
    assert_eq!(pod(world(), "shop", "w1", &all).connects("shop/web"), ALLOW);
    assert_eq!(pod(world(), "shop", "w1", &all).connects("shop/db"), DENY);
    assert_eq!(pod(world(), "shop", "w1", &all).connects("other/web"), DENY);
    assert_eq!(pod(world(), "other", "w1", &all).connects("other/web"), DENY);
    assert_eq!(pod(world(), "other", "w1", &all).connects("shop/web"), DENY);
    for fewer in [json!({"app": "web"}), json!({"app": "web", "tier": "back"}), json!({})] {
        let mixed = pod(pod(world(), "shop", "w1", &all), "shop", "w2", &fewer);
        assert_eq!(mixed.connects("shop/web"), DENY, "{fewer}");
        assert_eq!(pod(world(), "shop", "w1", &fewer).connects("shop/web"), DENY, "{fewer}");
        let templated = pod(world(), "shop", "w1", &all).deployment("w", "web", &fewer);
        assert_eq!(templated.connects("shop/web"), DENY, "{fewer}");
        let elsewhere = pod(pod(world(), "shop", "w1", &all), "other", "w2", &fewer);
        assert_eq!(elsewhere.connects("shop/web"), ALLOW, "{fewer}");
    }
    assert_eq!(world().deployment("w", "web", &all).connects("shop/web"), ALLOW);
    let spiffe = "spiffe://cluster.local/ns/shop/sa/web";
    assert_eq!(pod(world(), "shop", "w1", &all).connects(spiffe), ALLOW);
}

#[test]
fn a_destination_binding_names_workloads_of_its_namespace() {
    // A29, A30
    for (schemes, expected) in [
        (json!({"serviceAccount": "api"}), ALLOW),
        (json!({"serviceAccount": "web"}), DENY),
        (json!({"podLabelSelector": {"matchLabels": {"app": "api"}}}), ALLOW),
        (json!({"podLabelSelector": {"matchLabels": {"app": "web"}}}), DENY),
        (
            json!({"podLabelSelector": {"matchLabels": {"app": "api", "tier": "x"}}}),
            DENY,
        ),
        (json!({"spiffeIdentities": ["cluster.local/ns/shop/sa/api"]}), ALLOW),
        (
            json!({"spiffeIdentities": ["spiffe://cluster.local/ns/shop/sa/api"]}),
            ALLOW,
        ),
        (json!({"spiffeIdentities": ["other.local/ns/shop/sa/api"]}), DENY),
        (json!({"spiffeIdentities": ["cluster.local/ns/other/sa/api"]}), DENY),
        (
            json!({"serviceAccount": "x", "spiffeIdentities": ["cluster.local/ns/shop/sa/api"]}),
            ALLOW,
        ),
    ] {
        assert_eq!(destination(&schemes).connects("shop/web"), expected, "{schemes}");
    }
    // Each pod is decided separately. Another pod of the account without the label does not matter.
    let world = destination(&json!({"podLabelSelector": {"matchLabels": {"app": "api"}}}));
    let world = world.pod_of("shop", "api-2", "api", &json!({}), &json!([]));
    assert_eq!(world.connects("shop/web"), ALLOW);
    assert_eq!(
        world
            .authorize("shop/web", pod_ref("shop", "api-2"), 8080, Traffic::Tcp)
            .0,
        DENY
    );
}

#[test]
fn a_destination_binding_does_not_reach_other_namespaces() {
    // A22, A29
    let world = |of: &str, schemes: &Value| {
        let mut world = World::api()
            .target_in("shop", "v1alpha4", "a", &with("destination", &binding_ref("other")))
            .binding(of, "b", schemes)
            .pod("other", "api-1", "api", &json!([{"containerPort": 8080}]))
            .namespace("other", &json!({"smi-adapter.dev/enforce": "true"}));
        world.settings.foreign_destinations = true;
        let to = |namespace| {
            world
                .authorize("shop/web", pod_ref(namespace, "api-1"), 8080, Traffic::Tcp)
                .0
        };
        (to("shop"), to("other"))
    };
    let labels = json!({"podLabelSelector": {"matchLabels": {"app": "api"}}});
    assert_eq!(world("other", &labels), (DENY, ALLOW));
    assert_eq!(
        world("shop", &labels),
        (DENY, DENY),
        "looked up in the destination's namespace"
    );
    let of_shop = json!({"spiffeIdentities": ["cluster.local/ns/shop/sa/api"]});
    assert_eq!(world("other", &of_shop), (DENY, DENY));
    let of_other = json!({"spiffeIdentities": ["cluster.local/ns/other/sa/api"]});
    assert_eq!(world("other", &of_other), (DENY, ALLOW));
}
