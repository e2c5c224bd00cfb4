//! Parts of a model that are wrong.

use smi_adapter::model::ModelError;
use smi_adapter::model::route::{HeaderMatch, HttpMatch};

/// One filter of several is enough.
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

/// A match with the same path, with its methods if so, and with these headers.
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

/// A part of a model edited, or the same where the edit would break what adapters rely on.
pub(super) fn or_same<T: Clone>(part: T, edit: impl FnOnce(T) -> Result<T, ModelError>) -> T {
    edit(part.clone()).unwrap_or(part)
}

/// A match that takes every request, in the same place.
pub(super) fn everything(matching: &HttpMatch) -> HttpMatch {
    HttpMatch::new(matching.group().key.clone(), matching.field().clone()).with_name(matching.name())
}
