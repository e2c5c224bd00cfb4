//! Worlds at the limits: long names, and large numbers of everything.

use super::dice::Dice;
use super::edits::{is, matches_of};
use serde_json::{Value, json};

/// Gives services and splits long names, or names that look like those that adapters build.
pub(super) fn rename(documents: &[Value], dice: &mut Dice) -> Vec<Value> {
    let long = "a".repeat(62);
    let names = [
        (
            "web-v1",
            dice.text(&["web-80", "web-v1", "smi-split-web-80"]).to_owned(),
        ),
        ("web-v2", dice.text(&["web-80-more1", "web-v2", "more1"]).to_owned()),
        (
            "web",
            if dice.one_in(2) {
                format!("{long}b")
            } else {
                "web".to_owned()
            },
        ),
        (
            "other",
            if dice.one_in(2) {
                format!("{long}c")
            } else {
                "web-8080".to_owned()
            },
        ),
    ];
    let new_name = |name: &str| names.iter().find(|(old, _)| *old == name).map(|(_, new)| new.clone());
    let replace = |text: &str| {
        let (first, rest) = text
            .split_once('.')
            .map_or((text, None), |(first, rest)| (first, Some(rest)));
        let first = new_name(first).unwrap_or_else(|| first.to_owned());
        rest.map_or(first.clone(), |rest| format!("{first}.{rest}"))
    };
    let long_splits = dice.one_in(2);
    let mut renamed = documents.to_vec();
    for document in &mut renamed {
        let service = is(document, "Service");
        if let Some(Value::String(name)) = document.pointer_mut("/metadata/name") {
            if service {
                *name = new_name(name).unwrap_or_else(|| name.clone());
            } else if long_splits && name.starts_with("split-") {
                *name = format!("{name}.{}", [long.as_str(); 3].join("."));
            }
        }
        if let Some(Value::String(root)) = document.pointer_mut("/spec/service") {
            *root = replace(root);
        }
        for backend in document
            .pointer_mut("/spec/backends")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(Value::String(name)) = backend.get_mut("service") {
                *name = replace(name);
            }
        }
    }
    renamed
}

/// Adds many items of one type: backends, matches, header filters, sources, targets, splits of one root, or long
/// patterns. Returns the class in a report, and the documents.
pub(super) fn multiply(documents: &[Value], dice: &mut Dice) -> (&'static str, Vec<Value>) {
    let mut many = documents.to_vec();
    // Many splits are rare because reading them takes long.
    let turn = if dice.one_in(12) { 6 } else { dice.below(6) };
    // Many matches take long as well, so only one group gets them.
    let mut group_is_left = true;
    let class = match turn {
        0 => {
            let ports = json!([{"name": "p0", "port": 80}, {"name": "p1", "port": 8080}]);
            many.extend((0..40).map(|index| {
                let metadata = json!({"namespace": "ns-a", "name": format!("many-{index}")});
                json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
            }));
            "many backends"
        }
        1 => "many matches",
        2 => "many header filters",
        3 => "long patterns",
        4 => {
            let template = documents.iter().find(|document| is(document, "TrafficTarget"));
            let copies = template.into_iter().flat_map(|template| {
                (0..40).map(|index| {
                    let mut copy = template.clone();
                    if let Some(metadata) = copy.get_mut("metadata").and_then(Value::as_object_mut) {
                        metadata.insert("name".into(), json!(format!("many-{index}.{}", "b".repeat(63))));
                    }
                    copy
                })
            });
            many.extend(copies);
            "many targets"
        }
        5 => "many sources",
        _ => {
            let template = documents.iter().find(|document| is(document, "TrafficSplit"));
            let copies = template.into_iter().flat_map(|template| {
                (0..1020).map(|index| {
                    let mut copy = template.clone();
                    if let Some(metadata) = copy.get_mut("metadata").and_then(Value::as_object_mut) {
                        let rest = ["b".repeat(63), "b".repeat(63), "b".repeat(63), "b".repeat(40)].join(".");
                        metadata.insert("name".into(), json!(format!("many-{index}.{rest}")));
                        metadata.insert("uid".into(), json!(format!("uid-many-{index}")));
                    }
                    copy
                })
            });
            many.extend(copies);
            "many splits"
        }
    };
    for document in &mut many {
        if turn == 0
            && let Some(backends) = document.pointer_mut("/spec/backends").and_then(Value::as_array_mut)
        {
            let count = [16, 17, 40].get(dice.below(3)).copied().unwrap_or(17);
            backends.extend((0..count).map(|index| json!({"service": format!("many-{index}"), "weight": index + 1})));
        }
        let is_target = turn == 5 && is(document, "TrafficTarget");
        let pointer = if document.get("spec").is_some() {
            "/spec/sources"
        } else {
            "/sources"
        };
        let sources = is_target.then(|| document.pointer_mut(pointer)).flatten();
        if let Some(sources) = sources.and_then(Value::as_array_mut) {
            sources.extend((0..600).map(|index| {
                json!({"kind": "ServiceAccount", "name": format!("{}-{index}", "c".repeat(200)), "namespace": "ns-b"})
            }));
        }
        let Some(matches) = is(document, "HTTPRouteGroup").then(|| matches_of(document)).flatten() else {
            continue;
        };
        match turn {
            1 if std::mem::take(&mut group_is_left) => matches.extend((0..130).map(|index| {
                json!({"name": format!("many-{index}"), "pathRegex": format!("/many/{index}"), "methods": ["GET", "POST"]})
            })),
            2 => {
                let headers: Vec<Value> = (0..40).map(|index| json!({format!("x-{index}"): "a"})).collect();
                matches.push(json!({"name": "many", "headers": headers}));
            }
            3 => {
                let path = format!("/{}", "a".repeat(1000 + dice.below(60)));
                let value = "b".repeat(dice.below(5000));
                matches.push(json!({"name": "long", "pathRegex": path}));
                matches.push(json!({"name": "long-value", "headers": [{"x-long": value}]}));
            }
            _ => {}
        }
    }
    (class, many)
}
