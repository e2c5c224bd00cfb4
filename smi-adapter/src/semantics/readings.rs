//! S5, S17: the answers under every reading of a request that meshes use.

use super::request::{self, Compiled, Lines, Seen};
use super::{Trace, path};
use crate::object::ObjectRef;
use crate::probe::Request;
use std::fmt::Display;

/// The answers to one request.
pub(super) struct Answers<A> {
    /// The answer to the request as received.
    pub(super) first: A,
    /// Those of the other readings that differ from it, and from one another.
    pub(super) others: Vec<A>,
    /// Which rule leaves room for the others.
    pub(super) rule: &'static str,
}

/// Asks under every reading of the request: every form of the path, with repeated header lines taken one by
/// one or joined.
///
/// The trace tells the request as received, then what the other readings change: they note on `object` that
/// it `becomes` another answer.
pub(super) fn all<A: PartialEq + Clone + Display>(
    request: &Request,
    (object, becomes): (&ObjectRef, &str),
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
            let outcome = format!("where repeated header lines are joined with `,`, it {becomes} {unchanged}");
            trace.note("S17", object.clone(), outcome);
        }
        for form in &forms {
            let rewritten = answer(&seen(form, lines), &mut Trace::default());
            path_matters |= rewritten != unchanged;
            if is_new(&rewritten) {
                let outcome = format!("where the path is rewritten to `{form}`{lines}, it {becomes} {rewritten}");
                trace.note("S5", object.clone(), outcome);
            }
        }
    }
    let rule = if path_matters { "S5" } else { "S17" };
    Answers { first, others, rule }
}
