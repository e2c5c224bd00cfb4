//! Foreign edits of native objects.

use crate::dice::Dice;
use crate::lab::Lab;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Value, json};
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::object::Kind;

/// The label that every object of ours has.
const OWNER: &str = "app.kubernetes.io/managed-by";

/// Makes one edit of a managed object, and returns the class of the edit in a report and the object after it. Returns
/// `None` if there is nothing to edit in the chosen way.
pub(crate) fn tamper(object: &NativeObject, dice: &mut Dice) -> Option<(&'static str, NativeObject)> {
    let mut edited = object.clone();
    let mut kinds = Vec::new();
    pointers(&object.spec, String::new(), &mut kinds);
    let at = dice.pick(&kinds).cloned()?;
    let class = match dice.below(9) {
        0 => {
            let (parent, name) = at.rsplit_once('/')?;
            match edited.spec.pointer_mut(parent)? {
                Value::Object(fields) => _ = fields.remove(name)?,
                Value::Array(items) => _ = items.pop()?,
                _ => return None,
            }
            "repaired: a part of the spec removed"
        }
        1 => {
            let value = edited.spec.pointer_mut(&at)?;
            *value = changed(value);
            "repaired: a part of the spec changed"
        }
        2 => {
            let fields = around(&mut edited.spec, &at, Value::is_object)?.as_object_mut()?;
            fields.insert("added".into(), json!("foreign"));
            "repaired: a field added to the spec"
        }
        3 => {
            let fields = around(&mut edited.spec, &at, Value::is_object)?.as_object_mut()?;
            let lists = ["gateways", "hosts", "headers", "matches", "filters", "match", "rules"];
            let absent: Vec<&str> = lists.into_iter().filter(|name| !fields.contains_key(*name)).collect();
            fields.insert(dice.text(&absent).to_owned(), json!([]));
            "repaired: an empty list where there was none"
        }
        4 => {
            let items = around(&mut edited.spec, &at, Value::is_array)?.as_array_mut()?;
            let copy = items.first()?.clone();
            items.push(copy);
            "repaired: an element of the spec doubled"
        }
        5 => {
            let owners = edited.metadata.owner_references.get_or_insert_default();
            owners.push(OwnerReference {
                api_version: "v1".into(),
                kind: "ConfigMap".into(),
                name: "foreign".into(),
                uid: "foreign".into(),
                ..OwnerReference::default()
            });
            "repaired: an owner added"
        }
        6 => {
            edited
                .metadata
                .owner_references
                .take()
                .filter(|owners| !owners.is_empty())?;
            "repaired: an owner removed"
        }
        7 => {
            let annotations = edited.metadata.annotations.as_mut()?;
            let names: Vec<String> = annotations.keys().cloned().collect();
            let name = dice.pick(&names)?;
            if dice.one_in(2) {
                annotations.remove(name);
            } else {
                annotations.insert(name.clone(), "foreign".into());
            }
            "repaired: an annotation of ours"
        }
        _ => {
            let labels = edited.metadata.labels.as_mut()?;
            // Without either of these two, the object is foreign.
            let ours = ["app.kubernetes.io/managed-by", "smi-adapter.dev/adapter"];
            let names: Vec<String> = labels
                .keys()
                .filter(|name| !ours.contains(&name.as_str()))
                .cloned()
                .collect();
            labels.remove(dice.pick(&names)?);
            "repaired: a label of ours"
        }
    };
    Some((class, edited))
}

/// Has another client change one native object in the cluster: one of ours, or a foreign one, which may have the name of
/// a desired one. Returns the class of the edit in a report, or `None` if there is nothing to change in the chosen way.
pub(crate) fn disturb(lab: &Lab<'_>, desired: &[Manifest], kinds: &[&Kind], dice: &mut Dice) -> Option<&'static str> {
    let (ours, foreign): (Vec<_>, Vec<_>) = lab.observed().into_iter().partition(|it| it.label(OWNER).is_some());
    let way = dice.below(8);
    match way {
        0 => lab.cluster.put(tamper(dice.pick(&ours)?, dice)?.1),
        1 => _ = lab.cluster.take(&dice.pick(&ours)?.reference())?,
        // A foreign object is replaced by ours again.
        2 => {
            let is_taken =
                |manifest: &&Manifest| foreign.iter().any(|it| it.reference() == manifest.object.reference());
            let taken: Vec<&Manifest> = desired.iter().filter(is_taken).collect();
            lab.cluster.put(dice.pick(&taken)?.object.clone());
        }
        3 => lab.cluster.put(disowned(dice.pick(&ours)?.clone())),
        4 => lab.cluster.put(disowned(dice.pick(desired)?.object.clone())),
        5 => {
            let mut neighbour = disowned(dice.pick(desired)?.object.clone());
            neighbour.metadata.name = Some(dice.text(&["foreign-a", "foreign-b", "zz-foreign"]).to_owned());
            neighbour.metadata.creation_timestamp = None;
            if dice.one_in(3) {
                neighbour.kind = (*dice.pick(kinds)?).clone();
            }
            lab.cluster.put(neighbour);
        }
        6 => lab.cluster.put(tamper(dice.pick(&foreign)?, dice)?.1),
        _ => _ = lab.cluster.take(&dice.pick(&foreign)?.reference())?,
    }
    Some(if way < 2 {
        "edited: a native object of ours"
    } else {
        "edited: a foreign native object"
    })
}

/// Returns an object without the label of its owner.
fn disowned(mut object: NativeObject) -> NativeObject {
    if let Some(labels) = &mut object.metadata.labels {
        labels.remove(OWNER);
    }
    object
}

/// Collects pointers to all parts of a value.
fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                pointers(
                    field,
                    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                    all,
                );
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
    all.push(at);
}

/// Returns the value at a pointer if it has the requested type, or the nearest enclosing value that has it.
fn around<'v>(spec: &'v mut Value, pointer: &str, is: fn(&Value) -> bool) -> Option<&'v mut Value> {
    let mut at = pointer;
    while !is(spec.pointer(at)?) {
        at = at.rsplit_once('/')?.0;
    }
    spec.pointer_mut(at)
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Null | Value::Object(_) => json!({}),
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_u64().unwrap_or_default() + 1),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(items) => items.iter().skip(1).cloned().collect(),
    }
}
