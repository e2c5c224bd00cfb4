//! The kit is tested, too: adapters that are wrong in one way each, and the law that finds out.
//!
//! `--nocapture` shows after how many worlds.

use serde_json::{Value, json};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::conformance::broken::{Broken, parts};
use smi_adapter::conformance::laws;
use smi_adapter::conformance::{Case, Cases, Report, Violation};
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::NativeObject;
use smi_adapter::model::Policy;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter_istio::Istio;
use smi_adapter_istio::interpret::IstioMesh;
use std::sync::atomic::{AtomicU64, Ordering};

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
fn pattern_as_a_prefix() {
    let broken = Broken::part(Istio::default(), "regex", |matching| {
        let regex = matching["regex"].as_str().unwrap().to_owned();
        matching["regex"] = json!(format!("(?:{regex}).*"));
    });
    by_routing("a pattern matches a beginning only", &broken);
}

#[test]
fn methods_dropped() {
    let broken = Broken::part(Istio::default(), "method", |matching| _ = matching.remove("method"));
    by_routing("methods are dropped", &broken);
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
fn blanket_excuse() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        for split in route.splits() {
            let object = ObjectRef::split(split.key().clone());
            translation.say(
                Code::Inexpressible,
                object,
                "spec".into(),
                "this mesh may do anything with it",
            );
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
fn headers_dropped() {
    let broken = Broken::part(Istio::default(), "headers", |matching| _ = matching.remove("headers"));
    by_routing("headers are dropped", &broken);
}

#[test]
fn one_header_of_two() {
    let broken = Broken::part(Istio::default(), "headers", |matching| {
        let headers = matching["headers"].as_object_mut().unwrap();
        if headers.len() > 1 {
            let first = headers.keys().next().unwrap().clone();
            headers.remove(&first);
        }
    });
    by_routing("of two headers one counts", &broken);
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
fn zero_becomes_one() {
    // A split gives its first backend more by 1, as if a weight of 0 next to it were one.
    let broken = Broken::part(Istio::default(), "route", |route| {
        let destinations = route["route"].as_array_mut().unwrap();
        if let [only] = destinations.as_mut_slice() {
            let host = only["destination"]["host"].as_str().unwrap().to_owned();
            let (_, rest) = host.split_once('.').unwrap();
            let port = only["destination"]["port"].clone();
            only["weight"] = json!(99);
            let other = json!({"destination": {"host": format!("web-v2.{rest}"), "port": port}, "weight": 1});
            destinations.push(other);
        }
    });
    killed(
        "a backend that is left out gets a little",
        laws::split_exact(&broken, &IstioMesh::default(), CASES),
    );
}

#[test]
fn weights_equal() {
    let broken = Broken::part(Istio::default(), "weight", |destination| {
        _ = destination.insert("weight".into(), json!(1));
    });
    killed(
        "weights are all one",
        laws::split_exact(&broken, &IstioMesh::default(), CASES),
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
fn diagnostics_dropped() {
    let broken = Broken::by(Istio::default(), |_, translation| translation.diagnostics.clear());
    by_routing("diagnostics are dropped", &broken);
}

#[test]
fn dishonest() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        if route.splits().len() > 1 {
            let last = route.splits()[route.splits().len() - 1].key().clone();
            for manifest in &mut translation.manifests {
                manifest.sources.retain(|source| source.key != last);
            }
        }
    });
    killed("a split is silently dropped", laws::honest(&broken, CASES));
}

#[test]
fn panics_on_several_splits() {
    let broken = Broken::by(Istio::default(), |policy, _| {
        let Policy::Route(route) = policy else { return };
        assert!(route.splits().len() < 3, "too many splits");
    });
    killed("it panics on three splits", laws::total(&broken, CASES));
}

#[test]
fn output_depends_on_calls() {
    let calls = AtomicU64::new(0);
    let broken = Broken::object(Istio::default(), move |manifest| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        manifest.object.spec["exportTo"] = json!([format!("ns-{call}")]);
    });
    killed("output depends on a counter", laws::deterministic(&broken, CASES));
    killed("output depends on a counter", laws::idempotent(&broken, CASES));
    killed("output depends on a counter", laws::converges(&broken, CASES));
    killed("output depends on a counter", laws::order_free(&broken, CASES));
}

#[test]
fn hash_map_order() {
    let broken = Broken::object(Istio::default(), |manifest| {
        let map: std::collections::HashMap<u8, u8> = (0..8).map(|n| (n, n)).collect();
        manifest.object.spec["exportTo"] = map.keys().map(|key| json!(key.to_string())).collect();
    });
    killed("a list in the order of a HashMap", laws::deterministic(&broken, CASES));
}

#[test]
fn undeclared_kind() {
    let broken = Broken::object(Istio::default(), |manifest| {
        manifest.object.kind = Kind::new("networking.istio.io", "v1", "DestinationRule", "destinationrules");
    });
    killed("a kind that is not listed", laws::declared_kinds(&broken, CASES));
}

#[test]
fn other_namespace() {
    let broken = Broken::object(Istio::default(), |manifest| {
        manifest.object.metadata.namespace = Some("istio-system".into());
    });
    killed("another namespace", laws::declared_kinds(&broken, CASES));
}

#[test]
fn long_name() {
    let broken = Broken::object(Istio::default(), |manifest| {
        let name = manifest.object.metadata.name.clone().unwrap();
        manifest.object.metadata.name = Some(format!("smi-split-{name}"));
    });
    killed("names are not cut", laws::valid_names(&broken, CASES));
}

#[test]
fn one_name_for_all() {
    let broken = Broken::object(Istio::default(), |manifest| {
        manifest.object.metadata.name = Some("split".into());
    });
    killed("one name for all roots", laws::valid_names(&broken, CASES));
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
fn name_by_weight() {
    let broken = Broken::object(Istio::default(), |manifest| {
        let length = manifest.object.spec.to_string().len();
        manifest.object.metadata.name = Some(format!("split-{length}"));
    });
    killed("an object is named by its content", laws::stable_names(&broken, CASES));
}

#[test]
fn policies_share() {
    // The number of policies so far ends in the output, as a list of all roots in one object would.
    let seen: std::sync::Mutex<std::collections::BTreeSet<ObjectKey>> = std::sync::Mutex::default();
    let broken = Broken::by(Istio::default(), move |policy, translation| {
        let Policy::Route(route) = policy else { return };
        let mut seen = seen.lock().unwrap();
        seen.extend(route.splits().iter().map(|split| split.key().clone()));
        let all = seen.len();
        for manifest in &mut translation.manifests {
            manifest.object.metadata.annotations = Some([("all".to_owned(), all.to_string())].into());
        }
    });
    killed("objects know of other policies", laws::local(&broken, CASES));
}

#[test]
fn labels_overwritten() {
    // What is not ours is never deleted: an adapter whose objects are not recognised leaves orphans.
    let broken = Lost(Istio::default());
    killed("objects are not recognised", laws::clean_delete(&broken, CASES));
    killed("objects are not recognised", laws::repairs(&broken, CASES));
    killed("objects are not recognised", laws::two_owners(&broken, CASES));
    killed("objects are not recognised", laws::history_free(&broken, CASES));
}

/// Its kinds are listed with a wrong group, so that what it wrote is never observed.
#[derive(Debug)]
struct Lost(Istio);

impl MeshAdapter for Lost {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn kinds(&self) -> &[Kind] {
        &[]
    }

    fn support(&self, feature: Feature) -> Support {
        self.0.support(feature)
    }

    fn translate(&self, policy: &Policy) -> Translation {
        self.0.translate(policy)
    }
}

#[test]
fn version_matters() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        if route
            .splits()
            .iter()
            .any(|split| split.api_version().ends_with("v1alpha1"))
        {
            translation.manifests.clear();
        }
    });
    killed("an old version is ignored", laws::version_free(&broken, CASES));
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

#[test]
fn diagnostics_always_emitted() {
    let broken = Broken::by(Istio::default(), |policy, translation| {
        let Policy::Route(route) = policy else { return };
        for split in route.splits() {
            let object = ObjectRef::split(split.key().clone());
            translation.say(
                Code::WeightRounded,
                object,
                "spec.backends".into(),
                "shares are rounded",
            );
        }
    });
    killed(
        "every split is said to be rounded",
        laws::sound(&broken, &IstioMesh::default(), CASES),
    );
}

#[path = "mutants/access.rs"]
mod access;
