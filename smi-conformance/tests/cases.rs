//! Tests that the kept cases hold for the reference, and that they show every rule that a query can show.
//!
//! A case is a text in `src/cases`: a small world, queries about it, and the answers that follow from the rules alone.
//! These tests compare the answers with those of the library.

use smi_adapter::Code;
use smi_adapter::query::Destination;
use smi_conformance::Case;
use smi_conformance::cases::{FILES, kept};
use smi_conformance::world::real::{exists, sendable};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const RULES: &str = include_str!("../../smi-types/src/rules.md");

/// The rules that no case shows, each with the reason.
const NOT_SHOWN: &[(&str, &str)] = &[
    (
        "A19",
        "An access query has already reached its pod, so no query shows that it is judged on the server's side.",
    ),
    (
        "A21",
        "It is about permissions to write objects, which the cluster's RBAC decides.",
    ),
    (
        "A32",
        "No query is about hosts outside of the cluster, since targets do not cover them.",
    ),
    (
        "A37",
        "Each query is about one request or connection, and a case is a single point in time.",
    ),
    (
        "T1",
        "A query is about one call of a client and does not show on which side the split is applied.",
    ),
    (
        "T4",
        "It is about the written objects and about clients outside of the mesh, which no query covers.",
    ),
    ("T11", "It is about admission. The reference reads admitted objects."),
    (
        "T24",
        "Controllers write events and conditions. The cases of other rules show the reports.",
    ),
    (
        "T26",
        "Only many requests of several clients can show that shares hold for each client.",
    ),
    ("T34", "It is not normative."),
    (
        "T35",
        "A deletion is a change, and a case is a single point in time. The law `clean_delete` tries it.",
    ),
    ("T36", "It is about time, and a case is a single point in time."),
    (
        "T37",
        "It is about several requests of one client, and each query is about one request.",
    ),
];

#[test]
fn every_case_holds() {
    let faults: Vec<String> = FILES
        .iter()
        .filter_map(|(file, text)| Case::verify(text).err().map(|why| format!("{file}: {why}")))
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n\n"));
    assert_eq!(kept().count(), FILES.len());
}

#[test]
fn every_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let there: BTreeSet<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(
        &there - &listed,
        BTreeSet::new(),
        "in the folder, but not in the list in `cases/kept.rs`"
    );
    assert_eq!(listed.len(), FILES.len(), "a file is listed twice");
    assert!(FILES.is_sorted());
}

#[test]
fn files_are_named_after_their_rule() {
    for ((file, text), case) in FILES.iter().zip(kept()) {
        let stem = file.strip_suffix(".yaml").unwrap();
        assert_eq!(case.name, stem);
        let (rule, slug) = stem.split_once('-').unwrap();
        assert_eq!(case.rules[0].to_ascii_lowercase(), rule, "{file}");
        assert!(
            slug.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{file}"
        );
        assert!(
            text.starts_with("# "),
            "{file} does not begin with a comment about what it shows"
        );
        assert_eq!((case.law, case.seed), (None, 0), "{file}");
    }
}

/// The same queries are sent to real meshes.
#[test]
fn every_query_can_be_sent() {
    for case in kept() {
        for query in &case.routing_queries {
            let Destination::Service { port, .. } = &query.to;
            assert!(*port > 0 && sendable(&query.traffic), "{}: {query:?}", case.name);
        }
        for query in &case.access_queries {
            assert!(
                query.port > 0 && sendable(&query.traffic) && query.from.as_ref().is_none_or(exists),
                "{}: {query:?}",
                case.name
            );
        }
    }
}

#[test]
fn every_rule_is_shown_or_has_a_reason() {
    let known: BTreeSet<&str> = RULES
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(' ').map(|(id, _)| id))
        .filter(|id| id.starts_with(['A', 'S', 'T', 'I']) && id[1..].parse::<u8>().is_ok())
        .collect();
    assert!(known.len() > 100, "{known:?}");
    let cases: Vec<Case> = kept().collect();
    let shown: BTreeSet<&str> = cases.iter().flat_map(|case| &case.rules).map(String::as_str).collect();
    let others: BTreeMap<&str, &str> = NOT_SHOWN.iter().copied().collect();
    assert_eq!(others.len(), NOT_SHOWN.len());

    let unknown: Vec<_> = shown
        .iter()
        .chain(others.keys())
        .filter(|id| !known.contains(*id))
        .collect();
    assert_eq!(unknown, [&""; 0], "these rules do not exist");
    let both: Vec<_> = others.keys().filter(|id| shown.contains(*id)).collect();
    assert_eq!(
        both, [&""; 0],
        "shown by a case, but listed among the rules that are not shown"
    );
    let neither: Vec<_> = known
        .iter()
        .filter(|id| !shown.contains(*id) && !others.contains_key(*id))
        .collect();
    assert_eq!(neither, [&""; 0], "neither shown by a case nor listed with a reason");
    assert!(others.values().all(|why| why.ends_with('.')));
}

/// A case that holds, from which tests make broken ones.
const GOOD: &str = "
apiVersion: conformance.smi-adapter.dev/v1
kind: Case
metadata: {name: t9-good}
spec:
  rules: [T9]
  settings: {pathAnchor: Full}
  routingQueries:
  - {namespace: shop, service: web, port: 80, traffic: {path: /}, expect: web-v1.shop:80}
  accessQueries:
  - {from: {namespace: shop, serviceAccount: api}, namespace: shop, workload: web, port: 8080,
     traffic: TCP, expect: denied}
  reports: [AllWeightsZero TrafficSplit shop/zero spec.backends]
  unreported: [PortMismatch TrafficSplit shop/web]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v1, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {smi-adapter.dev/enforce: \"true\"}}
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: web, namespace: shop}
spec: {service: web, backends: [{service: web-v1, weight: 1}, {service: web-v2, weight: 0}]}
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: zero, namespace: shop}
spec: {service: web-v1, backends: [{service: web, weight: 0}]}
";

/// Replaces `old` by `new` in [`GOOD`] and returns the error of its verification, or the empty text if it holds.
fn spoilt(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    Case::verify(&GOOD.replace(old, new)).err().unwrap_or_default()
}

#[test]
fn accepts_a_good_case() {
    let case = Case::verify(GOOD).unwrap();
    let written = case.to_yaml();
    // Answers are written, and ignored on reading.
    assert!(written.contains("web-v1.shop:80"), "{written}");
    assert_eq!(Case::verify(&written), Ok(case.clone()), "{written}");
    assert_eq!(Case::read(&GOOD.replace("expect: denied", "expect: allowed")), Ok(case));
}

#[test]
fn rejects_wrong_answers() {
    let why = spoilt("expect: web-v1.shop:80", "expect: web.shop:80");
    for part in [
        "t9-good",
        "query 1",
        "expected: web.shop:80",
        "got:      web-v1.shop:80",
        "because:",
        "T8",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let why = spoilt("expect: denied", "expect: allowed");
    for part in [
        "query 1, shop/api to Deployment shop/web:8080",
        "expected: allowed",
        "got:      denied",
        "A2",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn rejects_missing_answers() {
    let why = spoilt(", expect: web-v1.shop:80", "");
    assert!(why.contains("query 1") && why.contains("no `expect`"), "{why}");
    let why = spoilt(", expect: denied", "");
    assert!(why.contains("query 1") && why.contains("no `expect`"), "{why}");
    let why = spoilt("rules: [T9]", "rules: []");
    assert!(why.contains("`spec.rules` is empty"), "{why}");
}

#[test]
fn rejects_unknown_fields() {
    for (old, new, at) in [
        ("expect: denied", "expct: denied", "spec.accessQueries[0]"),
        (
            "expect: web-v1.shop:80",
            "expcet: web-v1.shop:80",
            "spec.routingQueries[0]",
        ),
        ("path: /", "pth: /", "spec.routingQueries[0].traffic"),
        ("serviceAccount: api", "account: api", "spec.accessQueries[0].from"),
        ("pathAnchor: Full", "anchor: Full", "spec.settings"),
        ("rules: [T9]", "rule: [T9]", "spec"),
        ("{name: t9-good}", "{name: t9-good, law: total}", "metadata"),
    ] {
        let why = spoilt(old, new);
        let name = new
            .split(&[':', '{', ' '])
            .rfind(|name| why.contains(&format!("unknown field `{name}`")));
        assert!(name.is_some() && why.starts_with(at), "{new}: {why}");
    }
    for (old, new) in [
        ("pathAnchor: Full", "pathAnchor: All"),
        ("traffic: TCP", "traffic: SCTP"),
    ] {
        let why = spoilt(old, new);
        assert!(why.contains(new.split_once(": ").unwrap().1), "{why}");
    }
    // Mistakes in the manifests are detected as well.
    let why = spoilt(
        "backends: [{service: web, weight: 0}]",
        "backends: [{service: web, wieght: 0}]",
    );
    assert!(why.contains("UnknownField"), "{why}");
    let why = spoilt("kind: Namespace", "kind: Nmespace");
    assert!(why.contains("not an object that has an effect"), "{why}");
}

#[test]
fn rejects_wrong_reports() {
    let why = spoilt(
        "[AllWeightsZero TrafficSplit shop/zero",
        "[AllWeightsZero TrafficSplit shop/web",
    );
    assert!(
        why.contains("`AllWeightsZero TrafficSplit shop/web spec.backends` is not reported, only:"),
        "{why}"
    );
    assert!(
        why.contains("\n  AllWeightsZero TrafficSplit shop/zero spec.backends"),
        "{why}"
    );
    let why = spoilt("[PortMismatch TrafficSplit shop/web]", "[AllWeightsZero TrafficSplit]");
    assert!(why.contains("`AllWeightsZero TrafficSplit` is reported"), "{why}");
}

#[test]
fn codes_cite_rules_with_an_anchor() {
    for code in Code::ALL {
        for rule in code.rules() {
            assert!(RULES.contains(&format!("<a id=\"{rule}\">")), "{code} cites {rule}");
        }
    }
}
