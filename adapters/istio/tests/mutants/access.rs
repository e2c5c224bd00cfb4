//! Adapters whose access control is wrong in one way each.

use super::{CASES, killed};
use serde_json::{Map, Value, json};
use smi_adapter::adapter::Translation;
use smi_adapter::conformance::broken::Broken;
use smi_adapter::conformance::{Cases, laws};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter_istio::interpret::IstioMesh;
use smi_adapter_istio::{Istio, Regex};

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

/// Every list of texts below a field edited.
fn texts(field: &'static str, edit: impl Fn(&str) -> String + Send + Sync + 'static) -> Broken {
    Broken::part(Istio::default(), field, move |fields| {
        for text in fields[field].as_array_mut().into_iter().flatten() {
            *text = json!(edit(text.as_str().unwrap_or_default()));
        }
    })
}

#[test]
fn empty_sources_are_everybody() {
    widens("a rule without `from`", &rules(|rule| _ = rule.remove("from")));
    widens("an empty `from`", &rules(|rule| rule["from"] = json!([])));
}

#[test]
fn namespaces_of_accounts_dropped() {
    let broken = texts("principals", |principal| match principal.split_once("/sa/") {
        Some((_, account)) => format!("*/sa/{account}"),
        None => principal.to_owned(),
    });
    widens("a service account of any namespace", &broken);
}

#[test]
fn paths_as_prefixes() {
    let broken = texts("paths", |path| format!("{}*", path.trim_matches('*')));
    widens("a path matches a beginning only", &broken);
}

#[test]
fn methods_of_rules_dropped() {
    let broken = Broken::part(Istio::default(), "methods", |operation| {
        operation.remove("methods");
        // An empty operation would be refused.
        if operation.is_empty() {
            operation.insert(
                "ports".into(),
                json!((1..=9999).map(|port| port.to_string()).collect::<Vec<_>>()),
            );
        }
    });
    widens("HTTP rules without methods", &broken);
}

#[test]
fn ports_dropped() {
    let broken = Broken::part(Istio::default(), "ports", |operation| {
        operation.remove("ports");
        if operation.is_empty() {
            operation.insert("notPorts".into(), json!(["1"]));
        }
    });
    widens("ports of TCP routes ignored", &broken);
}

#[test]
fn headers_dropped_or_ored() {
    widens("headers dropped", &rules(|rule| _ = rule.remove("when")));
    let broken = Broken::object(Istio::default(), |manifest| {
        let Some(rules) = manifest.object.spec.get_mut("rules").and_then(Value::as_array_mut) else {
            return;
        };
        let split = rules.drain(..).flat_map(|rule| {
            let conditions = rule["when"].as_array().cloned().unwrap_or_default();
            let alone = conditions.into_iter().map(|condition| {
                let mut rule = rule.clone();
                rule["when"] = json!([condition]);
                rule
            });
            let alone: Vec<Value> = alone.collect();
            if alone.is_empty() { vec![rule] } else { alone }
        });
        *rules = split.collect();
    });
    // Two headers that can be said are rare.
    let cases = Cases::new(10_000);
    killed(
        "one of two headers is enough",
        laws::never_widens(&broken, &mesh(), cases),
    );
}

#[test]
fn selectors_dropped() {
    let broken = Broken::object(Istio::default(), |manifest| {
        if manifest.stage == Stage::Grant {
            manifest.object.spec.as_object_mut().unwrap().remove("selector");
        }
    });
    widens("a grant to the whole namespace", &broken);
}

#[test]
fn ports_of_services_for_those_of_pods() {
    let broken = texts("ports", |port| {
        if port == "9000" {
            "80".to_owned()
        } else {
            port.to_owned()
        }
    });
    killed("a port of the service", laws::grants(&broken, &mesh(), CASES));
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
fn a_namespace_that_the_last_target_opens() {
    // What the first adapter for Istio did: the deny goes with the grants.
    let broken = Broken::by(Istio::default(), |policy, translation| {
        if let Policy::Baseline(_) = policy {
            translation.manifests.clear();
        }
        if let Policy::Access(access) = policy
            && !access.grants().is_empty()
        {
            let mut deny = translation.manifests.first().cloned();
            if let Some(deny) = &mut deny {
                deny.stage = Stage::Deny;
                deny.object.metadata.name = Some("baseline".into());
                deny.object.spec = json!({});
            }
            translation.manifests.extend(deny);
        }
    });
    killed(
        "the last target's deletion opens the namespace",
        laws::monotone(&broken, &mesh(), CASES),
    );
}

#[test]
fn grants_dropped() {
    let grants = |translation: &mut Translation| translation.manifests.retain(|it| it.stage != Stage::Grant);
    let broken = Broken::by(Istio::default(), move |_, translation| grants(translation));
    killed("grants dropped", laws::grants(&broken, &mesh(), CASES));
    let broken = Broken::by(Istio::default(), |policy, translation| {
        if matches!(policy, Policy::Access(_)) {
            translation.diagnostics.clear();
        }
    });
    killed("diagnostics of access dropped", laws::grants(&broken, &mesh(), CASES));
    // Only one rule is written: another target can take its place.
    let broken = Broken::object(Istio::default(), |manifest| {
        if let Some(rules) = manifest.object.spec.get_mut("rules").and_then(Value::as_array_mut) {
            rules.truncate(1);
        }
    });
    killed("the first target wins", laws::monotone(&broken, &mesh(), CASES));
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
