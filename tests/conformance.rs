//! The reports of our adapters side by side: `CONFORMANCE.md` follows from the reports that are committed, which the
//! adapters' own tests hold against what is so. `UPDATE_GOLDEN=1` writes it anew.

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

What the [conformance kit](smi-conformance/src/guide.md) says of the adapters of this repository, in each of \
their modes. Every cell is measured by `cargo test`, and this page follows from the reports in `adapters/*/conformance`, \
which also have the coverage of every law.

\"passed\" means that a law held in every kept case and every generated world, and that all that it is about happened \
often enough; what happened too rarely would be \"unverified\". Where the text of a feature says \"partial\", each case \
that the mesh cannot express is reported by a diagnostic, and laws count it as excused only if it explains exactly what \
happens instead.

";

#[test]
fn the_matrix_follows_from_the_reports() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let reports = REPORTS.map(|name| {
        let text = fs::read_to_string(root.join("adapters").join(name).with_extension("yaml")).unwrap();
        Judgement::read(&text).unwrap()
    });
    assert!(reports.iter().all(Judgement::passed));
    let text = format!("{ABOUT}{}", Judgement::matrix(&reports).trim_end()) + "\n";
    let path = root.join("CONFORMANCE.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
