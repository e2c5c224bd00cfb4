//! Readings: the answers under every reading of a request that meshes use (S5, S17).

use super::outcome::{Answer, Outcome};
use super::path;
use super::request::{self, Compiled, Lines, Seen};
use super::trace::Trace;
use crate::object::ObjectRef;
use crate::query::Request;

/// The answers to one request.
pub(super) struct Answers<A> {
    /// The answer to the request as received.
    pub(super) first: A,
    /// The distinct answers of the other readings that differ from it.
    pub(super) others: Vec<A>,
    /// The rule that permits the other readings.
    pub(super) rule: &'static str,
}

/// Collects the answers under every reading of the request: every form of the path, with repeated header lines read
/// separately or joined.
///
/// The trace explains the request as received, then, on `object`, the answers of the other readings that differ.
pub(super) fn all<A: PartialEq + Clone + Into<Answer>>(
    request: &Request,
    object: &ObjectRef,
    trace: &mut Trace,
    answer: impl Fn(&Seen<'_>, &mut Trace) -> A,
) -> Answers<A> {
    let (received, forms) = path::forms(&request.path);
    let compiled = &Compiled::default();
    let seen = |path, lines| Seen {
        request,
        path,
        lines,
        compiled,
    };
    let first = answer(&seen(received, Lines::Single), trace);

    let mut others = Vec::new();
    let mut is_new = |answer: &A| {
        let is_new = *answer != first && !others.contains(answer);
        if is_new {
            others.push(answer.clone());
        }
        is_new
    };
    let mut path_matters = false;
    for lines in request::line_readings(&request.headers) {
        let unchanged = answer(&seen(received, lines), &mut Trace::default());
        if is_new(&unchanged) {
            trace.record("S17", object.clone(), other_reading(None, lines, unchanged.clone()));
        }
        for form in &forms {
            let rewritten = answer(&seen(form, lines), &mut Trace::default());
            path_matters |= rewritten != unchanged;
            if is_new(&rewritten) {
                trace.record("S5", object.clone(), other_reading(Some(form), lines, rewritten));
            }
        }
    }
    let rule = if path_matters { "S5" } else { "S17" };
    Answers { first, others, rule }
}

fn other_reading(path: Option<&String>, lines: Lines, answer: impl Into<Answer>) -> Outcome {
    Outcome::OtherReading {
        path: path.cloned(),
        joined: matches!(lines, Lines::Joined),
        answer: answer.into(),
    }
}
