//! Mutants of access control, which allow or deny too much.

use super::How::{Documents, Policy as Misread, Settings as Choice, Translate, Whole};
use super::{Law, Mutant, TranslateFn, documents, one_header, or_same, without_headers, without_methods};
use crate::world::NAMESPACES;
use serde_json::Value;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::Stage;
use smi_adapter::model::access::{Grant, Granted, Ports};
use smi_adapter::model::route::HttpMatch;
use smi_adapter::model::{ModelError, NamespaceBaseline, Policy};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::settings::{PathAnchor, UnknownFields};
use std::sync::Arc;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "no sources means all sources",
        Law::NeverWidens,
        Documents(|all| documents::all_sources(all)),
    ),
    Mutant::new(
        "a source without a namespace means all of them",
        Law::NeverWidens,
        Documents(|all| documents::any_namespace(all)),
    ),
    Mutant::new(
        "the namespace of a service account is dropped",
        Law::NeverWidens,
        Misread(|policy| grants(policy, any_namespace)),
    ),
    Mutant::new(
        "a foreign trust domain is taken for the own one",
        Law::NeverWidens,
        Misread(|policy| grants(policy, own_domain)),
    ),
    Mutant::new(
        "a missing route group allows everything",
        Law::NeverWidens,
        Documents(documents::missing_groups),
    ),
    Mutant::new(
        "headers that were lost are no headers",
        Law::NeverWidens,
        Documents(|all| documents::lost_headers(all)),
    ),
    Mutant::new(
        "a path that is allowed matches a beginning",
        Law::NeverWidens,
        Choice(|settings| {
            settings.path_anchor = PathAnchor::Start;
        }),
    ),
    Mutant::new(
        "methods of rules are dropped",
        Law::NeverWidens,
        Misread(|policy| requests(policy, without_methods)),
    ),
    Mutant::new(
        "headers of rules are dropped",
        Law::NeverWidens,
        Misread(|policy| requests(policy, without_headers)),
    ),
    Mutant::new(
        "one header of several is enough for a rule",
        Law::NeverWidens,
        Misread(|policy| requests(policy, one_header)),
    ),
    Mutant::new(
        "who may send requests may send anything",
        Law::NeverWidens,
        Misread(|policy| {
            grants(policy, |grant| match grant.traffic() {
                Granted::Http(_) => grant.with_traffic(Granted::Tcp),
                _ => Ok(grant),
            })
        }),
    ),
    Mutant::new(
        "unknown fields of access control are ignored",
        Law::NeverWidens,
        Choice(|settings| {
            settings.unknown_fields = UnknownFields::Ignore;
        }),
    ),
    Mutant::new(
        "ports of rules are ignored",
        Law::NeverWidens,
        Misread(|policy| grants(policy, |grant| grant.with_ports(Ports::All))),
    ),
    Mutant::new(
        "sources and rules of two targets are mixed",
        Law::NeverWidens,
        Misread(mixed),
    ),
    Mutant::new(
        "a destination in another namespace counts",
        Law::NeverWidens,
        Choice(|settings| {
            settings.foreign_destinations = true;
        }),
    ),
    Mutant::new(
        "a grant is for every pod of the namespace",
        Law::NeverWidens,
        Translate(every_pod),
    ),
    Mutant::new(
        "nothing is denied",
        Law::Enforces,
        Translate(|policy, translate| {
            let mut translation = translate(policy);
            translation.manifests.retain(|manifest| manifest.stage != Stage::Deny);
            translation
        }),
    ),
    Mutant::new(
        "what cannot be closed is not reported",
        Law::Enforces,
        Whole(|whole| {
            whole
                .diagnostics
                .retain(|diagnostic| diagnostic.code != Code::NotEnforced);
        }),
    ),
    Mutant::new(
        "a port of the service for that of its pods",
        Law::Grants,
        Misread(|policy| grants(policy, service_ports)),
    ),
    Mutant::new(
        "grants are dropped",
        Law::Grants,
        Translate(|policy, translate| {
            let mut translation = translate(policy);
            translation.manifests.retain(|manifest| manifest.stage != Stage::Grant);
            translation
        }),
    ),
    Mutant::new(
        "only one source of several counts",
        Law::Grants,
        Misread(|policy| {
            grants(policy, |grant| {
                let last = grant.sources().last().cloned();
                grant.with_sources(last)
            })
        }),
    ),
    Mutant::new(
        "the first target wins",
        Law::Monotone,
        Misread(|policy| {
            let Policy::Access(access) = policy else {
                return policy.clone();
            };
            let first = access.grants().iter().take(1).cloned();
            access.clone().with_grants(first).into()
        }),
    ),
    Mutant::new(
        "the last target's deletion opens the namespace",
        Law::Monotone,
        Translate(denied_with_grants),
    ),
    Mutant::new(
        "denies are written before grants",
        Law::Undisturbed,
        Whole(|whole| {
            stages(whole, |stage| match stage {
                Stage::Deny => Stage::Leaf,
                Stage::Leaf | Stage::Grant => Stage::Deny,
                Stage::Route => Stage::Route,
            });
        }),
    ),
    Mutant::new(
        "what grants refer to is named by its place",
        Law::SafeTransition,
        Whole(leaves_by_place),
    ),
];

fn grants(policy: &Policy, edit: impl Fn(Grant) -> Result<Grant, ModelError>) -> Policy {
    let Policy::Access(access) = policy else {
        return policy.clone();
    };
    let edited = access.grants().iter().map(|grant| or_same(grant.clone(), &edit));
    access.clone().with_grants(edited).into()
}

fn requests(policy: &Policy, edit: fn(&HttpMatch) -> Vec<HttpMatch>) -> Policy {
    grants(policy, |grant| {
        let Granted::Http(matches) = grant.traffic() else {
            return Ok(grant);
        };
        let edited = matches
            .iter()
            .flat_map(|matching| edit(matching))
            .map(Arc::new)
            .collect();
        grant.with_traffic(Granted::Http(edited))
    })
}

fn any_namespace(grant: Grant) -> Result<Grant, ModelError> {
    let copies = grant.sources().iter().flat_map(|source| match source {
        Principal::Account(account) => NAMESPACES
            .map(|namespace| {
                Principal::Account(Identity {
                    namespace: namespace.into(),
                    ..account.clone()
                })
            })
            .to_vec(),
        Principal::Spiffe(_) => vec![source.clone()],
    });
    let everywhere: Vec<Principal> = copies.collect();
    grant.with_sources(everywhere)
}

fn own_domain(grant: Grant) -> Result<Grant, ModelError> {
    let own = |source: &Principal| {
        let Principal::Spiffe(id) = source else { return None };
        let (_, path) = id.strip_prefix("spiffe://")?.split_once("/ns/")?;
        let (namespace, service_account) = path.split_once("/sa/")?;
        Some(Principal::Account(Identity {
            namespace: namespace.into(),
            service_account: service_account.into(),
        }))
    };
    let sources: Vec<Principal> = grant
        .sources()
        .iter()
        .map(|source| own(source).unwrap_or_else(|| source.clone()))
        .collect();
    grant.with_sources(sources)
}

fn mixed(policy: &Policy) -> Policy {
    let Policy::Access(access) = policy else {
        return policy.clone();
    };
    let all = access.grants().iter().flat_map(Grant::sources);
    grants(policy, |grant| grant.with_sources(all.clone().cloned()))
}

/// Replaces the ports of pods by that of their service. In the kit's worlds, pods also listen on ports above 1000.
fn service_ports(grant: Grant) -> Result<Grant, ModelError> {
    let Ports::Only(ports) = grant.ports() else {
        return Ok(grant);
    };
    let ports = ports.iter().map(|port| if *port > 1000 { 80 } else { *port }).collect();
    grant.with_ports(Ports::Only(ports))
}

/// Writes the baseline of a namespace only with its grants, so that nothing else keeps the namespace closed.
fn denied_with_grants(policy: &Policy, translate: &TranslateFn<'_>) -> Translation {
    let Policy::Access(access) = policy else {
        let baseline = matches!(policy, Policy::Baseline(_));
        return if baseline {
            Translation::default()
        } else {
            translate(policy)
        };
    };
    if access.grants().is_empty() {
        return Translation::default();
    }
    let baseline = NamespaceBaseline::new(&access.workload().key.namespace);
    let baseline = translate(&baseline.into());
    let mut translation = translate(policy);
    translation.manifests.extend(baseline.manifests);
    translation
}

fn stages(whole: &mut Translation, edit: fn(Stage) -> Stage) {
    for manifest in &mut whole.manifests {
        manifest.stage = edit(manifest.stage);
    }
}

/// Names leaves that grants refer to by their position, so that they are edited in place.
fn leaves_by_place(whole: &mut Translation) {
    let leaves = whole.manifests.iter().filter(|manifest| manifest.stage == Stage::Leaf);
    let referred = |name: &str| {
        let quoted = format!("\"{name}\"");
        let mut specs = whole.manifests.iter().map(|manifest| manifest.object.spec.to_string());
        specs.any(|spec| spec.contains(&quoted))
    };
    let mut names: Vec<_> = leaves
        .map(|manifest| (manifest.policy.clone(), manifest.object.key().name))
        .filter(|(_, name)| referred(name))
        .collect();
    names.sort();
    for (place, (policy, old)) in names.iter().enumerate() {
        let new = format!("leaf-{place}");
        for manifest in whole.manifests.iter_mut().filter(|manifest| manifest.policy == *policy) {
            rename(&mut manifest.object.spec, old, &new);
            if manifest.object.metadata.name.as_deref() == Some(old) {
                manifest.object.metadata.name = Some(new.clone());
            }
        }
    }
}

fn rename(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, old, new)),
        _ => {}
    }
}

/// Writes the selector of a workload without labels, so that it selects every pod.
fn every_pod(policy: &Policy, translate: &TranslateFn<'_>) -> Translation {
    let mut translation = translate(policy);
    if let Policy::Access(access) = policy {
        let selector = serde_json::json!(access.selector());
        for manifest in &mut translation.manifests {
            empty(&mut manifest.object.spec, &selector);
        }
    }
    translation
}

fn empty(value: &mut Value, selector: &Value) {
    match value {
        Value::Object(fields) if Value::Object(fields.clone()) == *selector => fields.clear(),
        Value::Object(fields) => fields.values_mut().for_each(|field| empty(field, selector)),
        Value::Array(items) => items.iter_mut().for_each(|item| empty(item, selector)),
        _ => {}
    }
}
