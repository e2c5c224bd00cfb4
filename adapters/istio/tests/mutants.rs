//! Tests of the conformance kit: adapters for Istio with one fault each, in addition to the kit's own mutants, and the
//! law that detects each fault.
//!
//! `--nocapture` prints the number of worlds that each detection takes.

use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::NativeObject;
use smi_adapter::model::Policy;
use smi_adapter::object::ObjectRef;
use smi_adapter_istio::Istio;
use smi_conformance::broken::{Broken, parts};
use smi_conformance::laws;
use smi_conformance::{Case, Cases, Report, Violation};
use smi_mesh_istio::IstioMesh;

/// Asserts that a law detects the fault.
fn assert_killed(mutant: &str, result: Result<Report, Box<Violation>>) {
    let violation = result.err();
    assert!(violation.is_some(), "`{mutant}` survives");
    if let Some(violation) = violation {
        let (law, held) = (violation.law, violation.held);
        println!("{mutant}: killed by `{law}` after {held} worlds");
    }
}

const CASES: Cases = Cases::new(1000);

/// Asserts that `faithful` detects the fault, and that the counterexample can be written, read and replayed.
fn assert_killed_by_faithful(mutant: &str, broken: &Broken) {
    let mesh = IstioMesh::default();
    let result = laws::faithful(broken, &mesh, CASES);
    if let Err(violation) = &result {
        let case = Case::read(&violation.case.to_yaml());
        let again = case.map(|case| laws::replay(broken, &mesh, &laws::no_limits, &case));
        assert!(matches!(again, Ok(Err(_))), "{violation}");
    }
    assert_killed(mutant, result);
}

#[test]
fn detects_a_blanket_excuse() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        for split in route.splits() {
            let object = ObjectRef::split(split.key().clone());
            let message = "the mesh may route it in any way";
            translation.report(Diagnostic::new(Code::Inexpressible, object, "spec".into(), message));
        }
        for manifest in &mut translation.manifests {
            parts(&mut manifest.object.spec, "method", &|matching| {
                _ = matching.remove("method");
            });
        }
    });
    assert_killed_by_faithful("methods are dropped, and every split is excused", &broken);
}

#[test]
fn detects_that_the_later_split_takes_precedence() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            let conditional = routes.len().saturating_sub(1);
            routes[..conditional].reverse();
        }
    });
    assert_killed_by_faithful("the later split takes precedence", &broken);
}

#[test]
fn detects_a_catch_all_route_in_front() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            routes.reverse();
        }
    });
    assert_killed(
        "the catch-all route is the first one",
        laws::split_exact(&broken, &IstioMesh::default(), CASES),
    );
}

#[test]
fn detects_a_missing_fallback() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            routes.retain(|route| route["name"] != "root");
        }
    });
    assert_killed(
        "no route to the root",
        laws::fallback(&broken, &IstioMesh::default(), CASES),
    );
}

#[test]
fn detects_a_lost_port_of_a_match() {
    let broken = Broken::part(Istio::default(), "port", |matching| {
        if matching["port"].is_number() {
            matching.remove("port");
        }
    });
    assert_killed_by_faithful("the routes of one port apply to all ports", &broken);
}

#[test]
fn detects_names_that_depend_on_the_first_split() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        let first = route.splits().first().map(|split| split.key().name.clone());
        for manifest in &mut translation.manifests {
            manifest.object.metadata.name.clone_from(&first);
        }
    });
    assert_killed(
        "an object is named after the first split",
        laws::stable_names(&broken, CASES),
    );
}

#[test]
fn detects_exceeded_limits() {
    let limit = |object: &NativeObject| {
        let routes = object.spec["http"].as_array().map_or(0, Vec::len);
        if routes > 100 {
            Err(format!("{routes} routes"))
        } else {
            Ok(())
        }
    };
    assert_killed(
        "a native limit is exceeded",
        laws::within_limits(&Istio::default(), &limit, CASES),
    );
    let broken = Broken::object(Istio::default(), |manifest| {
        let annotation = "x".repeat(300_000);
        manifest.object.metadata.annotations = Some([("big".to_owned(), annotation)].into());
    });
    assert_killed(
        "a large annotation",
        laws::within_limits(&broken, &laws::no_limits, CASES),
    );
}

#[path = "mutants/access.rs"]
mod access;
