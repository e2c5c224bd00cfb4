//! Adapters with one fault each in their access control.

use super::{CASES, assert_killed};
use serde_json::{Map, Value, json};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter_istio::{Istio, Regex};
use smi_conformance::broken::Broken;
use smi_conformance::laws;
use smi_mesh_istio::IstioMesh;

fn mesh() -> IstioMesh {
    let mut mesh = IstioMesh::default();
    mesh.validates_trust_domain = false;
    mesh
}

fn assert_widens(mutant: &str, broken: &Broken) {
    assert_killed(mutant, laws::never_widens(broken, &mesh(), CASES));
}

/// Creates an adapter that edits every rule of every policy.
fn rules(edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Broken {
    Broken::object(Istio::default(), move |manifest| {
        let rules = manifest.object.spec.get_mut("rules").and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            edit(rule);
        }
    })
}

#[test]
fn detects_rules_without_sources() {
    assert_widens("a rule without `from`", &rules(|rule| _ = rule.remove("from")));
    assert_widens("an empty `from`", &rules(|rule| rule["from"] = json!([])));
}

#[test]
fn detects_baselines_that_deny_nothing() {
    let without = || {
        Broken::by(Istio::default(), |policy, translation| {
            if matches!(policy, Policy::Baseline(_)) {
                translation.manifests.clear();
            }
        })
    };
    assert_widens("no baseline", &without());
    assert_killed("no baseline", laws::enforces(&without(), &mesh(), CASES));
    let open = Broken::object(Istio::default(), |manifest| {
        if manifest.stage == Stage::Deny {
            manifest.object.spec = json!({"rules": [{}]});
        }
    });
    assert_widens("a baseline with a rule", &open);
}

#[test]
fn detects_filters_that_are_edited_in_place() {
    let mut istio = Istio::default();
    istio.regex = Regex::EnvoyFilter;
    // Names and prefixes do not depend on the content of the filter.
    let broken = Broken::object(istio, |manifest| {
        let text = manifest.object.spec.to_string();
        let mut same = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("smi_") {
            let hash = after.find('_').unwrap_or_default();
            same.extend([before, "smi_same"]);
            rest = &after[hash..];
        }
        same.push_str(rest);
        manifest.object.spec = serde_json::from_str(&same).unwrap();
        if manifest.stage == Stage::Leaf {
            let name = manifest.policy.to_string().to_lowercase().replace('/', "-");
            manifest.object.metadata.name = Some(name);
        }
    });
    assert_killed(
        "a filter is edited in place",
        laws::undisturbed(&broken, &mesh(), CASES),
    );
}
