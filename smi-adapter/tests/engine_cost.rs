//! The cost of an edit, counted in translated policies: it depends on what the edit changes, not on the size of the
//! world.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers in this file are test code as well"
)]

#[path = "engine_cost/shop.rs"]
mod shop;

use shop::{deployment, group, namespace, pod, service, split, target, world};
use smi_adapter::adapter::{Concern, Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::engine::{Edit, Engine};
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::model::{Policy, PolicyKey};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::{Action, Observed, Plan, resolved};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// An adapter that records which policies it translates.
#[derive(Debug, Default)]
struct Counting {
    adapter: Istio,
    translated: Mutex<Vec<PolicyKey>>,
}

impl Counting {
    /// Returns the policies that were translated since the last call, in order.
    fn translated(&self) -> Vec<PolicyKey> {
        let mut translated = std::mem::take(&mut *self.translated.lock().expect("no panic"));
        translated.sort();
        translated
    }
}

impl MeshAdapter for Counting {
    fn name(&self) -> &str {
        MeshAdapter::name(&self.adapter)
    }

    fn kinds(&self) -> &[Kind] {
        self.adapter.kinds()
    }

    fn reads(&self) -> &[Kind] {
        self.adapter.reads()
    }

    fn support(&self, feature: Feature) -> Support {
        self.adapter.support(feature)
    }

    fn translate(&self, policy: &Policy) -> Translation {
        self.translated.lock().expect("no panic").push(policy.key());
        self.adapter.translate(policy)
    }

    fn concerns(&self, object: &NativeObject) -> Option<BTreeSet<Concern>> {
        self.adapter.concerns(object)
    }

    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        self.adapter.review(desired, foreign)
    }
}

fn route(name: &str) -> PolicyKey {
    PolicyKey::Route(ObjectKey::new("ns-0", name))
}

fn access(name: &str) -> PolicyKey {
    access_in("ns-0", name)
}

fn access_in(namespace: &str, name: &str) -> PolicyKey {
    PolicyKey::Access(ObjectRef::new(Kind::Deployment, ObjectKey::new(namespace, name)))
}

/// One edit of each kind, with the policies that it changes. They are made one after the other.
fn edits(plan: &Plan) -> Vec<(&'static str, Edit, Vec<PolicyKey>)> {
    let ns = "ns-0";
    let written = |policy: &str| {
        let write = |action: &Action| match action {
            Action::Create(write) if action.policy() == policy => Some(write.object.clone()),
            _ => None,
        };
        let mut object = plan.actions.iter().find_map(write).expect("an object of the policy");
        object.metadata.uid = Some("uid".into());
        object.metadata.resource_version = Some("1".into());
        object
    };
    let named = |name: &str, owner: Option<&str>| {
        let mut object = written("route/ns-0/app-0");
        object.metadata.name = Some(name.into());
        let labels = object.metadata.labels.as_mut().expect("labels");
        labels.remove("app.kubernetes.io/managed-by");
        labels.extend(owner.map(|owner| ("app.kubernetes.io/managed-by".into(), owner.into())));
        Edit::from(object)
    };
    vec![
        ("nothing new", split(ns, "app-0", "app-0", "app-0", 10, "1"), vec![]),
        // Meshes read annotations of namespaces as defaults of their workloads.
        (
            "an annotation of a namespace",
            namespace("edge", "second"),
            vec![access_in("edge", "app-0")],
        ),
        ("an annotation of a workload", deployment(ns, "app-0", "second"), vec![]),
        (
            "an annotation of a backend",
            service(ns, "app-0-v1", "app-0-1", 8080, "second"),
            vec![],
        ),
        // Meshes read annotations of the root of a split.
        (
            "an annotation of a root",
            service(ns, "app-0", "app-0", 8080, "second"),
            vec![route("app-0")],
        ),
        (
            "the version of a split",
            split(ns, "app-0", "app-0", "app-0", 10, "2"),
            vec![],
        ),
        (
            "a route of ours was applied",
            written("route/ns-0/app-0").into(),
            vec![],
        ),
        (
            "a grant of ours was applied",
            written("access/ns-0/Deployment/app-0").into(),
            vec![],
        ),
        (
            "a baseline of ours was applied",
            written("baseline/ns-0").into(),
            vec![],
        ),
        ("a foreign object", named("foreign", None), vec![]),
        (
            "a foreign object with a name of ours",
            named("app-1", Some("other")),
            vec![],
        ),
        (
            "a weight",
            split(ns, "app-0", "app-0", "app-0", 20, "3"),
            vec![route("app-0")],
        ),
        (
            "a new split",
            split(ns, "new", "app-1-v1", "app-1", 10, "1"),
            vec![route("app-1-v1")],
        ),
        (
            "a service's port",
            service(ns, "app-2", "app-2", 9090, ""),
            vec![route("app-2"), access("app-2")],
        ),
        (
            "a pattern",
            group(ns, "app-0", "/other/.*"),
            vec![route("app-0"), access("app-0")],
        ),
        ("a source", target(ns, "app-0", "other"), vec![access("app-0")]),
        // Another Deployment selects the pod. Its own does not, so no labels select that one exactly: it has no policy of
        // its own any more, and the baseline names it.
        (
            "a pod's label",
            pod(ns, "app-3", "app-4"),
            vec![access("app-4"), PolicyKey::Baseline(ns.into())],
        ),
        (
            "an object is gone",
            Edit::Gone(ObjectRef::split(ObjectKey::new(ns, "app-4"))),
            vec![],
        ),
    ]
}

/// The policies that are translated after each edit, by the edit.
fn costs(namespaces: usize, apps: usize) -> BTreeMap<&'static str, Vec<PolicyKey>> {
    let adapter = Counting::default();
    let mut engine = Engine::new(&adapter, Settings::default());
    for edit in world(namespaces, apps) {
        engine.edit(edit);
    }
    let plan = engine.plan();
    let mut all: BTreeSet<PolicyKey> = BTreeSet::new();
    let once = adapter.translated().into_iter().all(|policy| all.insert(policy));
    // A route and an access control for each application.
    assert!(once, "a policy was translated twice");
    assert_eq!(all.len(), namespaces * (2 * apps + 1) + 3);

    let policies = |engine: &Engine<&Counting>| {
        let model = resolved(engine.snapshot(), &Settings::default(), &Observed::default()).model;
        model
            .policies()
            .map(|(key, policy)| (key.clone(), policy.clone()))
            .collect()
    };
    let mut before: BTreeMap<PolicyKey, Policy> = policies(&engine);
    let mut costs = BTreeMap::new();
    let split = ObjectRef::split(ObjectKey::new("ns-0", "app-0"));
    for (what, edit, expected) in edits(&plan) {
        engine.edit(edit);
        _ = (engine.diagnostics(), engine.plan());
        let translated = adapter.translated();
        _ = (engine.plan(), engine.diagnostics());
        _ = (engine.manifests(), engine.status(&split));
        assert_eq!(adapter.translated(), [], "{what}: translated again without an edit");

        // The expected policies are those that differ, so none of them may be missed.
        let after = policies(&engine);
        let differ = |policy: &&PolicyKey| before.get(*policy) != after.get(*policy);
        let changed: Vec<PolicyKey> = after.keys().filter(differ).cloned().collect();
        assert_eq!(changed, expected, "{what}: the policies that change");
        assert_eq!(translated, expected, "{what}: the policies that are translated");
        costs.insert(what, translated);
        before = after;
    }
    costs
}

#[test]
fn an_edit_translates_only_what_it_changes_however_large_the_world_is() {
    let small = costs(2, 5);
    let large = costs(20, 50);
    assert_eq!(small, large);
}
