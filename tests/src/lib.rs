//! Shared code of the tests on real inputs: finds the inputs, and turns manifests into plans.

pub mod apiserver;
mod go;
pub mod random;
pub mod witness;
pub mod writers;

use smi_adapter::adapter::MeshAdapter;
use smi_adapter::assume::{assume_services, assume_workloads};
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml::{self, ReadError};
use smi_adapter_istio::{Istio, Regex};
use smi_adapter_linkerd::{Linkerd, SplitMode};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Returns the adapters under test, in each mode.
#[must_use]
pub fn adapters() -> Vec<Box<dyn MeshAdapter>> {
    let mut with_tcp_routes = Linkerd::default();
    with_tcp_routes.tcp_routes = true;
    let mut with_profiles = Linkerd::default();
    with_profiles.split_mode = SplitMode::ServiceProfile;
    let mut with_filters = Istio::default();
    with_filters.regex = Regex::EnvoyFilter;
    vec![
        Box::new(Istio::default()),
        Box::new(with_filters),
        Box::new(Linkerd::default()),
        Box::new(with_tcp_routes),
        Box::new(with_profiles),
    ]
}

/// Returns the files with one of `endings` below the folder that an environment variable names, sorted. If the variable
/// is not set, prints a line and returns `None`.
///
/// # Panics
/// If the folder has no such file, because a check without input proves nothing.
#[must_use]
pub fn inputs(variable: &str, endings: &[&str]) -> Option<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os(variable) else {
        println!("skipped: `{variable}` is not set");
        return None;
    };
    let files = files_below(Path::new(&folder), endings);
    assert!(
        !files.is_empty(),
        "`{variable}` names `{}`, which has no input files",
        folder.display()
    );
    Some(files)
}

/// Returns the files with one of `endings` below a folder, sorted.
#[must_use]
pub fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| endings.iter().any(|known| ending == *known))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the manifests to translate: the steps of the bundled walkthroughs, each together with `shop.yaml`, and the
/// corpus if `SMI_CORPUS` names one.
///
/// # Panics
/// If a file cannot be read.
#[must_use]
#[expect(clippy::expect_used, reason = "a check without its input proves nothing")]
pub fn texts() -> Vec<String> {
    let read = |file: &Path| std::fs::read_to_string(file).expect("the file exists");
    let walkthroughs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/walkthroughs");
    let shop = read(&walkthroughs.join("shop.yaml"));
    let files = files_below(&walkthroughs, &["yaml"]);
    let steps = files.iter().map(|file| format!("{shop}\n---\n{}", read(file)));
    let corpus = inputs("SMI_CORPUS", &["yaml", "yml", "json"]).unwrap_or_default();
    steps.chain(corpus.iter().map(|file| read(file))).collect()
}

/// The translation of one text.
#[derive(Debug)]
pub struct Translated {
    /// The SMI objects in the text.
    pub objects: BTreeSet<ObjectRef>,
    /// Errors that name no object.
    pub errors: Vec<ReadError>,
    /// The plan.
    pub planned: Planned,
}

/// Translates a text. If `assume_ports` is not empty, assumes missing services and workloads with these ports.
#[must_use]
pub fn translate(adapter: &dyn MeshAdapter, text: &str, assume_ports: &[u16]) -> Translated {
    let settings = Settings::default();
    let mut input = SnapshotBuilder::default();
    let (mut objects, mut errors) = (BTreeSet::new(), Vec::new());
    for document in yaml::read(text, "default") {
        match document.add_to(&mut input) {
            Ok(object) => objects.extend(object),
            Err(error) => errors.push(error),
        }
    }
    let mut snapshot = input.build();
    if !assume_ports.is_empty() {
        _ = assume_services(&mut snapshot, &settings, assume_ports);
        _ = assume_workloads(&mut snapshot, &settings, assume_ports);
    }
    let planned = adapter.plan(&snapshot, &settings, &Observed::default());
    Translated {
        objects,
        errors,
        planned,
    }
}

/// Prints a line immediately, even if the output of tests is captured.
fn print_now(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}

/// Returns the folder of what a test needs. Without it, prints the reason.
///
/// # Panics
/// If there is none and `CI` is `true`.
fn found(what: &str, folder: Result<PathBuf, String>) -> Option<PathBuf> {
    match folder {
        Ok(folder) => Some(folder),
        Err(reason) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no {what}: {reason}");
            print_now(&format!("skipped: no {what}: {reason}"));
            None
        }
    }
}
