//! Edits of parts of a model, for mutants.

use smi_adapter::model::ModelError;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};

/// Returns one match per header filter, so that one filter of several is enough.
pub(super) fn one_header(matching: &HttpMatch) -> Vec<HttpMatch> {
    if matching.headers().is_empty() {
        return vec![matching.clone()];
    }
    let headers = matching.headers().iter();
    headers.map(|header| rebuilt(matching, true, [header])).collect()
}

pub(super) fn without_headers(matching: &HttpMatch) -> Vec<HttpMatch> {
    vec![rebuilt(matching, true, [])]
}

pub(super) fn without_methods(matching: &HttpMatch) -> Vec<HttpMatch> {
    vec![rebuilt(matching, false, matching.headers())]
}

/// Returns a match with the same path, with its methods if `methods` is `true`, and with the given headers.
fn rebuilt<'h>(matching: &HttpMatch, methods: bool, headers: impl IntoIterator<Item = &'h HeaderMatch>) -> HttpMatch {
    let bare = everything(matching);
    let mut rebuilt = match matching.path() {
        Some(path) => bare.with_path(path.clone()),
        None => bare,
    };
    for method in matching.methods().into_iter().flatten().filter(|_| methods) {
        rebuilt = or_same(rebuilt, |it| it.with_method(method));
    }
    for header in headers {
        rebuilt = or_same(rebuilt, |it| it.with_header(header.name(), header.value().clone()));
    }
    rebuilt
}

/// Returns an edited part of a model, or the original one if the edit would break an invariant of the model.
pub(super) fn or_same<T: Clone>(part: T, edit: impl FnOnce(T) -> Result<T, ModelError>) -> T {
    edit(part.clone()).unwrap_or(part)
}

/// Returns a match that takes every request, for the same field of the same group.
pub(super) fn everything(matching: &HttpMatch) -> HttpMatch {
    HttpMatch::new(matching.group().key.clone(), matching.field().clone()).with_name(matching.name())
}
