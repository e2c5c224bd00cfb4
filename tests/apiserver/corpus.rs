//! Real manifests on an API server: the library reads every object that the server accepts, and reports every field
//! that the server prunes.

use crate::products::{products, served};
use serde_json::{Value, json};
use smi_tests::apiserver::{ApiServer, Raw};
use smi_tests::inputs;
use smi_types::Object;
use std::collections::{BTreeMap, BTreeSet};

/// The unknown fields of the corpus: product, kind, field without indices, and the reader that does not know it.
///
/// In every version, the library reads the fields of all versions. A server prunes the fields that its CRD does not
/// list, and no product's CRD for `v1alpha3` of traffic targets lists the port.
const UNKNOWN: [&str; 4] = [
    "fsm: access.smi-spec.io/v1alpha3 TrafficTarget: spec.destination.port: the server",
    "fsm: specs.smi-spec.io/v1alpha4 HTTPRouteGroup: matches: both",
    "sdk-go: access.smi-spec.io/v1alpha3 TrafficTarget: spec.destination.port: the server",
    "sdk-go: specs.smi-spec.io/v1alpha4 HTTPRouteGroup: matches: both",
];

/// Returns every parsable document of the corpus, moved to an existing namespace.
fn documents() -> Option<Vec<Value>> {
    let mut documents = Vec::new();
    for file in inputs("SMI_CORPUS", &["yaml", "yml", "json"])? {
        let text = std::fs::read_to_string(&file).expect("the file exists");
        // Other tests cover unparsable files.
        let values: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_default();
        documents.extend(values);
    }
    for metadata in documents.iter_mut().filter_map(|document| document.get_mut("metadata")) {
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("namespace".into(), json!("default"));
            metadata.remove("resourceVersion");
        }
    }
    Some(documents)
}

#[tokio::test]
async fn reads_accepted_objects_and_reports_pruned_fields() {
    let (Some(products), Some(documents)) = (products(), documents()) else {
        return;
    };
    let Some(server) = ApiServer::start().await else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for (product, crds) in &products {
        server.install(crds).await.unwrap();
        let (raw, kinds) = (server.raw(), served(crds));
        for document in &documents {
            let text = |field: &str| document[field].as_str().unwrap_or_default();
            let kind = format!("{} {}", text("apiVersion"), text("kind"));
            if !kinds.contains(&kind) {
                continue;
            }
            let mut count = |outcome: &str| *counts.entry(format!("{product}: {kind}: {outcome}")).or_default() += 1;
            let Some(pruned) = pruned(&raw, document).await else {
                count("rejected");
                continue;
            };
            let parsed = Object::from_value(document).unwrap_or_else(|error| panic!("{document}: {error}"));
            count("accepted and read");
            let unread = parsed.unknown.iter().chain(&parsed.ignored);
            let unread: BTreeSet<String> = unread.map(ToString::to_string).collect();
            for field in pruned.union(&unread) {
                let reader = match (pruned.contains(field), unread.contains(field)) {
                    (true, true) => "both",
                    (true, false) => "the server",
                    _ => "the library",
                };
                unknown.insert(format!("{product}: {kind}: {}: {reader}", without_indices(field)));
            }
        }
        server.remove(crds).await.unwrap();
    }
    println!("{counts:#?}");
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), UNKNOWN);
}

/// Returns the fields of a document that the server prunes, or `None` if it rejects the document for another reason.
async fn pruned(raw: &Raw, document: &Value) -> Option<BTreeSet<String>> {
    let Err(failure) = raw.create(document, "dryRun=All&fieldValidation=Strict").await else {
        return Some(BTreeSet::new());
    };
    if let Err(failure) = raw.create(document, "dryRun=All&fieldValidation=Warn").await {
        println!("rejected: {failure}");
        return None;
    }
    let unknown = failure.message.split("unknown field \"").skip(1);
    let fields: BTreeSet<String> = unknown
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect();
    assert!(!fields.is_empty(), "{failure}");
    Some(fields)
}

fn without_indices(field: &str) -> String {
    field
        .split('[')
        .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest))
        .collect()
}
