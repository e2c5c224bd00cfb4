//! Laws about the changes that an edit may cause.

use super::{Fault, Subject, Tally, hold, plan};
use crate::edits::{Edit, is, matches_of, places};
use crate::lab::{Lab, difference, differing, named};
use crate::world::snapshot;
use crate::{Case, Input};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Effect;
use smi_adapter::manifest::{Manifest, NativeObject, Stage};
use smi_adapter::model::{Policy, PolicyKey};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::semantics::is_enforced;
use smi_adapter::settings::{ENFORCE_LABEL, Settings};
use smi_types::Object;
use std::collections::{BTreeMap, BTreeSet};

/// Returns the names of each policy's objects of each kind. Routes that are only partly in force are left out, since
/// the next edit may put them in force on another port, with new objects.
fn names(planned: &Planned) -> BTreeMap<(PolicyKey, Kind), BTreeSet<ObjectKey>> {
    let mut names: BTreeMap<_, BTreeSet<ObjectKey>> = BTreeMap::new();
    let lost: BTreeSet<&ObjectRef> = planned
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code.effect() != Effect::InForce)
        .map(|diagnostic| &diagnostic.object)
        .collect();
    let partial: BTreeSet<&PolicyKey> = planned
        .model
        .policies()
        .filter(|(_, policy)| matches!(policy, Policy::Route(_)))
        .filter(|(_, policy)| policy.sources().iter().any(|source| lost.contains(source)))
        .map(|(key, _)| key)
        .collect();
    // The names of leaves and grants may depend on their content.
    let is_stable = |manifest: &&Manifest| matches!(manifest.stage, Stage::Route | Stage::Deny);
    let manifests = planned.manifests.iter().filter(is_stable);
    for manifest in manifests.filter(|manifest| !partial.contains(&manifest.policy)) {
        let object = manifest.object.reference();
        let of_policy = names.entry((manifest.policy.clone(), object.kind)).or_default();
        of_policy.insert(object.key);
    }
    names
}

pub(super) fn stable_names(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let before = names(&plan(subject, case, &case.documents, tally)?);
    for edit in [
        Edit::Weight,
        Edit::Regex,
        Edit::Age,
        Edit::Split,
        Edit::Source,
        Edit::Target,
    ] {
        let Some((documents, edited)) = edit.of(&case.documents, &mut dice) else {
            continue;
        };
        let edited = named(reference(&edited));
        let after = names(&plan(subject, case, &documents, tally)?);
        tally.coverage.note_if(!before.is_empty(), edit.class());
        for (of, before) in &before {
            let Some(after) = after.get(of) else { continue };
            // More or fewer objects are not renamed ones. A weight changes neither number nor names.
            let renamed = if edit == Edit::Weight {
                before != after
            } else {
                !before.is_subset(after) && !after.is_subset(before)
            };
            hold!(
                !renamed,
                "{}: {edited}: the {} objects of {} had the names {}, and now have the names {}",
                edit.class(),
                of.1,
                of.0,
                named(before),
                named(after)
            );
        }
    }
    Ok(())
}

pub(super) fn local(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let before = plan(subject, case, &case.documents, tally)?;
    for edit in Edit::ALL {
        let Some((documents, edited)) = edit.of(&case.documents, &mut dice) else {
            continue;
        };
        // An edit does not end enforcement (A2).
        let mut input = Input::new(documents);
        enforced(&case.documents, &case.settings).for_each(|namespace| input.enforce(namespace));
        let after = subject.adapter.plan(&input, &case.settings, &Observed::default())?;
        tally.coverage.note_if(!before.manifests.is_empty(), edit.class());
        let own = |manifest: &&Manifest| concerns(&edited, manifest);
        let written = before.manifests.iter().chain(&after.manifests).filter(own);
        // Denials may depend on an object that grants nothing.
        let policies = before.model.policies().chain(after.model.policies());
        let of_model = policies
            .filter(|(_, policy)| is_source(&edited, policy))
            .map(|(key, _)| key);
        let keys: BTreeSet<&PolicyKey> = written.map(|manifest| &manifest.policy).chain(of_model).collect();
        let others = |planned: &Planned| -> Vec<NativeObject> {
            planned
                .manifests
                .iter()
                .filter(|manifest| !keys.contains(&manifest.policy))
                .map(|manifest| manifest.object.clone())
                .collect()
        };
        let (one, other) = (others(&before), others(&after));
        tally.coverage.note_if(!one.is_empty(), "other policies");
        let differ = differing(&one, &other);
        hold!(
            differ.is_empty(),
            "{}: {}: objects of other policies changed: {}",
            edit.class(),
            named(reference(&edited)),
            named(&differ)
        );
    }
    Ok(())
}

/// Returns a reference to the SMI object of a document.
fn reference(document: &Value) -> Option<ObjectRef> {
    let kind = Kind::SMI.into_iter().find(|kind| is(document, kind.name()))?;
    let key = ObjectKey::new(text(document, "/metadata/namespace"), text(document, "/metadata/name"));
    Some(ObjectRef::new(kind, key))
}

fn text<'d>(document: &'d Value, pointer: &str) -> &'d str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns `true` if the object of a document is a source of a policy.
fn is_source(document: &Value, policy: &Policy) -> bool {
    reference(document).is_some_and(|object| policy.sources().contains(&object))
}

/// Returns `true` if an SMI object is a source of a manifest or names its root.
fn concerns(document: &Value, manifest: &Manifest) -> bool {
    let Some(object) = reference(document) else {
        return false;
    };
    let service = text(document, "/spec/service");
    let root = service.split_once('.').map_or(service, |(first, _)| first);
    let names_root = object.kind == Kind::TrafficSplit
        && matches!(&manifest.policy, PolicyKey::Route(of) if of.namespace == object.key.namespace && of.name == root);
    names_root || manifest.sources.contains(&object)
}

pub(super) fn clean_delete(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let lab = Lab::new(subject.adapter);
    lab.settle(&case.input(), &case.settings)?;
    if lab.objects().is_empty() {
        return Ok(());
    }
    let mut dice = case.dice();
    for edit in [Edit::Split, Edit::Target] {
        let Some((documents, edited)) = edit.of(&case.documents, &mut dice) else {
            continue;
        };
        tally.coverage.note(edit.class());
        let mut without = Input::new(documents);
        lab.settle(&without, &case.settings)?;
        let fresh = Lab::new(subject.adapter);
        enforced(&case.documents, &case.settings).for_each(|namespace| without.enforce(namespace));
        fresh.settle(&without, &case.settings)?;
        let differ = differing(&lab.objects(), &fresh.objects());
        hold!(
            differ.is_empty(),
            "the objects after deleting {} differ from those of a plan without it: {}",
            named(reference(&edited)),
            named(&differ)
        );
    }
    lab.settle(&Input::new(released(&case.documents)), &case.settings)?;
    tally.coverage.note("all deleted");
    let left: Vec<ObjectRef> = lab.objects().iter().map(NativeObject::reference).collect();
    hold!(
        left.is_empty(),
        "objects remain after all SMI objects were deleted: {}",
        named(&left)
    );
    Ok(())
}

/// Returns the enforced namespaces. They stay enforced after any edit, because a plan observes their objects (A2).
pub(super) fn enforced(documents: &[Value], settings: &Settings) -> impl Iterator<Item = String> {
    let before = snapshot(documents);
    let namespaces = namespaces(documents).into_iter();
    namespaces.filter(move |namespace| is_enforced(&before, settings, namespace))
}

/// Returns the namespaces of documents, and those that are documents themselves.
fn namespaces(documents: &[Value]) -> BTreeSet<String> {
    let named = |document: &Value| {
        let own = if is(document, "Namespace") { "name" } else { "namespace" };
        let name = document.pointer(&format!("/metadata/{own}")).and_then(Value::as_str);
        name.map(str::to_owned)
    };
    documents.iter().filter_map(named).collect()
}

/// Returns the documents without SMI objects, and with every namespace released.
pub(super) fn released(documents: &[Value]) -> Vec<Value> {
    let smi = |document: &Value| Kind::SMI.iter().any(|kind| is(document, kind.name()));
    let others = documents
        .iter()
        .filter(|document| !smi(document) && !is(document, "Namespace"));
    let namespaces = namespaces(documents).into_iter().map(|name| {
        let metadata = json!({"name": name, "labels": {ENFORCE_LABEL: "false"}});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    });
    others.cloned().chain(namespaces).collect()
}

pub(super) fn version_free(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let specs = |planned: &Planned| {
        let objects = planned.manifests.iter().map(|manifest| {
            let mut object = manifest.object.clone();
            object.metadata.owner_references = None;
            object
        });
        objects.collect::<Vec<_>>()
    };
    let before = specs(&plan(subject, case, &case.documents, tally)?);
    for version in ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"] {
        let documents: Vec<Value> = case
            .documents
            .iter()
            .map(|document| in_version(document, version))
            .collect();
        let after = specs(&plan(subject, case, &documents, tally)?);
        let differ = differing(&before, &after);
        hold!(
            differ.is_empty(),
            "with the SMI objects in {version}, these objects differ: {}: {}",
            named(&differ),
            difference(&smi_adapter::yaml::write(&before), &smi_adapter::yaml::write(&after))
        );
    }
    Ok(())
}

/// Returns the same object in another version. Fields that its own version does not know stay in place.
fn in_version(document: &Value, version: &str) -> Value {
    let mut document = document.clone();
    let api_version = document.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let Some((group, own)) = api_version.split_once('/') else {
        return document;
    };
    // An object of another group is no SMI object, whatever its kind. An unknown field has no place in another version.
    let has_unknown_fields = Object::from_value(&document).is_ok_and(|parsed| !parsed.unknown.is_empty());
    if !group.ends_with(".smi-spec.io") || has_unknown_fields {
        return document;
    }
    let (group, own_has_spec) = (group.to_owned(), has_spec(own));
    if is(&document, "TrafficSplit") {
        if let Some(fields) = document.as_object_mut() {
            fields.insert("apiVersion".into(), json!(format!("{group}/{version}")));
        }
    } else if is(&document, "TrafficTarget") {
        return target_in_version(document, version);
    } else if is(&document, "HTTPRouteGroup") {
        let right = if own_has_spec { "/spec/matches" } else { "/matches" };
        let whole = document.pointer(right).is_some_and(Value::is_array);
        let matches = if whole {
            matches_of(&mut document).cloned()
        } else {
            None
        };
        let Some((fields, matches)) = document.as_object_mut().zip(matches) else {
            return document;
        };
        fields.insert("apiVersion".into(), json!(format!("{group}/{version}")));
        fields.remove("spec");
        fields.remove("matches");
        if has_spec(version) {
            fields.insert("spec".into(), json!({ "matches": matches }));
        } else {
            fields.insert("matches".into(), json!(matches));
        }
    }
    document
}

/// Returns the same traffic target in another version, if both versions can express it: only v1alpha4 has identity
/// bindings, and a target that was applied in an older version may have lost a port (I5).
fn target_in_version(document: Value, version: &str) -> Value {
    let text = document.to_string();
    let fields = document.get("spec").unwrap_or(&document);
    let rules = fields.get("rules").or_else(|| fields.get("specs")).cloned();
    let part = |name: &str| fields.get(name).cloned();
    let (destination, sources) = (part("destination"), part("sources"));
    if ["IdentityBinding", "last-applied", "managedFields"]
        .iter()
        .any(|part| text.contains(part))
        || rules.is_none()
        || destination.is_none()
    {
        return document;
    }
    let (list, whole) = if version == "v1alpha1" {
        ("specs", true)
    } else {
        ("rules", false)
    };
    let spec = json!({"destination": destination, list: rules, "sources": sources});
    let mut other = json!({
        "apiVersion": format!("access.smi-spec.io/{version}"),
        "kind": "TrafficTarget",
        "metadata": document.get("metadata"),
    });
    if let (Some(fields), Value::Object(spec)) = (other.as_object_mut(), spec) {
        if whole {
            fields.extend(spec);
        } else {
            fields.insert("spec".into(), spec.into());
        }
    }
    other
}

fn has_spec(version: &str) -> bool {
    matches!(version, "v1alpha3" | "v1alpha4")
}

pub(super) fn history_free(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let lab = Lab::new(subject.adapter);
    // The history: some of the objects, with random edits.
    for _ in 0..3 {
        let mut documents = case.documents.clone();
        documents.retain(|_| !dice.one_in(4));
        for edit in Edit::ALL {
            if let Some((edited, _)) = edit.of(&documents, &mut dice).filter(|_| dice.one_in(2)) {
                documents = edited;
            }
        }
        if dice.one_in(4) {
            documents.extend(
                case.documents
                    .iter()
                    .filter(|document| is(document, "Service"))
                    .cloned(),
            );
            for place in places(&documents, "Service") {
                if let Some(Value::Array(ports)) = documents.get_mut(place).and_then(|it| it.pointer_mut("/spec/ports"))
                {
                    ports.truncate(1);
                }
            }
        }
        lab.settle(&Input::new(documents), &case.settings)?;
    }
    lab.settle(&case.input(), &case.settings)?;
    let fresh = Lab::new(subject.adapter);
    let planned = fresh.settle(&case.input(), &case.settings)?;
    tally.planned(&planned);
    let differ = differing(&lab.objects(), &fresh.objects());
    hold!(
        differ.is_empty(),
        "the history makes a difference to {}: {}",
        named(&differ),
        difference(
            &smi_adapter::yaml::write(&fresh.objects()),
            &smi_adapter::yaml::write(&lab.objects())
        )
    );
    Ok(())
}
