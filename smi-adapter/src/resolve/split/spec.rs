//! The parts of a split that do not depend on ports: backends, weights and matches.

use super::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::{HttpMatch, Root};
use crate::object::{ObjectKey, ObjectRef, SmolStr, is_dns_subdomain};
use crate::resolve::unknown::Unknown;
use crate::resolve::{Report, missing};
use smi_types::FieldPath;
use smi_types::split::{MatchRef, Spec};
use smi_types::weight::Weight;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A split that is not inert.
pub(super) struct Prepared {
    /// The backends, without duplicates (T30).
    pub(super) backends: Vec<Weighted>,
    /// The matches, at least one; `None` for a split without matches (T18).
    pub(super) matches: Option<Arc<[Arc<HttpMatch>]>>,
}

/// A backend with the sum of its weights.
pub(super) struct Weighted {
    pub(super) service: SmolStr,
    /// The weight in units of 10⁻⁹. The sum of quantities cannot overflow.
    pub(super) nanos: u128,
    /// The position of its first entry in the split.
    pub(super) index: usize,
    /// `true` if it counts as absent because of an unknown field (I8).
    pub(super) is_absent: bool,
}

impl Weighted {
    /// Creates a diagnostic that is limited to this backend of a split.
    pub(super) fn diagnostic(&self, code: Code, split: &ObjectRef, message: impl Into<String>) -> Diagnostic {
        let field = FieldPath::from("spec.backends").index(self.index).field("service");
        Diagnostic::new(code, split.clone(), field, message).on_backend(self.service.as_str())
    }
}

impl Prepared {
    /// Reads a split and reports unresolved references; returns `None` for an inert split.
    pub(super) fn new(spec: &Spec, object: &ObjectRef, context: &Context<'_>, report: &mut Report) -> Option<Self> {
        let unknown = context.view.unknown(object);
        let matches = matches(spec, unknown, object, context, report);
        let (Some(backends), Ok(matches)) = (backends(spec, unknown), matches) else {
            return None;
        };
        if unknown.is_outside(&["backends", "matches"]) {
            return None;
        }
        let prepared = Self { backends, matches };
        for backend in &prepared.backends {
            let (code, message) = if backend.is_absent {
                continue;
            } else if context.is_root(&backend.service) {
                // T28
                let message = "the backend is the root service; its share goes to the root's own endpoints";
                (Code::SelfReference, message.to_owned())
            } else if context.is_a_root(&backend.service) {
                // T27
                let message = format!(
                    "`{}` is itself the root of a split; that split has no effect on this share",
                    backend.service
                );
                (Code::NestedSplit, message)
            } else {
                continue;
            };
            report.push(backend.diagnostic(code, object, message));
        }
        Some(prepared)
    }
}

/// Returns the backends with their weights (T6 to T10, T30, T31); `None` if they make the split inert.
fn backends(spec: &Spec, unknown: Unknown<'_>) -> Option<Vec<Weighted>> {
    let mut merged: Vec<Weighted> = Vec::with_capacity(spec.backends.len());
    for (index, backend) in spec.backends.iter().enumerate() {
        // I8
        let is_absent = unknown.is_in("backends", index);
        let nanos = match &backend.weight {
            Weight::Exact(weight) => weight.nanos(),
            Weight::Missing => 0,
            Weight::Invalid(_) => return None,
        };
        let same = |first: &&mut Weighted| first.service == backend.service && first.is_absent == is_absent;
        match merged.iter_mut().find(same) {
            Some(first) => first.nanos += nanos,
            None => merged.push(Weighted {
                service: SmolStr::new(&backend.service),
                nanos,
                index,
                is_absent,
            }),
        }
    }
    merged.iter().any(|backend| backend.nanos > 0).then_some(merged)
}

/// An error that occurs when no reference of a split yields a match. It has already been reported.
struct NoMatch;

/// Returns the matches of all groups that the split refers to (T14 to T18); `None` for a split without references.
fn matches(
    spec: &Spec,
    unknown: Unknown<'_>,
    object: &ObjectRef,
    context: &Context<'_>,
    report: &mut Report,
) -> Result<Option<Arc<[Arc<HttpMatch>]>>, NoMatch> {
    if spec.matches.is_empty() {
        return Ok(None);
    }
    let mut seen = BTreeSet::new();
    let mut all: Vec<Arc<HttpMatch>> = Vec::new();
    for (index, reference) in spec.matches.iter().enumerate() {
        // A violation (T16, T17, I8).
        let Some(key) = referred(reference, context).filter(|_| !unknown.is_in("matches", index)) else {
            continue;
        };
        match usable(&key, context) {
            Ok(matches) if seen.insert(&reference.name) => all.extend(matches.iter().cloned()),
            Ok(_) => {}
            Err(message) => {
                let field = FieldPath::from("spec.matches").index(index).field("name");
                let diagnostic = Diagnostic::new(Code::UnresolvedRef, object.clone(), field, message);
                report.push(diagnostic.caused_by(ObjectRef::group(key)));
            }
        }
    }
    if all.is_empty() {
        Err(NoMatch)
    } else {
        Ok(Some(all.into()))
    }
}

/// Returns the group that a reference names; `None` if the reference is not valid.
fn referred(reference: &MatchRef, context: &Context<'_>) -> Option<ObjectKey> {
    let MatchRef { api_group, kind, name } = reference;
    let is_known = matches!(api_group.as_deref(), None | Some("" | "specs.smi-spec.io"));
    let is_group = is_known && kind == "HTTPRouteGroup" && is_dns_subdomain(name);
    is_group.then(|| ObjectKey::new(context.namespace(), name))
}

/// Returns the usable matches of a group, at least one.
///
/// # Errors
///
/// Returns the message to report if there are none.
fn usable<'a>(key: &ObjectKey, context: &Context<'a>) -> Result<&'a [Arc<HttpMatch>], String> {
    match context.view.matches(key) {
        None => Err(missing::unusable(context.view, &ObjectRef::group(key.clone()))),
        Some([]) => Err(format!("route group `{}` has no usable match", key.name)),
        Some(matches) => Ok(matches),
    }
}

impl Context<'_> {
    /// Returns `true` if a service of the namespace is the root of some split.
    fn is_a_root(&self, service: &str) -> bool {
        let root = Root::Service(ObjectKey::new(self.namespace(), service));
        self.view.is_root(&root)
    }
}
