//! `CONFORMANCE.md` compares the reports of our adapters. It is generated from the committed reports, which the tests
//! of the adapters keep up to date. `UPDATE_GOLDEN=1` rewrites it.

use smi_conformance::Judgement;
use std::fs;
use std::path::Path;

const REPORTS: [&str; 4] = [
    "istio/conformance/native",
    "istio/conformance/filters",
    "linkerd/conformance/http-route",
    "linkerd/conformance/service-profile",
];

const ABOUT: &str = "# Conformance

The results of the [conformance kit](smi-conformance/src/guide.md) for the adapters of this repository, in each of \
their modes. `cargo test` measures every cell. This page is generated from the reports in `adapters/*/conformance`, \
which also contain the coverage of every law. The laws about a mesh were judged by models of the meshes. For Istio, the \
mesh itself has judged as well: see the end of this page.

\"passed\" means that the law held in every kept case and in every generated world, and that every class of situations \
that it covers occurred often enough; otherwise it would be \"unverified\". For a feature with \"partial\" support, a \
diagnostic reports each case that the mesh cannot express. A law excuses such a case only if the diagnostic explains \
exactly what happens instead.

";

#[test]
fn conformance_page_matches_the_reports() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let reports = REPORTS.map(|name| {
        let text = fs::read_to_string(root.join("adapters").join(name).with_extension("yaml")).unwrap();
        Judgement::read(&text).unwrap()
    });
    assert!(reports.iter().all(Judgement::passed));
    let judged = fs::read_to_string(root.join("adapters/istio/conformance/witness.md")).unwrap();
    let text = format!("{ABOUT}{}\n\n{judged}", Judgement::matrix(&reports).trim_end());
    let path = root.join("CONFORMANCE.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
