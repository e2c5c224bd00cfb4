//! What differs between published CRDs and ours, as rows of a table.

use crate::flat::{self, Node};
use serde_json::Value;
use smi_types::crd::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Somebody who publishes CRDs, in files whose names begin alike.
pub(crate) struct Product {
    pub name: &'static str,
    prefix: &'static str,
}

impl Product {
    pub(crate) const fn new(name: &'static str, prefix: &'static str) -> Self {
        Self { name, prefix }
    }

    pub(crate) fn files(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(self.prefix))
            .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
            .collect()
    }
}

/// Kind, field, what upstream says, and what we say.
type Difference = (String, String, String, String);

/// Every difference, with the products and the versions that have it.
#[derive(Default)]
pub(crate) struct Differences(BTreeMap<Difference, BTreeMap<&'static str, BTreeSet<char>>>);

impl Differences {
    /// Compares one CRD with ours. False, if it is none of SMI's.
    pub(crate) fn add(&mut self, product: &Product, theirs: &Value, ours: fn(Kind) -> Value) -> bool {
        let spec = &theirs["spec"];
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| spec["names"]["kind"] == kind.as_str());
        let Some(kind) = kind else { return false };
        let ours = &ours(kind)["spec"];
        for (aspect, of) in [
            ("names", flat::names as fn(&Value) -> String),
            ("versions", flat::versions),
        ] {
            self.compare(product, None, kind.as_str(), aspect, &of(spec), &of(ours));
        }
        for version in spec["versions"].as_array().unwrap() {
            let name = version["name"].as_str().unwrap();
            let mine = ours["versions"]
                .as_array()
                .unwrap()
                .iter()
                .find(|mine| mine["name"] == name);
            let mine = mine.unwrap_or_else(|| panic!("{kind} {name} is not listed"));
            let number = name.chars().last();
            for (aspect, of) in [
                ("columns", flat::columns as fn(&Value) -> String),
                ("subresources", flat::subresources),
            ] {
                let who = if aspect == "columns" { kind.as_str() } else { "all" };
                self.compare(product, number, who, aspect, &of(version), &of(mine));
            }
            self.schemas(product, number, kind, &flat::nodes(version), &flat::nodes(mine));
        }
        true
    }

    fn schemas(
        &mut self,
        product: &Product,
        version: Option<char>,
        kind: Kind,
        theirs: &BTreeMap<String, Node>,
        ours: &BTreeMap<String, Node>,
    ) {
        let mut seen: Vec<&str> = Vec::new();
        for path in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
            let below = |seen: &&str| {
                path.strip_prefix(*seen)
                    .is_some_and(|rest| rest.starts_with(['.', '[', '{']))
            };
            if seen.iter().any(below) {
                continue;
            }
            let field = path.strip_prefix("spec.").unwrap_or(path);
            let kind = if path == "status" { "all" } else { kind.as_str() };
            let (Some(their), Some(our)) = (theirs.get(path), ours.get(path)) else {
                // What is below differs with it.
                seen.push(path);
                let say = |node: Option<&Node>| node.map_or("absent", |node| &node["type"]).to_owned();
                let (theirs, ours) = (say(theirs.get(path)), say(ours.get(path)));
                self.compare(product, version, kind, field, &theirs, &ours);
                continue;
            };
            if their["type"] != our["type"] {
                seen.push(path);
            }
            let keywords: BTreeSet<_> = their.keys().chain(our.keys()).collect();
            let differing: Vec<_> = keywords
                .into_iter()
                .filter(|keyword| their.get(*keyword) != our.get(*keyword))
                .collect();
            let say = |node: &Node, whose: &str| -> String {
                let words = differing
                    .iter()
                    .map(|keyword| match (keyword.as_str(), node.get(*keyword)) {
                        ("required", None) => "optional".to_owned(),
                        (_, None) => format!("no {keyword}"),
                        ("type" | "required", Some(value)) => value.clone(),
                        // Too long for a table.
                        ("pattern", Some(_)) => format!("{whose} pattern"),
                        (_, Some(value)) => format!("{keyword} {value}"),
                    });
                words.collect::<Vec<_>>().join(", ")
            };
            self.compare(product, version, kind, field, &say(their, "its"), &say(our, "our"));
        }
    }

    fn compare(&mut self, product: &Product, version: Option<char>, kind: &str, field: &str, theirs: &str, ours: &str) {
        if theirs != ours {
            let difference = (kind.into(), field.into(), theirs.into(), ours.into());
            let versions = self.0.entry(difference).or_default().entry(product.name).or_default();
            versions.extend(version);
        }
    }

    /// The rows of the table, without the reasons.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|((kind, field, theirs, ours), whose)| {
                let kind = if kind == "all" {
                    "all".into()
                } else {
                    format!("`{kind}`")
                };
                let whose: Vec<_> = whose
                    .iter()
                    .map(|(product, versions)| format!("{product} {}", ranges(versions)).trim_end().to_owned())
                    .collect();
                format!("| {kind} | `{field}` | {} | {} | {} |", theirs, ours, whose.join(", "))
            })
            .collect()
    }
}

/// `1–3` for several versions, where they follow one another.
fn ranges(versions: &BTreeSet<char>) -> String {
    match (versions.first(), versions.last()) {
        (Some(first), Some(last)) if first != last => {
            assert_eq!(versions.len(), (*first..=*last).count());
            format!("{first}–{last}")
        }
        (Some(only), _) => only.to_string(),
        (None, _) => String::new(),
    }
}
