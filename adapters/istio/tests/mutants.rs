//! The kit is tested, too: adapters for Istio that are wrong in one way each, beyond the kit's own mutants, and the law
//! that finds out.
//!
//! `--nocapture` shows after how many worlds.

use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::ObjectRef;
use smi_adapter_istio::Istio;
use smi_conformance::laws::{self, Law};
use smi_conformance::mutants::{Mutant, edit_parts};
use smi_conformance::{Case, Cases, Report, Violation};
use smi_mesh_istio::IstioMesh;

/// Asserts that a law kills the mutant.
fn killed(mutant: &str, result: Result<Report, Box<Violation>>) {
    let violation = result.err();
    assert!(violation.is_some(), "`{mutant}` survives");
    if let Some(violation) = violation {
        let (law, held) = (violation.law, violation.held);
        println!("{mutant}: killed by `{law}` after {held} worlds");
    }
}

/// The mutant's own law finds the fault.
fn killed_by_law(mutant: &Mutant, adapter: &Istio, mesh: &IstioMesh) {
    let wrong = mutant.of(adapter);
    killed(
        mutant.name(),
        laws::try_law(mutant.law(), &wrong, mesh, &laws::no_limits, CASES),
    );
}

fn of_objects(name: &'static str, law: Law, edit: impl Fn(&mut Manifest) + Send + Sync + 'static) -> Mutant {
    Mutant::of_translation(name, law, move |_, translation| {
        translation.manifests.iter_mut().for_each(&edit);
    })
}

const CASES: Cases = Cases::new(1000);

/// The counterexample is written, read back and tried again.
fn by_routing(mutant: &Mutant) {
    let (adapter, mesh) = (Istio::default(), IstioMesh::default());
    let wrong = mutant.of(&adapter);
    let result = laws::try_law(mutant.law(), &wrong, &mesh, &laws::no_limits, CASES);
    if let Err(violation) = &result {
        let case = Case::read(&violation.case.to_yaml());
        let again = case.map(|case| laws::replay(&wrong, &mesh, &laws::no_limits, &case));
        assert!(matches!(again, Ok(Err(_))), "{violation}");
    }
    killed(mutant.name(), result);
}

#[test]
fn blanket_excuse() {
    let name = "methods are dropped, and every split is excused";
    by_routing(&Mutant::of_translation(name, Law::Faithful, |policy, translation| {
        let Policy::Route(route) = policy else { return };
        for split in route.splits() {
            let object = ObjectRef::split(split.key().clone());
            let message = "the mesh may route it in any way";
            translation.report(Diagnostic::new(Code::Inexpressible, object, "spec".into(), message));
        }
        for manifest in &mut translation.manifests {
            edit_parts(&mut manifest.object.spec, "method", &|matching| {
                _ = matching.remove("method");
            });
        }
    }));
}

/// The HTTP routes of an object, edited.
fn of_routes(name: &'static str, law: Law, edit: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Mutant {
    of_objects(name, law, move |manifest| {
        if let Some(routes) = manifest.object.spec.get_mut("http").and_then(Value::as_array_mut) {
            edit(routes);
        }
    })
}

#[test]
fn second_split_wins() {
    by_routing(&of_routes("the later split decides", Law::Faithful, |routes| {
        let conditional = routes.len().saturating_sub(1);
        routes[..conditional].reverse();
    }));
}

#[test]
fn catch_all_first() {
    let name = "the route for everything stands first";
    let mutant = of_routes(name, Law::SplitExact, |routes| routes.reverse());
    killed_by_law(&mutant, &Istio::default(), &IstioMesh::default());
}

#[test]
fn no_fallback() {
    let mutant = of_routes("no route to the root", Law::Fallback, |routes| {
        routes.retain(|route| route["name"] != "root");
    });
    killed_by_law(&mutant, &Istio::default(), &IstioMesh::default());
}

#[test]
fn port_of_a_match_lost() {
    let name = "one port's routes take all ports";
    by_routing(&Mutant::of_part(name, Law::Faithful, "port", |matching| {
        if matching["port"].is_number() {
            matching.remove("port");
        }
    }));
}

#[test]
fn name_of_the_first_split() {
    let name = "an object is named by the first split";
    let mutant = Mutant::of_translation(name, Law::StableNames, |policy, translation| {
        let Policy::Route(route) = policy else { return };
        let first = route.splits().first().map(|split| split.key().name.to_string());
        for manifest in &mut translation.manifests {
            manifest.object.metadata.name.clone_from(&first);
        }
    });
    killed_by_law(&mutant, &Istio::default(), &IstioMesh::default());
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
    let mutant = of_objects("a large annotation", Law::WithinLimits, |manifest| {
        let annotation = "x".repeat(300_000);
        manifest.object.metadata.annotations = Some([("big".to_owned(), annotation)].into());
    });
    killed_by_law(&mutant, &Istio::default(), &IstioMesh::default());
}

#[path = "mutants/access.rs"]
mod access;
