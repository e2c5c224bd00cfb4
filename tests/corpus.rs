//! Real manifests of public projects: they cause no panic, and no object is dropped silently.

#![expect(clippy::panic, reason = "helpers of tests are test code as well")]

use smi_adapter::adapter::MeshAdapter;
use smi_adapter::diagnostic::{Code, Severity};
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::State;
use smi_adapter::smi_types::Object;
use smi_adapter::yaml::Content;
use smi_tests::{adapters, inputs, translate};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const CORPUS: &str = "SMI_CORPUS";

fn corpus() -> Option<Vec<PathBuf>> {
    inputs(CORPUS, &["yaml", "yml", "json"])
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn is_unparsable(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "unparsable")
}

/// The outcome of the splits or the traffic targets of the corpus.
#[derive(Debug, Default)]
struct Counts {
    all: usize,
    exact: usize,
    with_diagnostics: usize,
    inert: usize,
    read_errors: BTreeMap<&'static str, usize>,
    by_code: BTreeMap<&'static str, usize>,
}

fn count(adapter: &dyn MeshAdapter, kind: &Kind, files: &[PathBuf], assume_ports: &[u16]) -> Counts {
    let mut counts = Counts::default();
    for file in files {
        let translated = translate(adapter, &text(file), assume_ports);
        for error in &translated.errors {
            *counts.read_errors.entry(error.code().as_str()).or_default() += 1;
        }
        let objects = translated.objects.iter().filter(|object| object.kind == *kind);
        for object in objects {
            let status = translated.planned.status(object);
            counts.all += 1;
            let codes: BTreeSet<&str> = status
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.code.severity() > Severity::Info)
                .map(|diagnostic| diagnostic.code.as_str())
                .collect();
            match (status.state, codes.is_empty()) {
                (State::InForce | State::InPart, true) => counts.exact += 1,
                (State::InForce | State::InPart, false) => counts.with_diagnostics += 1,
                (State::Inert | State::Unknown, _) => counts.inert += 1,
            }
            for code in codes {
                *counts.by_code.entry(code).or_default() += 1;
            }
        }
    }
    counts
}

#[test]
fn every_split_and_target_is_translated_or_reported() {
    let Some(files) = corpus() else { return };
    for (kind, least) in [(Kind::TrafficSplit, 50), (Kind::TrafficTarget, 40)] {
        for adapter in adapters() {
            for (name, ports) in [
                ("unchanged", &[][..]),
                ("completed with services and workloads on 80 and 8080", &[80, 8080]),
            ] {
                let counts = count(&*adapter, &kind, &files, ports);
                println!("{adapter:?}, {kind}: {} files {name}: {counts:#?}", files.len());
                assert_eq!(counts.exact + counts.with_diagnostics + counts.inert, counts.all);
                assert!(counts.all >= least, "the corpus has at least {least} of these");
                if !ports.is_empty() && kind == Kind::TrafficSplit {
                    assert!(counts.exact > counts.inert, "most real splits are valid");
                }
            }
        }
    }
}

#[test]
fn no_object_is_dropped_silently() {
    let Some(files) = corpus() else { return };
    let mut objects = 0;
    for adapter in adapters() {
        for (file, ports) in files.iter().flat_map(|file| [(file, &[][..]), (file, &[80])]) {
            let translated = translate(&*adapter, &text(file), ports);
            let manifests = translated
                .planned
                .manifests
                .iter()
                .flat_map(|manifest| &manifest.sources);
            let diagnostics = translated
                .planned
                .diagnostics
                .iter()
                .map(|diagnostic| &diagnostic.object);
            let accounted: BTreeSet<&ObjectRef> = manifests.chain(diagnostics).collect();
            for object in translated
                .objects
                .iter()
                .filter(|object| Kind::SMI.contains(&object.kind))
            {
                objects += 1;
                assert!(
                    accounted.contains(object),
                    "{}: {object} is dropped silently",
                    file.display()
                );
            }
        }
    }
    assert!(objects > 200, "{objects}");
}

#[test]
fn reports_exactly_the_unparsable_documents() {
    let Some(files) = corpus() else { return };
    let mut broken = 0;
    for file in &files {
        let documents = smi_adapter::yaml::read(&text(file), "default");
        let has = |code: Code| {
            documents
                .iter()
                .any(|document| matches!(&document.content, Err(error) if error.code() == code))
        };
        if is_unparsable(file) {
            // If a line `...` ends a document early, its rest is a list, not an object.
            assert!(has(Code::Unparsable) || has(Code::Undecodable), "{}", file.display());
            broken += 1;
        } else {
            assert!(!has(Code::Unparsable), "{}", file.display());
        }
    }
    assert!(broken > 0);
}

#[test]
fn every_smi_document_is_an_object_or_an_error() {
    let Some(files) = corpus() else { return };
    let mut documents: BTreeMap<String, usize> = BTreeMap::new();
    let mut objects = Vec::new();
    for file in &files {
        for document in smi_adapter::yaml::read(&text(file), "default") {
            let class = match document.content {
                Ok(Content::Smi(parsed)) => {
                    let class = format!("{} {}", parsed.object.kind(), parsed.object.version());
                    objects.push(parsed.object);
                    class
                }
                Ok(Content::Service(_)) => "services".to_owned(),
                Ok(Content::Workload(_)) => "workloads".to_owned(),
                Ok(Content::Namespace(_)) => "namespaces".to_owned(),
                Ok(Content::Native(object)) => {
                    let kind = object.kind;
                    assert!(!kind.group().contains("smi-spec.io"), "{}: {kind:?}", file.display());
                    "others".to_owned()
                }
                Err(error) => error.code().as_str().to_owned(),
            };
            *documents.entry(class).or_default() += 1;
        }
    }
    println!("documents: {documents:#?}");
    assert!(objects.len() > 120, "{}", objects.len());

    let mut violations: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lossy = BTreeSet::new();
    for object in objects {
        for rule in object
            .violations()
            .iter()
            .map(|violation| violation.rule.as_str())
            .collect::<BTreeSet<_>>()
        {
            *violations.entry(rule).or_default() += 1;
        }
        match object.to_value(object.version()) {
            Ok(value) => assert_eq!(Object::from_value(&value).unwrap().object, object),
            Err(error) => _ = lossy.insert(error.to_string()),
        }
    }
    println!("objects by the rules that they violate: {violations:#?}");
    // A restriction that the version does not have, so API servers would drop it.
    assert_eq!(
        lossy.into_iter().collect::<Vec<_>>(),
        ["`TrafficTarget` in version `v1alpha3` cannot express `spec.destination.port`"]
    );
}
