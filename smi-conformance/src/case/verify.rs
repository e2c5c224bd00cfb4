//! Whether what a case expects is what the reference answers.

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

/// What no case says unless it is about just that: there is a slip of the pen in its manifests.
const SLIPS: [Code; 4] = [
    Code::Undecodable,
    Code::UnknownField,
    Code::UnknownKind,
    Code::UnknownVersion,
];

impl Case {
    /// Reads a case that somebody wrote, and holds the reference against each answer that it gives, and what
    /// [`resolve`] reports against the reports that it names.
    ///
    /// # Errors
    /// If the text is no case, shows no rule, asks nothing or leaves an answer out; and where an answer is not the
    /// reference's: with what was expected, what came, and why the reference decides so.
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

    /// What the case lacks, or has too much of.
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.rules.is_empty() {
            gaps.push("it shows no rule: `spec.rules` is empty".to_owned());
        }
        if self.routing_queries.is_empty() && self.access_queries.is_empty() {
            gaps.push("it asks nothing: there are no `spec.routing_queries` and no `spec.access_queries`".to_owned());
        }
        let unused = self.documents.iter().filter(|document| !counts(document));
        gaps.extend(unused.map(|document| format!("no object that counts: {document}")));
        gaps
    }

    fn misreported(&self, snapshot: &Snapshot, reports: &[String], unreported: &[String]) -> Vec<String> {
        let diagnostics = resolve(snapshot, &self.settings).diagnostics;
        let said: Vec<String> = diagnostics.iter().map(text).collect();
        let lines = said.iter().map(|said| format!("\n  {said}"));
        let all: String = lines.collect();
        let mut faults = Vec::new();
        for missing in reports.iter().filter(|report| !said.contains(report)) {
            faults.push(format!("`{missing}` is not reported, only:{all}"));
        }
        for report in unreported {
            let is_said = said.iter().any(|said| begins(said, report));
            if is_said {
                faults.push(format!("`{report}` is reported:{all}"));
            }
        }
        let slips = diagnostics.iter().filter(|diagnostic| SLIPS.contains(&diagnostic.code));
        let slips = slips.filter(|slip| !reports.contains(&text(slip)));
        faults.extend(slips.map(|slip| format!("the case does not name this report: {slip}")));
        faults
    }
}

/// A diagnostic as a case names it: its code, object and field.
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

/// Whether a diagnostic is, or is one of those that are meant by a code, or a code and an object.
fn begins(said: &str, report: &str) -> bool {
    said.strip_prefix(report)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a document is of a kind that something can depend on, and says which object it is.
fn counts(document: &Value) -> bool {
    let document = Document::from_value(document.clone(), DEFAULT_NAMESPACE);
    matches!(document.add_to(&mut SnapshotBuilder::default()), Ok(Some(_)))
}

/// What is wrong with the answer to one question.
fn differs(asked: &str, expected: Option<String>, got: impl Display, trace: &Trace) -> Option<String> {
    let got = got.to_string();
    match expected {
        None => Some(format!("{asked}: there is no `expect`; the reference says `{got}`")),
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
