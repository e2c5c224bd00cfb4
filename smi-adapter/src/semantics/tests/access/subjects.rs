//! Subjects: the workloads and callers that destinations and sources match.

use super::*;
use crate::settings::Scope;

fn source(source: &Value) -> World {
    World::api().target("a", &with("sources", &json!([source])))
}

fn destination(destination: &Value) -> World {
    World::api().target("a", &with("destination", destination))
}

#[test]
fn only_sources_may_call() {
    // A3, A4, A20, A34
    let world = World::api().target("a", &any_tcp());
    for (from, expected) in [
        ("shop/web", ALLOW),
        ("spiffe://cluster.local/ns/shop/sa/web", ALLOW),
        ("", DENY),
        ("shop/api", DENY),
        ("shop/webx", DENY),
        ("other/web", DENY),
        ("spiffe://other.local/ns/shop/sa/web", DENY),
        ("spiffe://cluster.local/ns/shop/sa/web/x", DENY),
        ("spiffe://cluster.local/ns/shop/x/web", DENY),
        ("spiffe://cluster.local/x/ns/shop/sa/web", DENY),
        ("spiffe://cluster.local/sa/web", DENY),
        ("cluster.local/ns/shop/sa/web", DENY),
    ] {
        assert_eq!(world.connects(from), expected, "{from}");
    }
    let mut world = world;
    world.settings.trust_domain = "other.local".into();
    assert_eq!(world.connects("spiffe://other.local/ns/shop/sa/web"), ALLOW);
    assert_eq!(world.connects("spiffe://cluster.local/ns/shop/sa/web"), DENY);
    assert_eq!(world.connects("shop/web"), ALLOW);
}

#[test]
fn any_source_is_enough() {
    // A35
    let sources = json!([{"kind": "User", "name": "x"}, account("db"), account("web"), account("web")]);
    let world = World::api().target("a", &with("sources", &sources));
    assert_eq!(world.connects("shop/web"), ALLOW);
    assert_eq!(world.connects("shop/db"), ALLOW);
    assert_eq!(world.connects("shop/x"), DENY);
}

#[test]
fn a_source_without_a_namespace_is_in_that_of_the_target() {
    // A24
    let world = source(&json!({"kind": "ServiceAccount", "name": "web"}));
    assert_eq!(world.connects("shop/web"), ALLOW);
    assert_eq!(world.connects("default/web"), DENY);
    let mut world = World::api().object(&json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
        "metadata": {"name": "any", "namespace": "other"}, "spec": {},
    }));
    world.settings.foreign_destinations = true;
    let spec = json!({
        "destination": {"kind": "ServiceAccount", "name": "api", "namespace": "shop"},
        "rules": [{"kind": "TCPRoute", "name": "any"}],
        "sources": [{"kind": "ServiceAccount", "name": "web"}],
    });
    let world = world.target_in("other", "v1alpha3", "a", &spec);
    assert_eq!(world.connects("other/web"), ALLOW, "not that of the destination");
    assert_eq!(world.connects("shop/web"), DENY);
}

#[test]
fn sources_may_be_in_any_namespace() {
    // A20
    let world = source(&json!({"kind": "ServiceAccount", "name": "web", "namespace": "other"}));
    assert_eq!(world.connects("other/web"), ALLOW);
    assert_eq!(world.connects("shop/web"), DENY);
    let mut world = world;
    world.settings.scope = Scope::Namespaces(["shop".to_owned()].into());
    assert_eq!(
        world.connects("other/web"),
        ALLOW,
        "the scope does not apply to accounts"
    );
}

#[test]
fn unknown_subjects_match_nothing() {
    // A26, D12
    let cases = [
        (json!({"kind": "ServiceAccount"}), true),
        (json!({"kind": "ServiceAccount", "group": ""}), true),
        (json!({"kind": "ServiceAccount", "group": "access.smi-spec.io"}), true),
        (json!({"kind": "ServiceAccount", "port": 1}), true),
        (json!({"kind": "ServiceAccount", "group": "rbac"}), false),
        (json!({"kind": "serviceaccount"}), false),
        (json!({"kind": "User"}), false),
        (json!({"kind": ""}), false),
        (json!({}), false),
    ];
    for (mut subject, is_known) in cases {
        let expected = if is_known { ALLOW } else { DENY };
        subject["namespace"] = json!("shop");
        subject["name"] = json!("web");
        assert_eq!(source(&subject).connects("shop/web"), expected, "{subject}");
        subject["name"] = json!("api");
        if subject.get("port").is_none() {
            assert_eq!(destination(&subject).connects("shop/web"), expected, "{subject}");
        }
    }
}

#[test]
fn invalid_names_match_nothing() {
    // A26
    for name in ["*", "", "Web", "we b", "web.", "we_b"] {
        let subject = json!({"kind": "ServiceAccount", "name": name, "namespace": "shop"});
        assert_eq!(source(&subject).connects(&format!("shop/{name}")), DENY, "{name}");
        let pod = destination(&subject).pod("shop", "odd", name, &json!([]));
        let (access, _) = pod.authorize("shop/web", pod_ref("shop", "odd"), 8080, Traffic::Tcp);
        assert_eq!(access, DENY, "{name}");
    }
    for namespace in ["*", "Shop", "a.b", "-"] {
        let subject = json!({"kind": "ServiceAccount", "name": "web", "namespace": namespace});
        assert_eq!(
            source(&subject).connects(&format!("{namespace}/web")),
            DENY,
            "{namespace}"
        );
    }
    let dotted = source(&json!({"kind": "ServiceAccount", "name": "we.b", "namespace": "shop"}));
    assert_eq!(dotted.connects("shop/we.b"), ALLOW);
}

#[test]
fn the_destination_is_an_account_in_the_namespace_of_the_target() {
    // A18, A22, A23
    let of = |name: &str, namespace: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": namespace});
    assert_eq!(destination(&of("api", "shop")).connects("shop/web"), ALLOW);
    assert_eq!(destination(&of("api", "")).connects("shop/web"), ALLOW);
    assert_eq!(destination(&of("web", "shop")).connects("shop/web"), DENY);
    assert_eq!(destination(&of("api", "other")).connects("shop/web"), DENY);
    let mut opted_in = destination(&of("api", "other"));
    opted_in.settings.foreign_destinations = true;
    assert_eq!(opted_in.connects("shop/web"), DENY);
}

#[test]
fn a_destination_matches_every_pod_of_the_account() {
    // A18
    let world = World::api()
        .target("a", &any_tcp())
        .pod_of(
            "shop",
            "bare",
            "api",
            &json!({}),
            &json!([{"name": "x", "ports": [{"containerPort": 8080}]}]),
        )
        .pod("shop", "db-1", "db", &json!([{"containerPort": 8080}]))
        .pod("other", "api-1", "api", &json!([{"containerPort": 8080}]))
        .namespace("other", &json!({"smi-adapter.dev/enforce": "true"}))
        .deployment("api", "api", &json!({"app": "api"}));
    let deployment = ObjectRef::new(Kind::DEPLOYMENT, ObjectKey::new("shop", "api"));
    for (to, expected) in [
        (pod_ref("shop", "api-1"), ALLOW),
        (pod_ref("shop", "bare"), ALLOW),
        (deployment, either("A11")),
        (pod_ref("shop", "db-1"), DENY),
        (pod_ref("other", "api-1"), DENY),
        (pod_ref("shop", "gone"), DENY),
        (ObjectRef::new(Kind::DEPLOYMENT, ObjectKey::new("shop", "api-1")), DENY),
    ] {
        assert_eq!(
            world.authorize("shop/web", to.clone(), 8080, Traffic::Tcp).0,
            expected,
            "{to}"
        );
    }
}

#[test]
fn a_destination_in_another_namespace_requires_the_opt_in() {
    // A22, A25
    let spec = json!({
        "destination": {"kind": "ServiceAccount", "name": "api", "namespace": "shop"},
        "rules": [{"kind": "TCPRoute", "name": "any"}],
        "sources": [account("web")],
    });
    let mut world = World::api().target_in("other", "v1alpha3", "a", &spec);
    assert_eq!(world.connects("shop/web"), DENY);
    world.settings.foreign_destinations = true;
    assert_eq!(
        world.connects("shop/web"),
        DENY,
        "the route must be in the target's namespace"
    );
    let mut world = world.object(&json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
        "metadata": {"name": "any", "namespace": "other"}, "spec": {},
    }));
    assert_eq!(world.connects("shop/web"), ALLOW);
    world.settings.scope = Scope::Namespaces(["shop".to_owned()].into());
    assert_eq!(world.connects("shop/web"), DENY, "a target out of scope does not count");
    world.settings.scope = Scope::All;
    world.settings.foreign_destinations = false;
    assert_eq!(world.connects("shop/web"), DENY);
}
