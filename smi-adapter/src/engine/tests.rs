//! The law `incremental` of the conformance kit compares an engine with plans from scratch. These tests cover what it
//! does not.

use super::*;
use crate::adapter::{Feature, Support, Translation};
use crate::manifest::{Native, Stage};
use crate::model::Policy;
use crate::plan::State;
use serde::Serialize;
use serde_json::json;
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
    const KIND: Kind = Kind::new("mesh.example", "v1", "Route", "routes");
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

fn engine(adapter: &Toy) -> Engine<&Toy> {
    let mut engine = Engine::new(adapter, Settings::default());
    for name in ["web", "api", "v1"] {
        let service = json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}});
        engine.edit(serde_json::from_value::<k8s_openapi::api::core::v1::Service>(service).unwrap());
    }
    engine
}

fn names(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(|action| action.object().key.name).collect()
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
    let nameless = |field: &str| {
        Object::from_value(
            &json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
            "metadata": {"namespace": "shop"}, "spec": {field: 1}}),
        )
    };
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    engine.relist(&Kind::TrafficSplit, [nameless("service"), nameless("backends")]);
    let count = |engine: &Engine<&Toy>| engine.snapshot().undecodable().count();
    assert_eq!(count(&engine), 2);
    engine.relist(&Kind::TrafficSplit, [nameless("service")]);
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
fn an_error_without_an_object_changes_nothing() {
    let adapter = Toy::default();
    let mut engine = engine(&adapter);
    let before = engine.snapshot().clone();
    engine.edit(Object::from_json(b"{"));
    assert_eq!(*engine.snapshot(), before);
    assert_eq!(engine.diagnostics(), Changes::default());
}
