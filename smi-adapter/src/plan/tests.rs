use super::*;
use crate::adapter::{Feature, Support, Translation};
use crate::cluster::{Error, InMemoryCluster};
use crate::manifest::{Native, Stage};
use crate::model::route::PortSplit;
use crate::model::{Policy, PolicyKey};
use crate::object::{Kind, ObjectKey};
use crate::plan::MeshAdapterExt;
use crate::plan::{Outcome, apply};
use crate::resolve::resolve;
use crate::settings::Scope;
use pollster::block_on;
use serde::Serialize;
use serde_json::json;
use smi_types::Object;

/// An adapter for a mesh with one native kind, whose objects list their splits and weights.
#[derive(Debug)]
struct Toy;

#[derive(Serialize)]
struct ToyRoute {
    splits: Vec<String>,
    backends: Vec<String>,
}

impl Native for ToyRoute {
    const KIND: Kind = Kind::new(&["toy.example.com", "v1", "ToyRoute", "toyroutes"]);
}

static KINDS: [Kind; 1] = [ToyRoute::KIND];

impl MeshAdapter for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn kinds(&self) -> &[Kind] {
        &KINDS
    }

    fn support(&self, _: Feature) -> Support {
        Support::Full
    }

    fn translate(&self, policy: &Policy) -> Translation {
        let mut translation = Translation::default();
        let Policy::Route(route) = policy else {
            return translation;
        };
        let port = &route.ports()[0];
        let default = port.default().map(PortSplit::backends).unwrap_or_default();
        let spec = ToyRoute {
            splits: route
                .splits()
                .iter()
                .map(|split| split.key().name.to_string())
                .collect(),
            backends: default
                .iter()
                .map(|backend| format!("{}={}", backend.service(), backend.weight()))
                .collect(),
        };
        translation.emit(policy, Stage::Route, &route.root().key().name, &spec);
        translation
    }
}

fn split(namespace: &str, name: &str, root: &str, weight: u32) -> Object {
    let value = json!({
        "apiVersion": "split.smi-spec.io/v1alpha2", "kind": "TrafficSplit",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-{name}")},
        "spec": {"service": root, "backends": [{"service": "v1", "weight": 1}, {"service": "v2", "weight": weight}]},
    });
    Object::from_value(&value).unwrap().object
}

fn snapshot(splits: &[Object]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for namespace in ["ns-a", "ns-b"] {
        for name in ["web", "api", "v1", "v2"] {
            let service =
                json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"port": 80}]}});
            snapshot.insert_service(serde_json::from_value(service).unwrap());
        }
    }
    for split in splits {
        snapshot.insert(split.clone());
    }
    snapshot
}

fn owner(name: &str) -> Settings {
    Settings {
        owner: name.parse().unwrap(),
        ..Settings::default()
    }
}

/// Plans for the objects in the cluster, and applies the plan.
fn settle(cluster: &InMemoryCluster, settings: &Settings, splits: &[Object]) -> (Planned, Vec<Outcome>) {
    let planned = plan_for(cluster, settings, splits);
    let outcomes = block_on(apply(cluster, &planned.plan));
    (planned, outcomes)
}

fn plan_for(cluster: &InMemoryCluster, settings: &Settings, splits: &[Object]) -> Planned {
    let observed = block_on(Toy.observe(cluster, settings)).unwrap();
    Toy.plan(&snapshot(splits), settings, &observed)
}

fn actions(planned: &Planned) -> Vec<String> {
    let actions = planned.plan.actions.iter();
    actions
        .map(|action| {
            let verb = match action {
                Action::Create(_) => "create",
                Action::Replace(_) => "replace",
                Action::Delete(_) => "delete",
            };
            format!("{verb} {}", action.object().key)
        })
        .collect()
}

#[test]
fn plans_converge() {
    let (cluster, settings) = (InMemoryCluster::new(), Settings::default());
    let splits = [split("ns-a", "s", "web", 1), split("ns-b", "t", "api", 1)];
    let (planned, outcomes) = settle(&cluster, &settings, &splits);
    assert_eq!(actions(&planned), ["create ns-a/web", "create ns-b/api"]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done)));
    assert_eq!(plan_for(&cluster, &settings, &splits).plan.actions, []);

    let (planned, _) = settle(&cluster, &settings, &[split("ns-a", "s", "web", 2)]);
    assert_eq!(actions(&planned), ["replace ns-a/web", "delete ns-b/api"]);
    let (planned, _) = settle(&cluster, &settings, &[]);
    assert_eq!(actions(&planned), ["delete ns-a/web"]);
    assert_eq!(cluster.objects(), []);
}

#[test]
fn marks_objects_as_managed() {
    let mut settings = owner("me");
    settings.labels.insert("team".into(), "shop".into());
    settings
        .labels
        .insert("app.kubernetes.io/managed-by".into(), "you".into());
    let planned = plan_for(&InMemoryCluster::new(), &settings, &[split("ns-a", "s", "web", 1)]);
    let metadata = serde_json::to_value(&planned.manifests[0].object.metadata).unwrap();
    assert_eq!(
        metadata,
        json!({
            "name": "web", "namespace": "ns-a",
            "labels": {"app.kubernetes.io/managed-by": "me", "smi-adapter.dev/adapter": "toy", "team": "shop"},
            "annotations": {
                "smi-adapter.dev/policy": "route/ns-a/web",
                "smi-adapter.dev/sources": "TrafficSplit/ns-a/s",
                "smi-adapter.dev/stage": "route",
            },
            "ownerReferences": [{"apiVersion": "split.smi-spec.io/v1alpha2", "kind": "TrafficSplit", "name": "s", "uid": "uid-s"}],
        })
    );
    assert_eq!(planned.plan.field_manager, "me-toy");
}

#[test]
fn repairs_every_foreign_edit() {
    let (cluster, settings, splits) = (
        InMemoryCluster::new(),
        Settings::default(),
        [split("ns-a", "s", "web", 1)],
    );
    settle(&cluster, &settings, &splits);
    let good = cluster.objects().remove(0);
    let edits: [fn(&mut NativeObject); 7] = [
        |object| object.spec["backends"] = json!([]),
        |object| object.spec["added"] = json!({}),
        |object| object.spec = json!({}).into(),
        |object| object.metadata.owner_references = None,
        |object| {
            let labels = object.metadata.labels.get_or_insert_default();
            labels.insert("theirs".into(), "kept".into());
        },
        |object| object.metadata.annotations = None,
        |object| {
            let annotations = object.metadata.annotations.get_or_insert_default();
            annotations.insert("smi-adapter.dev/stage".into(), "x".into());
        },
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        let mut edited = good.clone();
        edit(&mut edited);
        let needs_repair = edited.label("theirs").is_none();
        cluster.put(edited);
        let (planned, _) = settle(&cluster, &settings, &splits);
        let expected: &[&str] = if needs_repair { &["replace ns-a/web"] } else { &[] };
        assert_eq!(actions(&planned), expected, "edit {index}");
        let mut repaired = cluster.objects().remove(0);
        repaired
            .metadata
            .resource_version
            .clone_from(&good.metadata.resource_version);
        repaired.metadata.labels.get_or_insert_default().remove("theirs");
        assert_eq!(repaired, good, "edit {index}");
    }
}

#[test]
fn keeps_foreign_metadata() {
    let (cluster, settings) = (InMemoryCluster::new(), Settings::default());
    settle(&cluster, &settings, &[split("ns-a", "s", "web", 1)]);
    let mut edited = cluster.objects().remove(0);
    edited
        .metadata
        .labels
        .as_mut()
        .unwrap()
        .insert("theirs".into(), "1".into());
    edited
        .metadata
        .annotations
        .as_mut()
        .unwrap()
        .insert("theirs".into(), "2".into());
    edited.metadata.finalizers = Some(vec!["example.com/theirs".into()]);
    cluster.put(edited);
    assert_eq!(
        plan_for(&cluster, &settings, &[split("ns-a", "s", "web", 1)])
            .plan
            .actions,
        []
    );
    settle(&cluster, &settings, &[split("ns-a", "s", "web", 2)]);
    let object = cluster.objects().remove(0);
    assert_eq!(object.spec["backends"], json!(["v1=1", "v2=2"]));
    assert_eq!(object.label("theirs"), Some("1"));
    assert_eq!(object.annotation("theirs"), Some("2"));
    assert_eq!(object.metadata.finalizers.as_ref().unwrap().len(), 1);
}

#[test]
fn leaves_foreign_objects_untouched_and_reports_them() {
    let (cluster, settings) = (InMemoryCluster::new(), Settings::default());
    let foreign = NativeObject {
        kind: ToyRoute::KIND,
        metadata: serde_json::from_value(json!({"name": "web", "namespace": "ns-a"})).unwrap(),
        spec: json!({}).into(),
    };
    cluster.put(foreign);
    let splits = [split("ns-a", "s", "web", 1), split("ns-a", "t", "api", 1)];
    let (planned, _) = settle(&cluster, &settings, &splits);
    assert_eq!(actions(&planned), ["create ns-a/api"]);
    assert_eq!(planned.diagnostics.len(), 1);
    assert_eq!(planned.diagnostics[0].code, Code::ForeignObject);
    let status = planned.status(&ObjectRef::split(ObjectKey::new("ns-a", "s")));
    assert!(status.state == State::Inert && status.shares.is_empty() && status.diagnostics.len() == 1);
    assert_eq!(
        planned.status(&ObjectRef::split(ObjectKey::new("ns-a", "t"))).state,
        State::InForce
    );

    // Without our label, an object is foreign.
    let mut unlabelled = cluster.objects().remove(0);
    assert_eq!(unlabelled.key().name, "api");
    unlabelled.metadata.labels = None;
    cluster.put(unlabelled);
    assert_eq!(actions(&plan_for(&cluster, &settings, &[])), Vec::<String>::new());
    assert_eq!(plan_for(&cluster, &settings, &splits).diagnostics.len(), 2);
}

#[test]
fn owners_and_scopes_do_not_interfere() {
    let cluster = InMemoryCluster::new();
    settle(&cluster, &owner("one"), &[split("ns-a", "s", "web", 1)]);
    settle(&cluster, &owner("two"), &[split("ns-b", "t", "web", 1)]);
    assert_eq!(cluster.objects().len(), 2);
    settle(&cluster, &owner("one"), &[]);
    assert_eq!(cluster.objects().len(), 1);

    let mut scoped = owner("two");
    scoped.scope = Scope::Namespaces(["ns-a".to_owned()].into());
    let (planned, _) = settle(&cluster, &scoped, &[]);
    assert_eq!(planned.plan.actions, [], "objects outside of the scope are not deleted");
}

#[test]
fn a_failure_stops_only_its_own_policy() {
    let (cluster, settings) = (InMemoryCluster::new(), Settings::default());
    let splits = [split("ns-a", "s", "web", 1), split("ns-a", "t", "api", 1)];
    let planned = plan_for(&cluster, &settings, &splits);
    settle(&cluster, &settings, &splits[..1]);
    let outcomes = block_on(apply(&cluster, &planned.plan));
    assert!(
        matches!(outcomes[..], [Outcome::Done, Outcome::Failed(Error::Conflict(_))]),
        "{outcomes:?}"
    );

    // An object that changed since it was observed is not deleted.
    let planned = plan_for(&cluster, &settings, &[]);
    let changed = cluster.objects().remove(0);
    cluster.put(changed);
    let outcomes = block_on(apply(&cluster, &planned.plan));
    assert!(
        matches!(outcomes[..], [Outcome::Failed(Error::Conflict(_)), Outcome::Done]),
        "{outcomes:?}"
    );
}

#[test]
fn detects_an_absent_mesh() {
    let cluster = InMemoryCluster::new();
    assert_eq!(block_on(Toy.detect(&cluster)).unwrap().served, KINDS);
    cluster.withdraw(ToyRoute::KIND);
    let detection = block_on(Toy.detect(&cluster)).unwrap();
    assert_eq!((detection.served.len(), detection.missing.len()), (0, 1));
    assert_eq!(
        block_on(Toy.observe(&cluster, &Settings::default())).unwrap(),
        Observed::default()
    );
    let (_, outcomes) = settle(&cluster, &Settings::default(), &[split("ns-a", "s", "web", 1)]);
    assert!(matches!(outcomes[..], [Outcome::Failed(Error::Refused { .. })]));
}

#[test]
fn stages_order_writes_and_deletions() {
    let object = |name: &str, stage: Stage| {
        let planned = plan_for(
            &InMemoryCluster::new(),
            &Settings::default(),
            &[split("ns-a", "s", "web", 1)],
        );
        let mut manifest = planned.manifests[0].clone();
        manifest.stage = stage;
        manifest.object.metadata.name = Some(name.into());
        owned::decorate(&mut manifest, "toy", &Settings::default());
        manifest
    };
    let manifests = [
        object("a", Stage::Deny),
        object("b", Stage::Grant),
        object("c", Stage::Leaf),
        object("d", Stage::Grant),
    ];
    let names = |actions: Vec<Action>| -> Vec<String> {
        actions.iter().map(|action| action.object().key.name.into()).collect()
    };
    assert_eq!(
        names(diff::actions(&KINDS, &manifests, [].iter())),
        ["c", "b", "d", "a"]
    );

    let live = manifests.iter().map(|manifest| manifest.object.clone());
    let observed = Observed::new("toy", &Settings::default(), live);
    let mut covered = snapshot(&[]);
    covered.cover_workloads();
    let deletions = names(diff::actions(&KINDS, &[], observed.compared(&covered)));
    assert_eq!(deletions, ["a", "b", "d", "c"]);
}

#[test]
fn leaves_access_control_as_it_is_without_coverage() {
    // A2
    let settings = Settings::default();
    let splits = [split("ns-a", "s", "web", 1)];
    let route = plan_for(&InMemoryCluster::new(), &settings, &splits).manifests[0].clone();
    let mut baseline = route.clone();
    baseline.stage = Stage::Deny;
    baseline.policy = PolicyKey::Baseline("ns-a".into());
    baseline.object.metadata.name = Some("baseline".into());
    owned::decorate(&mut baseline, "toy", &settings);
    let observed = Observed::new("toy", &settings, [route.object, baseline.object]);
    let deletions = |planned: &Planned| -> Vec<String> {
        let actions = planned.plan.actions.iter();
        actions.map(|action| action.object().key.name.into()).collect()
    };

    let mut snapshot = snapshot(&[]);
    let planned = Toy.plan(&snapshot, &settings, &observed);
    assert_eq!(deletions(&planned), ["web"], "a route is still deleted");
    let reported: Vec<String> = planned.diagnostics.iter().map(Diagnostic::to_string).collect();
    assert_eq!(
        reported,
        [
            "warning[WorkloadsNotCovered] Namespace ns-a: not every workload is known, so access control of namespace `ns-a` is neither written, compared nor deleted"
        ]
    );

    // This mesh has no access control, so existing objects for it are deleted.
    snapshot.cover_workloads();
    let planned = Toy.plan(&snapshot, &settings, &observed);
    assert_eq!(deletions(&planned), ["baseline", "web"]);
    assert_eq!(planned.diagnostics, []);
}

#[test]
fn objects_that_api_servers_reject_are_not_emitted() {
    let splits = snapshot(&[split("ns-a", "s", "web", 1)]);
    let model = resolve(&splits, &Settings::default()).model;
    let policy = model.policies().next().unwrap().1;
    for (name, size) in [("Not a name", 1), ("web", Translation::MAX_SPEC)] {
        let mut translation = Translation::default();
        let spec = ToyRoute {
            splits: Vec::new(),
            backends: vec!["x".repeat(size)],
        };
        translation.emit(policy, Stage::Route, name, &spec);
        assert_eq!(translation.manifests, []);
        assert_eq!(translation.diagnostics[0].code, Code::Inexpressible);
        assert!(translation.diagnostics[0].disables_split_on(80));
    }
}

#[test]
fn shares_are_reported_by_port() {
    let planned = plan_for(
        &InMemoryCluster::new(),
        &Settings::default(),
        &[split("ns-a", "s", "web", 3)],
    );
    let status = planned.status(&ObjectRef::split(ObjectKey::new("ns-a", "s")));
    assert_eq!(status.state, State::InForce);
    assert_eq!(status.shares.len(), 1);
    assert_eq!(status.shares[0].port, 80);
    assert_eq!(status.shares[0].shares.to_string(), "v1.ns-a:80 1/4, v2.ns-a:80 3/4");
    assert_eq!(
        planned.status(&ObjectRef::split(ObjectKey::new("ns-a", "x"))),
        Status::default()
    );
}
