//! The kit is tested, too: adapters for Istio that are wrong in one way each, beyond the kit's own mutants, and the law
//! that finds out.
//!
//! `--nocapture` shows after how many worlds.

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

/// A law finds the fault, and says so.
fn killed(mutant: &str, result: Result<Report, Box<Violation>>) {
    let violation = result.err();
    assert!(violation.is_some(), "`{mutant}` survives");
    if let Some(violation) = violation {
        let (law, held) = (violation.law, violation.held);
        println!("{mutant}: killed by `{law}` after {held} worlds");
    }
}

const CASES: Cases = Cases::new(1000);

/// The counterexample is written, read back and tried again.
fn by_routing(mutant: &str, broken: &Broken) {
    let mesh = IstioMesh::default();
    let result = laws::faithful(broken, &mesh, CASES);
    if let Err(violation) = &result {
        let case = Case::read(&violation.case.to_yaml());
        let again = case.map(|case| laws::replay(broken, &mesh, &laws::no_limits, &case));
        assert!(matches!(again, Ok(Err(_))), "{violation}");
    }
    killed(mutant, result);
}

#[test]
fn blanket_excuse() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        for split in route.splits() {
            let object = ObjectRef::split(split.key().clone());
            let message = "this mesh may do anything with it";
            translation.report(Diagnostic::new(Code::Inexpressible, object, "spec".into(), message));
        }
        for manifest in &mut translation.manifests {
            parts(&mut manifest.object.spec, "method", &|matching| {
                _ = matching.remove("method");
            });
        }
    });
    by_routing("methods are dropped, and every split is excused", &broken);
}

#[test]
fn second_split_wins() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            let conditional = routes.len().saturating_sub(1);
            routes[..conditional].reverse();
        }
    });
    by_routing("the later split decides", &broken);
}

#[test]
fn catch_all_first() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            routes.reverse();
        }
    });
    killed(
        "the route for everything stands first",
        laws::split_exact(&broken, &IstioMesh::default(), CASES),
    );
}

#[test]
fn no_fallback() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            routes.retain(|route| route["name"] != "root");
        }
    });
    killed(
        "no route to the root",
        laws::fallback(&broken, &IstioMesh::default(), CASES),
    );
}

#[test]
fn port_of_a_match_lost() {
    let broken = Broken::part(Istio::default(), "port", |matching| {
        if matching["port"].is_number() {
            matching.remove("port");
        }
    });
    by_routing("one port's routes take all ports", &broken);
}

#[test]
fn name_of_the_first_split() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        let first = route.splits().first().map(|split| split.key().name.clone());
        for manifest in &mut translation.manifests {
            manifest.object.metadata.name.clone_from(&first);
        }
    });
    killed(
        "an object is named by the first split",
        laws::stable_names(&broken, CASES),
    );
}

#[test]
fn beyond_a_limit() {
    let limit = |object: &NativeObject| {
        let routes = object.spec["http"].as_array().map_or(0, Vec::len);
        if routes > 100 {
            Err(format!("{routes} routes"))
        } else {
            Ok(())
        }
    };
    killed(
        "a native limit is not kept",
        laws::within_limits(&Istio::default(), &limit, CASES),
    );
    let broken = Broken::object(Istio::default(), |manifest| {
        let annotation = "x".repeat(300_000);
        manifest.object.metadata.annotations = Some([("big".to_owned(), annotation)].into());
    });
    killed(
        "a large annotation",
        laws::within_limits(&broken, &laws::no_limits, CASES),
    );
}

#[path = "mutants/access.rs"]
mod access;
