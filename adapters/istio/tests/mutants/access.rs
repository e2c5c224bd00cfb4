//! Adapters whose access control is wrong in one way each.

use super::{CASES, killed};
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

fn widens(mutant: &str, broken: &Broken) {
    killed(mutant, laws::never_widens(broken, &mesh(), CASES));
}

/// Every rule of every policy that grants edited.
fn rules(edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Broken {
    Broken::object(Istio::default(), move |manifest| {
        let rules = manifest.object.spec.get_mut("rules").and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            edit(rule);
        }
    })
}

#[test]
fn empty_sources_are_everybody() {
    widens("a rule without `from`", &rules(|rule| _ = rule.remove("from")));
    widens("an empty `from`", &rules(|rule| rule["from"] = json!([])));
}

#[test]
fn baselines_that_deny_nothing() {
    let without = || {
        Broken::by(Istio::default(), |policy, translation| {
            if matches!(policy, Policy::Baseline(_)) {
                translation.manifests.clear();
            }
        })
    };
    widens("no baseline", &without());
    killed("no baseline", laws::enforces(&without(), &mesh(), CASES));
    let open = Broken::object(Istio::default(), |manifest| {
        if manifest.stage == Stage::Deny {
            manifest.object.spec = json!({"rules": [{}]});
        }
    });
    widens("a baseline with a rule", &open);
}

#[test]
fn filters_edited_in_place() {
    let mut istio = Istio::default();
    istio.regex = Regex::EnvoyFilter;
    // The same names and prefixes whatever the filter says.
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
    killed(
        "a filter is edited in place",
        laws::undisturbed(&broken, &mesh(), CASES),
    );
}
