//! Adapters whose access control is wrong in one way each.

use super::{killed_by_law, of_objects};
use serde_json::{Map, Value, json};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter_istio::{Istio, Regex};
use smi_conformance::laws::Law;
use smi_conformance::mutants::Mutant;
use smi_mesh_istio::IstioMesh;

fn mesh() -> IstioMesh {
    let mut mesh = IstioMesh::default();
    mesh.validates_trust_domain = false;
    mesh
}

fn dies(mutant: &Mutant) {
    killed_by_law(mutant, &Istio::default(), &mesh());
}

/// Every rule of every policy that grants edited.
fn rules(name: &'static str, edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Mutant {
    of_objects(name, Law::NeverWidens, move |manifest| {
        let rules = manifest.object.spec.get_mut("rules").and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            edit(rule);
        }
    })
}

#[test]
fn empty_sources_are_everybody() {
    dies(&rules("a rule without `from`", |rule| _ = rule.remove("from")));
    dies(&rules("an empty `from`", |rule| rule["from"] = json!([])));
}

#[test]
fn baselines_that_deny_nothing() {
    for law in [Law::NeverWidens, Law::Enforces] {
        dies(&Mutant::of_translation("no baseline", law, |policy, translation| {
            if matches!(policy, Policy::Baseline(_)) {
                translation.manifests.clear();
            }
        }));
    }
    dies(&of_objects("a baseline with a rule", Law::NeverWidens, |manifest| {
        if manifest.stage == Stage::Deny {
            manifest.object.spec = json!({"rules": [{}]}).into();
        }
    }));
}

#[test]
fn filters_edited_in_place() {
    let mut istio = Istio::default();
    istio.regex = Regex::EnvoyFilter;
    // Names and prefixes do not depend on the filter.
    let mutant = of_objects("a filter is edited in place", Law::Undisturbed, |manifest| {
        let text = manifest.object.spec.to_string();
        let mut same = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("smi_") {
            let hash = after.find('_').unwrap_or_default();
            same.extend([before, "smi_same"]);
            rest = &after[hash..];
        }
        same.push_str(rest);
        manifest.object.spec = serde_json::from_str::<Value>(&same).unwrap().into();
        if manifest.stage == Stage::Leaf {
            let name = manifest.policy.to_string().to_lowercase().replace('/', "-");
            manifest.object.metadata.name = Some(name);
        }
    });
    killed_by_law(&mutant, &istio, &mesh());
}
