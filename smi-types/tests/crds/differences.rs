//! The differences between published CRDs and ours, as rows of a table.

use crate::flat::{self, Node};
use serde_json::Value;
use smi_types::crd::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A product that publishes CRDs, in files with a common name prefix.
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

/// Kind, field, the published facts, and our facts.
type Difference = (String, String, String, String);

/// Every difference, with the products and the versions that have it.
#[derive(Default)]
pub(crate) struct Differences(BTreeMap<Difference, BTreeMap<&'static str, BTreeSet<char>>>);

impl Differences {
    /// Compares a CRD with ours. Returns `false` if it is not the CRD of an SMI kind.
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
            let our_version = ours["versions"]
                .as_array()
                .unwrap()
                .iter()
                .find(|ours| ours["name"] == name)
                .unwrap_or_else(|| panic!("our CRD of `{kind}` does not list `{name}`"));
            let number = name.chars().last();
            for (aspect, of) in [
                ("columns", flat::columns as fn(&Value) -> String),
                ("subresources", flat::subresources),
            ] {
                let kinds = if aspect == "columns" { kind.as_str() } else { "all" };
                self.compare(product, number, kinds, aspect, &of(version), &of(our_version));
            }
            self.schemas(product, number, kind, &flat::nodes(version), &flat::nodes(our_version));
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
                // The fields below differ as well.
                seen.push(path);
                let presence = |node: Option<&Node>| node.map_or("absent", |node| &node["type"]).to_owned();
                let (theirs, ours) = (presence(theirs.get(path)), presence(ours.get(path)));
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
            let describe = |node: &Node, owner: &str| -> String {
                let words = differing
                    .iter()
                    .map(|keyword| match (keyword.as_str(), node.get(*keyword)) {
                        ("required", None) => "optional".to_owned(),
                        (_, None) => format!("no {keyword}"),
                        ("type" | "required", Some(value)) => value.clone(),
                        // Too long for a table.
                        ("pattern", Some(_)) => format!("{owner} pattern"),
                        (_, Some(value)) => format!("{keyword} {value}"),
                    });
                words.collect::<Vec<_>>().join(", ")
            };
            let (theirs, ours) = (describe(their, "its"), describe(our, "our"));
            self.compare(product, version, kind, field, &theirs, &ours);
        }
    }

    fn compare(&mut self, product: &Product, version: Option<char>, kind: &str, field: &str, theirs: &str, ours: &str) {
        if theirs != ours {
            let difference = (kind.into(), field.into(), theirs.into(), ours.into());
            let versions = self.0.entry(difference).or_default().entry(product.name).or_default();
            versions.extend(version);
        }
    }

    /// Returns the rows of the table, without the reasons.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|((kind, field, theirs, ours), products)| {
                let kind = if kind == "all" {
                    "all".into()
                } else {
                    format!("`{kind}`")
                };
                let products: Vec<_> = products
                    .iter()
                    .map(|(product, versions)| format!("{product} {}", ranges(versions)).trim_end().to_owned())
                    .collect();
                format!("| {kind} | `{field}` | {theirs} | {ours} | {} |", products.join(", "))
            })
            .collect()
    }
}

/// Formats versions, consecutive ones as a range such as `1–3`.
fn ranges(versions: &BTreeSet<char>) -> String {
    let mut runs: Vec<(char, char)> = Vec::new();
    for version in versions.iter().copied() {
        match runs.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(version) => *last = version,
            _ => runs.push((version, version)),
        }
    }
    let range = |(first, last): &(char, char)| match last {
        last if first == last => first.to_string(),
        last => format!("{first}–{last}"),
    };
    runs.iter().map(range).collect::<Vec<_>>().join(" ")
}
