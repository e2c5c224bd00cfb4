//! Faults of real implementations of SMI, reproduced as adapters, and the verdict of the kit on each.
//!
//! All but the one paragraph is this crate's adapter, so that nothing else is found. The counterexamples in `peers/` are
//! what the kit printed; `UPDATE_GOLDEN=1` writes them anew. Each is replayed: it must hold against the peer, and not
//! against this crate's adapter.
#![cfg(test)]

use serde_json::{Value, json};
use smi_adapter::adapter::{Feature, MeshAdapter, Support};
use smi_adapter::object::Kind;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use smi_conformance::laws::Law;
use smi_conformance::mutants::{Mutant, edit_parts};
use smi_conformance::{Case, Cases, Implementation, Input, laws};
use smi_mesh_istio::IstioMesh;
use std::path::Path;

fn mesh() -> IstioMesh {
    let mut mesh = IstioMesh::default();
    mesh.validates_trust_domain = false;
    mesh
}

/// The law finds the fault; the counterexample that is kept is one, and our adapter stands it.
fn found(name: &str, peer: &dyn Implementation, law: Law) {
    let path = Path::new("tests/peers").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let violation = laws::try_law(law, peer, &mesh(), &laws::no_limits, Cases::quick()).unwrap_err();
        std::fs::write(path.with_extension("txt"), violation.to_string()).unwrap();
        std::fs::write(path.with_extension("yaml"), violation.case.to_yaml()).unwrap();
    }
    let text = std::fs::read_to_string(path.with_extension("yaml")).unwrap();
    let case = Case::read(&text).unwrap();
    let printed = std::fs::read_to_string(path.with_extension("txt")).unwrap();
    assert!(printed.contains(&text), "{name}: what was printed is not what was kept");
    let again = laws::replay(peer, &mesh(), &laws::no_limits, &case).unwrap_err();
    assert!(printed.contains(&again.why), "{name} is another fault now:\n{again}");
    laws::replay(&Istio::default(), &mesh(), &laws::no_limits, &case).unwrap();
}

fn found_mutant(peer: &Mutant) {
    found(peer.name(), &peer.of(&Istio::default()), peer.law());
}

/// The text of a pattern is compared with the path.
#[test]
fn literal_regex() {
    let peer = Mutant::of_part("literal-regex", Law::Faithful, "uri", |matching| {
        if let Some(regex) = matching["uri"].get("regex").cloned() {
            matching["uri"] = json!({ "exact": regex });
        }
    });
    found_mutant(&peer);
}

/// Integer percentages; what is missing to a hundred goes to the last backend.
#[test]
fn percent_rounding() {
    let peer = Mutant::of_part("percent-rounding", Law::SplitExact, "route", |route| {
        let destinations = route["route"].as_array_mut().unwrap();
        let weights: Vec<u64> = destinations
            .iter()
            .map(|it| it["weight"].as_u64().unwrap_or(1))
            .collect();
        let (total, mut left) = (weights.iter().sum::<u64>(), 100);
        for (destination, weight) in destinations.iter_mut().zip(&weights) {
            destination["weight"] = json!(weight * 100 / total);
            left -= weight * 100 / total;
        }
        let last = destinations.last_mut().unwrap();
        last["weight"] = json!(last["weight"].as_u64().unwrap() + left);
    });
    found_mutant(&peer);
}

/// A header matches where the pattern is found anywhere in it: meant for cookies, and written without anchors.
#[test]
fn cookie_without_anchors() {
    let peer = Mutant::of_part("cookie-without-anchors", Law::Faithful, "headers", |matching| {
        for condition in matching["headers"].as_object_mut().unwrap().values_mut() {
            if let Some(regex) = condition.get("regex").and_then(Value::as_str).map(str::to_owned) {
                *condition = json!({"regex": format!(".*({regex}).*")});
            }
        }
    });
    found_mutant(&peer);
    let guide = std::fs::read_to_string("../../smi-conformance/src/guide.md").unwrap();
    let printed = std::fs::read_to_string("tests/peers/cookie-without-anchors.txt").unwrap();
    assert!(guide.contains(printed.trim()), "the guide shows another counterexample");
}

/// A peer that reads SMI objects in its own way, and may go over what is written.
#[derive(Debug)]
struct Peer {
    istio: Istio,
    reads: fn(&mut Value),
    writes: fn(&Input, &mut Planned),
}

impl Implementation for Peer {
    fn name(&self) -> &str {
        MeshAdapter::name(&self.istio)
    }

    fn kinds(&self) -> &[Kind] {
        MeshAdapter::kinds(&self.istio)
    }

    fn reads(&self) -> &[Kind] {
        MeshAdapter::reads(&self.istio)
    }

    fn support(&self, feature: Feature) -> Support {
        MeshAdapter::support(&self.istio, feature)
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        let mut documents = input.documents().to_vec();
        documents.iter_mut().for_each(self.reads);
        let mut planned = Implementation::plan(&self.istio, &Input::new(documents), settings, observed)?;
        (self.writes)(input, &mut planned);
        Ok(planned)
    }
}

fn backends(split: &Value) -> impl Iterator<Item = &Value> {
    split
        .pointer("/spec/backends")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn all_zero(document: &Value) -> bool {
    let zero = |backend: &Value| backend["weight"] == json!(0);
    document["kind"] == json!("TrafficSplit") && backends(document).count() > 0 && backends(document).all(zero)
}

/// Weights are passed on as they are, also where all are zero.
#[test]
fn all_zero_passed_on() {
    let peer = Peer {
        istio: Istio::default(),
        reads: |document| {
            if all_zero(document) {
                for backend in document["spec"]["backends"].as_array_mut().unwrap() {
                    backend["weight"] = json!(1);
                }
            }
        },
        writes: |input, planned| {
            let zeros = input.documents().iter().filter(|document| all_zero(document));
            let names: Vec<&Value> = zeros.map(|split| &split["metadata"]["name"]).collect();
            for manifest in &mut planned.manifests {
                if manifest
                    .sources
                    .iter()
                    .any(|source| names.contains(&&json!(source.key.name)))
                {
                    edit_parts(&mut manifest.object.spec, "weight", &|destination| {
                        _ = destination.insert("weight".into(), json!(0));
                    });
                    edit_parts(&mut manifest.object.spec, "destination", &|destination| {
                        _ = destination.insert("weight".into(), json!(0));
                    });
                }
            }
        },
    };
    found("all-zero-passed-on", &peer, Law::Faithful);
}

/// For every name in `matches` the rule gets an operation: without any name it gets none.
#[test]
fn omitted_matches_are_none() {
    let peer = Peer {
        istio: Istio::default(),
        writes: |_, _| {},
        reads: |document| {
            if document["kind"] != json!("TrafficTarget") {
                return;
            }
            for field in ["/spec/rules", "/specs"] {
                if let Some(rules) = document.pointer_mut(field).and_then(Value::as_array_mut) {
                    rules.retain(|rule| rule["matches"].as_array().is_some_and(|matches| !matches.is_empty()));
                }
            }
        },
    };
    found("omitted-matches-are-none", &peer, Law::Grants);
}
