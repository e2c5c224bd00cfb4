//! CRDs as flat facts that can be compared. Schemas that API servers treat alike yield the same facts.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The keywords of a node of a schema and their values. `type` is always present.
pub(crate) type Node = BTreeMap<String, String>;

pub(crate) fn names(spec: &Value) -> String {
    let names = &spec["names"];
    let kind = names["kind"].as_str().unwrap();
    format!(
        "{} {} {} {} {} {} {} {}",
        spec["group"],
        spec["scope"],
        names["plural"],
        names["singular"].as_str().unwrap_or(&kind.to_ascii_lowercase()),
        names["listKind"].as_str().unwrap_or(&format!("{kind}List")),
        names["shortNames"],
        names["categories"],
        spec["conversion"]["strategy"].as_str().unwrap_or("None"),
    )
}

pub(crate) fn versions(spec: &Value) -> String {
    let describe = |verb: &str, is_included: fn(&Value) -> bool| {
        let versions = spec["versions"].as_array().unwrap().iter();
        let numbers: BTreeSet<_> = versions
            .filter(|version| is_included(version))
            .filter_map(|version| version["name"].as_str()?.chars().last())
            .collect();
        let all: Vec<String> = numbers.iter().map(char::to_string).collect();
        format!("{verb} {}", all.join(" "))
    };
    [
        describe("lists", |_| true),
        describe("serves", |version| version["served"] == true),
        describe("stores", |version| version["storage"] == true),
    ]
    .join(", ")
}

pub(crate) fn columns(version: &Value) -> String {
    let columns: Vec<_> = version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    if columns.is_empty() {
        "none".into()
    } else {
        columns.join(", ")
    }
}

pub(crate) fn subresources(version: &Value) -> String {
    let names: Vec<_> = version["subresources"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys().cloned())
        .collect();
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

pub(crate) fn nodes(version: &Value) -> BTreeMap<String, Node> {
    let mut nodes = BTreeMap::new();
    node(&version["schema"]["openAPIV3Schema"], "", false, &mut nodes);
    for name in ["apiVersion", "kind", "metadata"] {
        nodes.remove(name);
    }
    nodes
}

/// Lists a schema and all of its subschemas, without keywords that only human readers need.
fn node(schema: &Value, path: &str, required: bool, nodes: &mut BTreeMap<String, Node>) {
    let fields = schema.as_object().unwrap();
    let mut node = Node::new();
    let is = |keyword: &str| fields.get(keyword) == Some(&Value::Bool(true));
    let type_name = match fields.get("type").and_then(Value::as_str) {
        _ if is("x-kubernetes-int-or-string") => "integer or string",
        Some(one) => one,
        None if is("x-kubernetes-preserve-unknown-fields") => "anything",
        None => panic!("`{path}` has no type"),
    };
    node.insert("type".into(), type_name.into());
    if required {
        node.insert("required".into(), "required".into());
    }
    for (keyword, value) in fields {
        match keyword.as_str() {
            "type"
            | "description"
            | "required"
            | "anyOf"
            | "x-kubernetes-int-or-string"
            | "x-kubernetes-preserve-unknown-fields" => {}
            "properties" => {
                for (name, property) in value.as_object().unwrap() {
                    let names = fields.get("required").and_then(Value::as_array);
                    let required = names.is_some_and(|names| names.iter().any(|one| one == name));
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    self::node(property, &path, required, nodes);
                }
            }
            "items" => self::node(value, &format!("{path}[]"), false, nodes),
            "additionalProperties" => self::node(value, &format!("{path}{{}}"), false, nodes),
            "x-kubernetes-validations" => {
                let rules = value.as_array().unwrap().iter();
                let messages: Vec<_> = rules.map(|rule| rule["message"].as_str().unwrap()).collect();
                node.insert("rule".into(), format!("*{}*", messages.join("; ")));
            }
            "enum" => {
                let mut values: Vec<_> = value
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| format!("`{}`", one.as_str().unwrap()))
                    .collect();
                values.sort();
                node.insert(keyword.clone(), values.join(" "));
            }
            _ => {
                node.insert(
                    keyword.clone(),
                    format!("`{}`", value.as_str().map_or(value.to_string(), str::to_owned)),
                );
            }
        }
    }
    nodes.insert(path.into(), node);
}
