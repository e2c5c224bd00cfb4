//! The laws of the conformance kit, for Istio. `SMI_CASES` raises the number of worlds.
#![cfg(test)]

use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter_istio::{Istio, Regex};
use smi_conformance::wordless;
use smi_conformance::{Cases, Judgement, judge};
use smi_mesh_istio::IstioMesh;
use std::path::Path;
use std::process::Command;

/// A mesh that accepts clients of other trust domains, which generated traffic targets name as sources.
fn mesh() -> IstioMesh {
    let mut mesh = IstioMesh::default();
    mesh.validates_trust_domain = false;
    mesh
}

/// Checks every law and every mutant, and compares the result with the committed report. `UPDATE_GOLDEN=1` updates the
/// report.
fn assert_report(mode: &str, adapter: &Istio) {
    let judgement = judge(adapter, &mesh(), &limits, Cases::from_env())
        .of_mode(mode)
        .with_mutants(adapter, &mesh());
    println!("{judgement}");
    if let Err(error) = judgement.kept_in(format!("conformance/{mode}.yaml")) {
        panic!("{error}");
    }
}

#[test]
fn native_mode_matches_its_report() {
    assert_report("native", &Istio::default());
}

#[test]
fn filter_mode_matches_its_report() {
    let mut istio = Istio::default();
    istio.regex = Regex::EnvoyFilter;
    assert_report("filters", &istio);
}

#[test]
fn judgements_do_not_depend_on_messages() {
    let (adapter, mesh) = (Istio::default(), mesh());
    let judged = judge(&adapter, &mesh, &limits, Cases::new(100));
    let without_words = judge(&wordless(&adapter), &mesh, &limits, Cases::new(100));
    assert_eq!(judged.to_yaml(), without_words.to_yaml());
}

#[test]
fn rejects_reports_that_differ_from_the_committed_ones() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return;
    }
    let text = std::fs::read_to_string("conformance/native.yaml").unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept.yaml");
    std::fs::write(&path, &text).unwrap();
    let read = |text: &str| Judgement::read(text).unwrap();
    assert_eq!(read(&text).kept_in(&path), Ok(()));
    let other = read(&text.replacen("queries: ", "queries: 1", 1)).kept_in(&path);
    assert!(other.unwrap_err().contains("queries: 1"));
    assert!(
        read(&text.replace("state: passed", "state: failed"))
            .kept_in(&path)
            .is_err()
    );
    assert!(read(&text).kept_in("no-such-report.yaml").is_err());
}

/// The laws for an adapter with allowed gateways and an allowed external host, behind a box. Gateways and clients of the
/// external host are not covered, because queries go from sidecars to services.
mod allowed {
    use crate::{limits, mesh};
    use smi_adapter::adapter::MeshAdapter;
    use smi_adapter_istio::Istio;
    use smi_conformance::Cases;

    fn adapter() -> Box<dyn MeshAdapter> {
        let mut istio = Istio::default();
        istio.gateways.insert("ns-a/public".into());
        istio.external_hosts.insert("shop.example.com".into());
        Box::new(istio)
    }

    smi_conformance::conformance_tests!(*adapter(), mesh(), Cases::new(150).or_env(), limits);
}

/// The variable `SMI_CASE` selects a file with a case, which contains the name of the law.
#[test]
fn replays_a_case_from_a_file() {
    let passes = |path: &Path| {
        let mut replayed = Command::new(std::env::current_exe().unwrap());
        replayed.args(["--exact", "allowed::replayed"]).env("SMI_CASE", path);
        replayed.output().unwrap().status.success()
    };
    let case = Path::new("tests/peers/cookie-without-anchors.yaml");
    assert!(passes(case));
    assert!(!passes(Path::new("no-such-file.yaml")));
    let text = std::fs::read_to_string(case).unwrap();
    let other = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-such-law.yaml");
    std::fs::write(&other, text.replace("law: faithful", "law: no_such_law")).unwrap();
    assert!(!passes(&other));
}

/// Rejects objects that Istio's webhook rejects or that Envoy cannot load.
fn limits(object: &NativeObject) -> Result<(), String> {
    let routes = |protocol: &str| {
        object
            .spec
            .get(protocol)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    for route in routes("http").iter().chain(&routes("tcp")) {
        let destinations = route
            .get("route")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if destinations.is_empty() {
            return Err("a route without a destination".to_owned());
        }
        let weights = destinations
            .iter()
            .filter_map(|destination| destination.get("weight")?.as_u64());
        if weights.sum::<u64>() >= 1 << 31 {
            return Err("weights whose sum exceeds an int32".to_owned());
        }
        let matches = route
            .get("match")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        for matching in &matches {
            let named = matching.get("headers").and_then(Value::as_object).into_iter().flatten();
            let conditions = [matching.get("uri"), matching.get("method")].into_iter().flatten();
            for condition in conditions.chain(named.map(|(_, condition)| condition)) {
                let regex = condition.get("regex").and_then(Value::as_str);
                if regex.is_some_and(|regex| regex.is_empty() || regex.len() > 1024) {
                    return Err("a pattern that is empty or longer than 1024 bytes".to_owned());
                }
            }
        }
    }
    Ok(())
}
