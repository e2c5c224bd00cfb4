//! Verification of the expected answers of a case against the reference.

use super::head::Head;
use super::{Case, curl, knock};
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::DEFAULT_NAMESPACE;
use smi_adapter::resolve::resolve;
use smi_adapter::semantics::{Trace, authorize, route};
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml::Document;
use std::fmt::Display;

/// Codes that point to a mistake in the manifests of a case, unless the case names the report.
const SLIPS: [Code; 4] = [
    Code::Undecodable,
    Code::UnknownField,
    Code::UnknownKind,
    Code::UnknownVersion,
];

impl Case {
    /// Reads a case with expected answers, and compares them with the reference and with the reports of [`resolve`].
    ///
    /// # Errors
    /// If the text is not a case, or a case without rules, without queries or with a missing answer; and if an answer
    /// differs from that of the reference, with both answers and the trace of the reference.
    pub fn verify(text: &str) -> Result<Self, String> {
        let (head, documents) = Head::split(text)?;
        let spec = &head.spec;
        let (reports, unreported) = (spec.reports.clone(), spec.unreported.clone());
        let routes: Vec<Option<String>> = spec.routing_queries.iter().map(|query| query.expect.clone()).collect();
        let accesses: Vec<Option<String>> = spec.access_queries.iter().map(|query| query.expect.clone()).collect();
        let case = head.case(documents);

        let mut faults = case.gaps();
        let snapshot = case.snapshot();
        for (number, (query, expected)) in (1..).zip(case.routing_queries.iter().zip(routes)) {
            let (routing, trace) = route(&snapshot, &case.settings, query);
            let asked = format!("query {number}, {}", curl(query));
            faults.extend(differs(&asked, expected, &routing, &trace));
        }
        for (number, (query, expected)) in (1..).zip(case.access_queries.iter().zip(accesses)) {
            let (access, trace) = authorize(&snapshot, &case.settings, query);
            let asked = format!("query {number}, {}", knock(query));
            faults.extend(differs(&asked, expected, access, &trace));
        }
        faults.extend(case.misreported(&snapshot, &reports, &unreported));
        if faults.is_empty() {
            Ok(case)
        } else {
            Err(format!("case `{}`: {}", case.name, faults.join("\n")))
        }
    }

    /// Returns the parts that the case lacks, and the documents that have no effect.
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.rules.is_empty() {
            gaps.push("`spec.rules` is empty: name the rules that the case shows".to_owned());
        }
        if self.routing_queries.is_empty() && self.access_queries.is_empty() {
            gaps.push("`spec.routingQueries` and `spec.accessQueries` are both empty: add a query".to_owned());
        }
        let unused = self.documents.iter().filter(|document| !counts(document));
        gaps.extend(unused.map(|document| format!("not an object that has an effect: `{document}`")));
        gaps
    }

    fn misreported(&self, snapshot: &Snapshot, reports: &[String], unreported: &[String]) -> Vec<String> {
        let diagnostics = resolve(snapshot, &self.settings).diagnostics;
        let reported: Vec<String> = diagnostics.iter().map(text).collect();
        let lines = reported.iter().map(|line| format!("\n  {line}"));
        let all: String = lines.collect();
        let mut faults = Vec::new();
        for missing in reports.iter().filter(|report| !reported.contains(report)) {
            faults.push(format!("`{missing}` is not reported, only:{all}"));
        }
        for report in unreported {
            if reported.iter().any(|line| begins(line, report)) {
                faults.push(format!("`{report}` is reported:{all}"));
            }
        }
        let slips = diagnostics.iter().filter(|diagnostic| SLIPS.contains(&diagnostic.code));
        let unexpected = slips.filter(|slip| !reports.contains(&text(slip)));
        faults.extend(unexpected.map(|slip| format!("a report that the case does not expect: {slip}")));
        faults
    }
}

/// Returns a diagnostic as a case names it: its code, object and field.
fn text(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        code, object, field, ..
    } = diagnostic;
    if field.is_root() {
        format!("{code} {object}")
    } else {
        format!("{code} {object} {field}")
    }
}

/// Returns `true` if a diagnostic equals `report`, or begins with it where it is only a code, or a code and an object.
fn begins(line: &str, report: &str) -> bool {
    line.strip_prefix(report)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Returns `true` if a document identifies an object of a kind that an answer can depend on.
fn counts(document: &Value) -> bool {
    let document = Document::from_value(document.clone(), DEFAULT_NAMESPACE);
    matches!(document.add_to(&mut SnapshotBuilder::default()), Ok(Some(_)))
}

/// Describes the difference between the expected answer to a query and the actual one, if they differ.
fn differs(asked: &str, expected: Option<String>, got: impl Display, trace: &Trace) -> Option<String> {
    let got = got.to_string();
    match expected {
        None => Some(format!("{asked}: there is no `expect`; the reference answers `{got}`")),
        Some(expected) if expected != got => Some(format!(
            "{asked}\n  expected: {expected}\n  got:      {got}\n  because:\n{}",
            indented(trace)
        )),
        Some(_) => None,
    }
}

fn indented(trace: &Trace) -> String {
    let lines = trace.steps().iter().map(|step| format!("    {step}\n"));
    lines.collect()
}
