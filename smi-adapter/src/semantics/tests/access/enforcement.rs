//! Enforcement: the namespaces that are enforced (A2).

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::semantics::is_enforced;
use crate::settings::{Enforcement, SYSTEM_NAMESPACES, Scope};

const NAMES: [&str; 3] = ["shop", "other", "kube-system"];

/// Returns the namespaces that are enforced.
fn enforced(world: &World) -> Vec<&'static str> {
    let mut names = NAMES.to_vec();
    names.retain(|name| is_enforced(&world.snapshot, &world.settings, name));
    // The authorization agrees: an absent workload has no grants.
    for name in NAMES {
        let expected = if names.contains(&name) { DENY } else { ALLOW };
        assert_eq!(
            world.authorize("a/b", pod_ref(name, "x"), 80, Traffic::Tcp).0,
            expected,
            "{name}"
        );
    }
    names
}

fn broken(object: ObjectRef) -> Diagnostic {
    Diagnostic::new(Code::Undecodable, object, smi_types::FieldPath::root(), "x")
}

fn target_ref(namespace: &str) -> ObjectRef {
    ObjectRef::target(ObjectKey::new(namespace, "a"))
}

fn set(enforcement: Enforcement) -> impl Fn(World) -> World {
    move |mut world| {
        world.settings.enforcement = enforcement.clone();
        world
    }
}

fn label(world: World, name: &str, value: &str) -> World {
    world.namespace(name, &json!({"smi-adapter.dev/enforce": value}))
}

#[test]
fn targets_enforce_their_namespace() {
    // A2, I1, I7
    assert_eq!(enforced(&World::default()), [""; 0]);
    assert_eq!(enforced(&World::default().target("a", &any_tcp())), ["shop"]);
    let empty = World::default().target_in("other", "v1alpha1", "a", &json!({}));
    assert_eq!(enforced(&empty), ["other"]);
    let twice = World::default().target("a", &any_tcp()).target("a", &any_tcp());
    assert_eq!(twice.snapshot.targets().count(), 0);
    assert_eq!(enforced(&twice), ["shop"]);
    let mut world = World::default();
    world.snapshot.insert_undecodable(broken(target_ref("shop")));
    assert_eq!(enforced(&world), ["shop"]);

    // No other object enforces a namespace.
    let mut world = World::api().binding("other", "a", &json!({"serviceAccount": "x"}));
    world.snapshot.remove(&ObjectRef::namespace("shop"));
    let group = ObjectRef::group(ObjectKey::new("other", "x"));
    world.snapshot.insert_undecodable(broken(group));
    assert_eq!(enforced(&world), [""; 0]);
}

#[test]
fn managed_objects_enforce_their_namespace() {
    // A2
    let mut world = World::default();
    world.snapshot.insert_enforced("shop");
    assert_eq!(enforced(&world), ["shop"]);
    assert_eq!(enforced(&label(world, "shop", "false")), [""; 0]);
}

#[test]
fn labels_enforce_and_release() {
    // A2
    let with_target = || World::default().target("a", &any_tcp());
    assert_eq!(enforced(&label(World::default(), "shop", "true")), ["shop"]);
    assert_eq!(enforced(&label(World::default(), "shop", "True")), [""; 0]);
    assert_eq!(enforced(&label(with_target(), "shop", "false")), [""; 0]);
    for value in ["False", "", "no", "0"] {
        assert_eq!(enforced(&label(with_target(), "shop", value)), ["shop"], "{value}");
    }
    let unlabelled = with_target().namespace("shop", &json!({}));
    assert_eq!(enforced(&unlabelled), ["shop"]);
    let other_label = with_target().namespace("shop", &json!({"enforce": "false"}));
    assert_eq!(enforced(&other_label), ["shop"]);
}

#[test]
fn a_duplicate_namespace_has_no_label() {
    // I1
    let twice = |value| label(label(World::default(), "shop", value), "shop", value);
    assert_eq!(enforced(&twice("true")), [""; 0]);
    assert_eq!(enforced(&twice("false").target("a", &any_tcp())), ["shop"]);
}

#[test]
fn all_namespaces_without_an_exception_are_enforced() {
    // A2
    let all = |except: &[&str]| {
        let except = except.iter().map(|name| (*name).to_owned()).collect();
        set(Enforcement::All { except })
    };
    assert_eq!(enforced(&all(&[])(World::default())), ["shop", "other"]);
    assert_eq!(enforced(&all(&["shop"])(World::default())), ["other"]);
    let world = World::default().target("a", &any_tcp());
    assert_eq!(
        enforced(&all(&["shop"])(world)),
        ["other"],
        "a target does not end the exception"
    );
    let mut world = World::default();
    world.snapshot.insert_enforced("shop");
    assert_eq!(enforced(&all(&["shop"])(world)), ["other"]);
    let world = label(label(World::default(), "kube-system", "true"), "other", "false");
    assert_eq!(enforced(&all(&[])(world)), ["shop", "kube-system"]);
    let world = label(World::default(), "shop", "true");
    assert_eq!(enforced(&all(&["shop"])(world)), ["shop", "other"]);
    let world = all(&[])(World::default());
    for name in SYSTEM_NAMESPACES {
        assert!(!is_enforced(&world.snapshot, &world.settings, name), "{name}");
    }
}

#[test]
fn off_enforces_nothing() {
    // A2
    let mut world = label(World::default().target("a", &any_tcp()), "other", "true");
    world.snapshot.insert_enforced("shop");
    assert_eq!(enforced(&set(Enforcement::Off)(world)), [""; 0]);
}

#[test]
fn enforces_nothing_if_workloads_are_not_covered() {
    // A2
    let mut world = label(World::default(), "other", "true");
    world.snapshot = Snapshot::default();
    world.snapshot.insert_enforced("shop");
    assert_eq!(enforced(&set(Enforcement::All { except: [].into() })(world)), [""; 0]);
}

#[test]
fn only_namespaces_in_scope_are_enforced() {
    // A2
    let scoped = |mut world: World| {
        world.settings.scope = Scope::Namespaces(["other".to_owned()].into());
        world
    };
    let world = label(World::default().target("a", &any_tcp()), "shop", "true");
    assert_eq!(enforced(&scoped(world)), [""; 0]);
    let all = set(Enforcement::All { except: [].into() });
    assert_eq!(enforced(&all(scoped(World::default()))), ["other"]);
}

#[test]
fn a_destination_in_another_namespace_enforces_it_only_with_the_opt_in() {
    // A22
    let spec = with(
        "destination",
        &json!({"kind": "x", "name": "api", "namespace": "other"}),
    );
    let mut world = World::default().target("a", &spec);
    assert_eq!(enforced(&world), ["shop"]);
    world.settings.foreign_destinations = true;
    assert_eq!(enforced(&world), ["other"]);
    world.settings.scope = Scope::Namespaces(["other".to_owned()].into());
    assert_eq!(enforced(&world), [""; 0], "a target out of scope does not count");

    let own = with("destination", &json!({"kind": "x", "name": "api", "namespace": "shop"}));
    for spec in [own, any_tcp(), json!({})] {
        let mut world = World::default().target("a", &spec);
        world.settings.foreign_destinations = true;
        assert_eq!(enforced(&world), ["shop"], "{spec}");
    }
    let mut world = World::default();
    world.settings.foreign_destinations = true;
    world.snapshot.insert_undecodable(broken(target_ref("shop")));
    assert_eq!(enforced(&world), ["shop"]);
}

#[test]
fn an_unreadable_target_of_any_api_group_enforces_its_namespace() {
    // A2
    let unreadable = |api_version: &str, kind: &str| {
        let object = json!({
            "apiVersion": api_version, "kind": kind,
            "metadata": {"name": "a", "namespace": "shop"}, "spec": any_tcp(),
        });
        let mut input = SnapshotBuilder::default();
        input.add_error(&Object::from_value(&object).unwrap_err());
        World {
            snapshot: input.build(),
            ..World::default()
        }
    };
    for api_version in [
        "access.smi-spec.io/v1alpha9",
        "specs.smi-spec.io/v1alpha4",
        "smi-spec.io/v1alpha3",
        "access.smi.io/v1alpha3",
        "v1alpha3",
    ] {
        let world = unreadable(api_version, "TrafficTarget");
        assert_eq!(enforced(&world), ["shop"], "{api_version}");
        let (_, trace) = world.pod("shop", "api-1", "api", &json!([])).authorize(
            "shop/web",
            pod_ref("shop", "api-1"),
            80,
            Traffic::Tcp,
        );
        let expected = "TrafficTarget shop/a: does not allow the traffic because it cannot be read";
        assert!(trace.to_string().contains(expected), "{trace}");
    }
    assert_eq!(
        enforced(&unreadable("specs.smi-spec.io/v1alpha4", "TrafficSplit")),
        [""; 0]
    );

    let kind = Kind::named("x.dev", "v1", "TrafficTarget", "traffictargets");
    let object = || ObjectRef::new(kind.clone(), ObjectKey::new("other", "a"));
    let mut world = World::default();
    world.snapshot.insert_undecodable(broken(object()));
    assert_eq!(enforced(&world), ["other"]);
    assert_eq!(enforced(&label(world, "other", "false")), [""; 0]);
    let twice = World::default()
        .add(|input| input.add_undecodable(broken(object())))
        .add(|input| input.add_undecodable(broken(object())));
    assert_eq!(enforced(&twice), ["other"], "I1");
}
