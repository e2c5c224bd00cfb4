//! The published CRDs of products and meshes.

use serde_json::{Value, json};
use smi_tests::inputs;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The products, as the prefixes of their file names.
const PRODUCTS: [&str; 4] = ["fsm", "linkerd-smi", "nginx-service-mesh", "sdk-go"];

/// Returns the SMI CRDs of each product.
pub(crate) fn products() -> Option<BTreeMap<&'static str, Vec<Value>>> {
    let mut products: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for file in inputs("SMI_UPSTREAM_CRDS", &["yaml"])? {
        if file.parent().is_none_or(|folder| !folder.ends_with("smi")) {
            continue;
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let product = PRODUCTS
            .into_iter()
            .find(|product| name.starts_with(product))
            .unwrap_or_else(|| panic!("`{name}` belongs to no known product"));
        products.entry(product).or_default().extend(crds(&file));
    }
    assert_eq!(products.len(), PRODUCTS.len(), "a product has no file");
    Some(products)
}

/// Returns the CRDs of the meshes' own kinds. For a kind in two release channels of an API, these are the experimental
/// CRDs, which have the early versions.
pub(crate) fn meshes() -> Option<Vec<Value>> {
    let files = inputs("SMI_UPSTREAM_CRDS", &["yaml"])?;
    let is_of_a_mesh = |file: &&PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
        folder == "istio" || folder == "linkerd" || name.contains("experimental")
    };
    Some(files.iter().filter(is_of_a_mesh).flat_map(|file| crds(file)).collect())
}

/// Returns the CRDs of a file.
fn crds(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the file exists");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("upstream CRDs are YAML");
    let is_crd = |document: &Value| document["kind"] == "CustomResourceDefinition";
    documents.into_iter().filter(is_crd).collect()
}

/// Returns the kinds that a product serves, as `apiVersion Kind`.
pub(crate) fn served(crds: &[Value]) -> BTreeSet<String> {
    let mut served = BTreeSet::new();
    for spec in crds.iter().map(|crd| &crd["spec"]) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, kind) = (text(&spec["group"]), text(&spec["names"]["kind"]));
        let versions = spec["versions"].as_array().into_iter().flatten();
        for version in versions.filter(|version| version["served"] == json!(true)) {
            served.insert(format!("{group}/{} {kind}", text(&version["name"])));
        }
    }
    served
}
