//! Tests of the generated CRD files, and of the table of differences from published CRDs.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of these tests are test code too"
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

/// Replaces whole floats by integers. The types of Kubernetes hold bounds as floats, which would print as `65535.0`.
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

/// Compares the files with the types. `UPDATE_CRDS=1` rewrites the files.
#[test]
fn committed_files_match_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let mut names = BTreeSet::new();
    for kind in Kind::ALL {
        let yaml = format!(
            "# Generated from the types of this crate: UPDATE_CRDS=1 cargo test --package smi-types\n{}",
            serde_saphyr::to_string(&ours(kind)).unwrap()
        );
        let read: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read, ours(kind), "`{kind}` changes when it is written as YAML");
        let file = folder.join(format!("{}.yaml", kind.as_str().to_ascii_lowercase()));
        if std::env::var_os("UPDATE_CRDS").is_some() {
            std::fs::write(&file, &yaml).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == yaml,
            "`{}` is not up to date; set `UPDATE_CRDS=1` to rewrite it",
            file.display()
        );
        names.insert(file);
    }
    let files: BTreeSet<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files, names, "the folder has a file that belongs to no kind");
}

#[test]
fn table_lists_every_difference_from_published_crds() {
    let Some(folder) = std::env::var_os(UPSTREAM) else {
        println!("skipped: `{UPSTREAM}` is not set");
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
            "`{UPSTREAM}` has no CRD of {} in `{}`",
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
        let (difference, reason) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        assert!(reason.len() > 3, "the row has no reason: {row}");
        listed.push(format!("{difference} |"));
    }
    let missing: Vec<_> = computed.iter().filter(|row| !listed.contains(row)).collect();
    let wrong: Vec<_> = listed.iter().filter(|row| !computed.contains(row)).collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "missing rows: {missing:#?}\nwrong rows: {wrong:#?}"
    );
    assert_eq!(listed, computed, "the rows of the table are not in order");
}
