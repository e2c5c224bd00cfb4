//! The CRDs as files, and held against those that others have published.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests of this file share is a test as well"
)]

#[path = "crds/differences.rs"]
mod differences;
#[path = "crds/flat.rs"]
mod flat;

use differences::{Differences, Product};
use serde_json::Value;
use smi_types::crd::{Crd, Kind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const UPSTREAM: &str = "SMI_UPSTREAM_CRDS";
const TABLE: &str = include_str!("../src/crd/differences.md");

fn ours(kind: Kind) -> Value {
    let mut crd = serde_json::to_value(Crd::new(kind).build()).unwrap();
    without_fractions(&mut crd);
    crd
}

/// Kubernetes' own types hold bounds as floats; nobody writes `65535.0`.
fn without_fractions(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(without_fractions),
        Value::Array(items) => items.iter_mut().for_each(without_fractions),
        Value::Number(number) if number.is_f64() => {
            *value = serde_json::from_str(number.to_string().trim_end_matches(".0")).unwrap();
        }
        _ => {}
    }
}

/// `UPDATE_CRDS=1` writes the files anew.
#[test]
fn the_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let mut names = BTreeSet::new();
    for kind in Kind::ALL {
        let yaml = format!(
            "# Generated from the types of this crate: UPDATE_CRDS=1 cargo test --package smi-types\n{}",
            serde_saphyr::to_string(&ours(kind)).unwrap()
        );
        let read: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read, ours(kind), "{kind} as YAML says something else");
        let file = folder.join(format!("{}.yaml", kind.as_str().to_ascii_lowercase()));
        if std::env::var_os("UPDATE_CRDS").is_some() {
            std::fs::write(&file, &yaml).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == yaml,
            "{} is not up to date: set UPDATE_CRDS=1",
            file.display()
        );
        names.insert(file);
    }
    let files: BTreeSet<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files, names, "a file that no kind has");
}

#[test]
fn the_table_has_every_difference_from_published_crds() {
    let Some(folder) = std::env::var_os(UPSTREAM) else {
        println!("skipped: {UPSTREAM} is not set");
        return;
    };
    let folder = Path::new(&folder).join("smi");
    let mut differences = Differences::default();
    for product in [
        Product::new("SDK", "sdk-go-"),
        Product::new("FSM", "fsm-"),
        Product::new("NGINX", "nginx-service-mesh-"),
        Product::new("linkerd-smi", "linkerd-smi-"),
    ] {
        let mut found = false;
        for text in product.files(&folder) {
            for crd in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                found |= differences.add(&product, &crd, ours);
            }
        }
        assert!(
            found,
            "{UPSTREAM} has no CRD of {} in {}",
            product.name,
            folder.display()
        );
    }
    let controller = Product::new("controller SDK", "");
    for crd in serde_saphyr::from_multiple::<Value>(include_str!("crds/controller-sdk.yaml")).unwrap() {
        assert!(differences.add(&controller, &crd, ours));
    }

    let computed = differences.rows();
    let mut listed = Vec::new();
    for row in TABLE
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| all"))
    {
        let (difference, why) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        assert!(why.len() > 3, "no reason is given: {row}");
        listed.push(format!("{difference} |"));
    }
    let missing: Vec<_> = computed.iter().filter(|row| !listed.contains(row)).collect();
    let untrue: Vec<_> = listed.iter().filter(|row| !computed.contains(row)).collect();
    assert!(
        missing.is_empty() && untrue.is_empty(),
        "missing: {missing:#?}\nuntrue: {untrue:#?}"
    );
    assert_eq!(listed, computed, "the table is not in order");
}
