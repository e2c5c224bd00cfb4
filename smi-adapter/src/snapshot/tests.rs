use super::*;
use crate::diagnostic::Code;
use crate::object::Kind;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

fn metadata(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some("shop".into()),
        ..ObjectMeta::default()
    }
}

fn split(name: &str) -> Object {
    let metadata = metadata(name);
    TrafficSplit {
        metadata,
        ..TrafficSplit::default()
    }
    .into()
}

fn service(name: &str) -> Service {
    let metadata = metadata(name);
    Service {
        metadata,
        ..Service::default()
    }
}

fn namespace(name: &str) -> Namespace {
    Namespace {
        metadata: ObjectMeta {
            name: Some(name.into()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

fn deployment(name: &str) -> Workload {
    Workload::from(&Deployment {
        metadata: metadata(name),
        ..Deployment::default()
    })
}

fn split_ref(name: &str) -> ObjectRef {
    ObjectRef::split(ObjectKey::new("shop", name))
}

fn broken(object: ObjectRef) -> Diagnostic {
    Diagnostic::new(Code::Undecodable, object, FieldPath::root(), "x")
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.splits().map(|(key, _)| &*key.name).collect()
}

/// Returns the kind in another version.
fn in_version(kind: &Kind, version: &'static str) -> Kind {
    Kind::named(kind.group(), version, kind.name(), kind.plural())
}

#[test]
fn repeated_objects_in_one_input_are_duplicates() {
    // I1
    let mut input = SnapshotBuilder::default();
    for _ in 0..3 {
        input.add(split("a"));
        input.add_service(service("web"));
        input.add_workload(deployment("api"));
        input.add_namespace(namespace("shop"));
    }
    input.add(split("b"));
    let snapshot = input.build();
    assert_eq!(names(&snapshot), ["b"]);
    assert_eq!(snapshot.services().count(), 0);
    assert_eq!(snapshot.workloads().count(), 0);
    assert_eq!(snapshot.namespaces().count(), 0);
    assert_eq!(snapshot.duplicates().count(), 4);
}

#[test]
fn an_undecodable_object_is_a_duplicate_in_either_order() {
    let mut first = SnapshotBuilder::default();
    first.add(split("a"));
    first.add_undecodable(broken(split_ref("a")));
    let mut last = SnapshotBuilder::default();
    last.add_undecodable(broken(split_ref("a")));
    last.add(split("a"));
    assert_eq!(first, last);
    let snapshot = first.build();
    assert_eq!(snapshot.duplicates().collect::<Vec<_>>(), [&split_ref("a")]);
    assert_eq!(snapshot.undecodable().count(), 0);
}

#[test]
fn inserting_an_object_again_replaces_it() {
    let mut snapshot = Snapshot::default();
    for _ in 0..2 {
        snapshot.insert(split("a"));
        snapshot.insert_service(service("web"));
        snapshot.insert_workload(deployment("api"));
        snapshot.insert_namespace(namespace("shop"));
    }
    assert_eq!(snapshot.duplicates().count(), 0);
    assert_eq!(names(&snapshot), ["a"]);
    assert_eq!(snapshot.services().count(), 1);
    assert_eq!(snapshot.workloads().count(), 1);
    assert_eq!(snapshot.namespaces().count(), 1);

    // An object becomes undecodable, then a duplicate, then readable again.
    snapshot.insert_undecodable(broken(split_ref("a")));
    assert_eq!((snapshot.splits().count(), snapshot.undecodable().count()), (0, 1));
    let mut input = SnapshotBuilder::from(snapshot);
    input.add(split("a"));
    let mut snapshot = input.build();
    assert_eq!(snapshot.duplicates().count(), 1);
    snapshot.insert(split("a"));
    assert_eq!(names(&snapshot), ["a"]);
    assert_eq!((snapshot.duplicates().count(), snapshot.undecodable().count()), (0, 0));
}

#[test]
fn removal_ignores_the_version() {
    let mut snapshot = Snapshot::default();
    let older = ObjectRef::new(in_version(&Kind::TrafficSplit, "v1alpha1"), split_ref("a").key);
    snapshot.insert(split("a"));
    assert!(snapshot.remove(&older));
    assert!(!snapshot.remove(&older));

    let api = snapshot.insert_workload(deployment("api"));
    let older = ObjectRef::new(in_version(&Kind::Deployment, "v1beta1"), api.key.clone());
    assert!(snapshot.workload(&older).is_some());
    assert!(!snapshot.remove(&ObjectRef::new(Kind::StatefulSet, api.key.clone())));
    assert!(snapshot.remove(&older));

    snapshot.insert_undecodable(broken(split_ref("b")));
    assert!(snapshot.remove(&split_ref("b")));
    let mut input = SnapshotBuilder::default();
    input.add(split("a"));
    input.add(split("a"));
    let mut twice = input.build();
    assert!(twice.remove(&split_ref("a")));
    assert_eq!(twice.duplicates().count(), 0);
    assert_eq!(snapshot, Snapshot::default());
}

#[test]
fn an_undecodable_object_has_the_constant_kind() {
    let mut snapshot = Snapshot::default();
    let key = ObjectKey::new("shop", "a");
    let older = ObjectRef::new(in_version(&Kind::TrafficTarget, "v1alpha1"), key.clone());
    snapshot.insert_undecodable(broken(older));
    let undecodable: Vec<_> = snapshot
        .undecodable()
        .map(|diagnostic| diagnostic.object.clone())
        .collect();
    assert_eq!(undecodable, [ObjectRef::target(key)]);
}

#[test]
fn a_namespace_is_removed_by_its_name() {
    let mut snapshot = Snapshot::default();
    for namespace_of_key in ["", "default", "shop"] {
        snapshot.insert_namespace(namespace("shop"));
        let key = ObjectKey::new(namespace_of_key, "shop");
        assert!(
            snapshot.remove(&ObjectRef::new(Kind::Namespace, key)),
            "{namespace_of_key}"
        );
    }
    assert_eq!(snapshot, Snapshot::default());
}

#[test]
fn a_new_list_replaces_everything_of_its_kind() {
    let mut input = SnapshotBuilder::default();
    for name in ["a", "twin", "twin"] {
        input.add(split(name));
    }
    input.add_undecodable(broken(split_ref("broken")));
    input.add_service(service("web"));
    input.add_workload(deployment("api"));
    let pod = Workload::of_template(Kind::Pod, &metadata("api-1"), None::<LabelSelector>, None);
    input.add_workload(pod);
    input.add_namespace(namespace("shop"));
    let mut snapshot = input.build();

    // The version of the kind does not matter here, either.
    snapshot.replace_all(&in_version(&Kind::TrafficSplit, "v1alpha2"), [split("b")]);
    assert_eq!(names(&snapshot), ["b"]);
    assert_eq!((snapshot.duplicates().count(), snapshot.undecodable().count()), (0, 0));

    snapshot.replace_all(&Kind::Deployment, Vec::<Workload>::new());
    let left: Vec<_> = snapshot
        .workloads()
        .map(|workload| &*workload.object().key.name)
        .collect();
    assert_eq!(left, ["api-1"]);
    snapshot.replace_all(&Kind::Service, [service("v2")]);
    let left: Vec<_> = snapshot.services().map(|(key, _)| &*key.name).collect();
    assert_eq!(left, ["v2"]);
    snapshot.replace_all(&Kind::Namespace, [namespace("b")]);
    assert!(snapshot.namespace("shop").is_none() && snapshot.namespace("b").is_some());
    assert!(snapshot.covers_workloads());

    let read = |text: &str| Object::from_json(text.as_bytes());
    let good = r#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "c"}}"#;
    let bad =
        r#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "d"}, "spec": 1}"#;
    snapshot.replace_all(&Kind::TrafficSplit, [read(good), read(bad)]);
    assert_eq!(names(&snapshot), ["c"]);
    let undecodable: Vec<_> = snapshot
        .undecodable()
        .map(|diagnostic| diagnostic.object.to_string())
        .collect();
    assert_eq!(undecodable, ["TrafficSplit default/d"]);
}

#[test]
fn only_complete_inputs_and_declarations_cover_workloads() {
    let mut snapshot = Snapshot::default();
    snapshot.insert_workload(deployment("api"));
    assert!(!snapshot.covers_workloads());
    snapshot.cover_workloads();
    assert!(snapshot.covers_workloads());
    assert!(SnapshotBuilder::default().build().covers_workloads());
}

#[test]
fn rejects_names_that_api_servers_reject() {
    let mut snapshot = Snapshot::default();
    snapshot.insert(split("Not A Name"));
    snapshot.insert(split(""));
    snapshot.insert(split(&"A".repeat(253)));
    snapshot.insert(split(&"a".repeat(254)));
    assert_eq!(snapshot.splits().count(), 0);
    // A label of an object name may be longer than 63 characters, unlike a label of a host name.
    snapshot.insert(split(&"a".repeat(253)));
    assert_eq!(snapshot.splits().count(), 1);
    let diagnostic = snapshot
        .undecodable()
        .find(|diagnostic| diagnostic.object.key.name.contains(' '))
        .unwrap();
    assert_eq!(diagnostic.object.to_string(), "TrafficSplit shop/Not A Name");
    assert_eq!(diagnostic.field.to_string(), "metadata.name");
}

#[test]
fn objects_of_a_cluster_have_their_version_and_uid_as_origin() {
    let mut snapshot = Snapshot::default();
    let json = br#"{"apiVersion": "split.smi-spec.io/v1alpha2", "kind": "TrafficSplit",
        "metadata": {"name": "canary", "namespace": "shop", "uid": "5d", "resourceVersion": "7"}}"#;
    let split = snapshot.insert(Object::from_json(json).unwrap());
    let resolution = crate::resolve::resolve(&snapshot, &crate::settings::Settings::default());
    assert_eq!(
        serde_json::to_value(&resolution.diagnostics[0].origins).unwrap(),
        serde_json::json!([{"apiVersion": "split.smi-spec.io/v1alpha2", "uid": "5d", "resourceVersion": "7"}])
    );
    snapshot.remove(&split);
    assert_eq!(snapshot.origins(&split), []);
}
