//! The law `incremental` of the conformance kit compares an engine with plans from scratch. These tests cover what it
//! does not.

use super::*;
use crate::adapter::{Feature, Support, Translation};
use crate::diagnostic::Diagnostic;
use crate::manifest::{Native, Stage};
use crate::model::Policy;
use crate::plan::{MeshAdapterExt, Observed, Plan, State};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::Service;
use serde::Serialize;
use serde_json::{Value, json};
use smi_types::{Object, ParseError, Parsed};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An adapter that writes one object for each route, and counts translations.
#[derive(Debug, Default)]
struct Toy(AtomicUsize);

#[derive(Serialize)]
struct Route {
    splits: usize,
}

impl Native for Route {
    const KIND: Kind = Kind::new(&["mesh.example", "v1", "Route", "routes"]);
}

impl MeshAdapter for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn kinds(&self) -> &[Kind] {
        const KINDS: &[Kind] = &[Route::KIND];
        KINDS
    }

    fn support(&self, _: Feature) -> Support {
        Support::Full
    }

    fn translate(&self, policy: &Policy) -> Translation {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut out = Translation::default();
        if let Policy::Route(route) = policy {
            let splits = route.splits().len();
            out.emit(policy, Stage::Route, &route.root().key().name, &Route { splits });
        }
        out
    }
}

fn split(name: &str, root: &str) -> Result<Parsed, ParseError> {
    let split = json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"service": root, "backends": [{"service": "v1", "weight": 1}]}});
    Object::from_value(&split)
}

fn service(namespace: &str, name: &str) -> Service {
    let service = json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"port": 80}]}});
    serde_json::from_value(service).unwrap()
}

fn engine(adapter: &Toy) -> Engine<&Toy> {
    let mut engine = Engine::new(adapter, Settings::default());
    for name in ["web", "api", "v1"] {
        engine.edit(service("shop", name));
    }
    engine
}

/// Returns the diagnostics of an engine after these changes, which must be those of a plan from scratch.
fn messages(engine: &mut Engine<&Toy>) -> Vec<String> {
    engine.settle();
    let planned = Toy::default().plan(&engine.snapshot, &engine.settings, &Observed::default());
    let objects: BTreeSet<&ObjectRef> = planned
        .diagnostics
        .iter()
        .map(|diagnostic| &diagnostic.object)
        .collect();
    let all: Vec<Diagnostic> = objects
        .into_iter()
        .flat_map(|object| engine.reports.finished(object).to_vec())
        .collect();
    assert_eq!(all, planned.diagnostics);
    all.iter().map(|diagnostic| diagnostic.message.clone()).collect()
}

fn names(plan: &Plan) -> Vec<String> {
    plan.actions
        .iter()
        .map(|action| action.object().key.name.into())
        .collect()
}

#[test]
fn a_new_list_removes_what_it_does_not_contain() {
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.relist(&Kind::TrafficSplit, [split("one", "web"), split("two", "api")]);
    assert_eq!(names(&engine.plan()), ["api", "web"]);
    let written = engine.manifests().into_iter().map(|manifest| manifest.object);
    let written: Vec<NativeObject> = written.collect();
    engine.relist(&Route::KIND, written.clone());
    assert_eq!(names(&engine.plan()), [""; 0]);

    engine.relist(&Kind::TrafficSplit, [split("two", "api")]);
    assert_eq!(names(&engine.plan()), ["web"], "it is deleted");
    engine.relist(&Route::KIND, Vec::<NativeObject>::new());
    assert_eq!(names(&engine.plan()), ["api"], "it is created again");
    engine.relist(&Kind::TrafficSplit, Vec::<Object>::new());
    assert_eq!(engine.snapshot().splits().count(), 0);
}

#[test]
fn a_new_list_replaces_objects_without_a_name() {
    let nameless = |name: Value| {
        Object::from_value(
            &json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
            "metadata": {"namespace": "shop", "name": name}}),
        )
    };
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.relist(&Kind::TrafficSplit, [nameless(json!(1)), nameless(json!([]))]);
    let count = |engine: &Engine<&Toy>| engine.snapshot().undecodable().count();
    assert_eq!(count(&engine), 2);
    engine.relist(&Kind::TrafficSplit, [nameless(json!(1))]);
    assert_eq!(count(&engine), 1);
    engine.relist(&Kind::TrafficSplit, Vec::<Object>::new());
    assert_eq!(count(&engine), 0);
}

#[test]
fn nothing_is_done_twice() {
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.edit(split("one", "web"));
    let first = engine.plan();
    engine.edit(split("one", "web"));
    assert_eq!(engine.plan(), first);
    let one = ObjectRef::split(ObjectKey::new("shop", "one"));
    assert_eq!(engine.status(&one).state, State::InForce);
    assert_eq!(adapter.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_hint_about_a_match_follows_the_groups_of_the_namespace() {
    let group = |namespace: &str| {
        Object::from_value(
            &json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
            "metadata": {"name": "routes", "namespace": namespace},
            "spec": {"matches": [{"name": "beta", "pathRegex": "/beta"}]}}),
        )
    };
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.edit(Object::from_value(
        &json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": "one", "namespace": "shop"},
        "spec": {"service": "web", "backends": [{"service": "v1", "weight": 1}],
                 "matches": [{"kind": "HTTPRouteGroup", "name": "beta"}]}}),
    ));
    let is_hinted = |engine: &mut Engine<&Toy>| messages(engine).iter().any(|text| text.contains("is a match of"));
    assert!(!is_hinted(&mut engine));
    engine.edit(group("other"));
    assert!(!is_hinted(&mut engine));
    engine.edit(group("shop"));
    assert!(is_hinted(&mut engine));
}

/// A search for a hint looks into a limited number of namespaces.
#[test]
fn hints_about_other_namespaces_follow_the_number_of_namespaces() {
    let pod = |namespace: &str, account: &str| {
        let pod = json!({"metadata": {"name": "pod", "namespace": namespace},
            "spec": {"serviceAccountName": account, "containers": []}});
        Workload::from(&serde_json::from_value::<k8s_openapi::api::core::v1::Pod>(pod).unwrap())
    };
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.edit(Edit::Coverage(true));
    engine.edit(split("one", "far"));
    engine.edit(Object::from_value(
        &json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
        "metadata": {"name": "one", "namespace": "shop"}, "spec": {
            "destination": {"kind": "ServiceAccount", "name": "far", "namespace": "shop"},
            "rules": [{"kind": "TCPRoute", "name": "all"}],
            "sources": [{"kind": "ServiceAccount", "name": "near", "namespace": "shop"}]}}),
    ));
    engine.edit(Object::from_value(
        &json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
        "metadata": {"name": "all", "namespace": "shop"}, "spec": {"matches": {"ports": [80]}}}),
    ));
    let hints = |engine: &mut Engine<&Toy>| {
        let all = messages(engine);
        all.iter()
            .filter(|text| text.contains("but in namespace `zone`"))
            .count()
    };
    assert_eq!(hints(&mut engine), 0);
    engine.edit(service("zone", "far"));
    engine.edit(pod("zone", "far"));
    assert_eq!(hints(&mut engine), 2);
    for index in 0..997 {
        engine.edit(service(&format!("a{index}"), "other"));
        engine.edit(pod(&format!("a{index}"), "other"));
    }
    assert_eq!(hints(&mut engine), 2);
    for index in 997..1_001 {
        engine.edit(service(&format!("a{index}"), "other"));
        engine.edit(pod(&format!("a{index}"), "other"));
        hints(&mut engine);
    }
    assert_eq!(hints(&mut engine), 0);
}

#[test]
fn an_error_without_an_object_changes_nothing() {
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    let before = engine.snapshot().clone();
    engine.edit(Object::from_json(b"{"));
    assert_eq!(*engine.snapshot(), before);
    assert_eq!(engine.diagnostics(), Changes::default());
}
