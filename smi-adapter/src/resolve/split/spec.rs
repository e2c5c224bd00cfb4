//! What a split says by itself, before ports are looked at.

use super::Context;
use crate::diagnostic::Code;
use crate::model::route::{HttpMatch, Root};
use crate::object::{ObjectKey, ObjectRef};
use crate::resolve::Report;
use smi_types::split::{MatchRef, Spec};
use smi_types::weight::{Decimal, Weight};
use smi_types::{FieldPath, Version};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A split that is not inert.
pub(super) struct Prepared {
    /// The backends, each once (T30).
    pub(super) backends: Vec<Weighted>,
    /// The matches, at least one; `None` for a split without (T18).
    pub(super) matches: Option<Arc<[Arc<HttpMatch>]>>,
}

/// A backend with the sum of its weights.
pub(super) struct Weighted {
    pub(super) service: String,
    /// In units of 10⁻⁹; a sum of quantities cannot overflow.
    pub(super) nanos: u128,
    /// Where it stands first in the split.
    pub(super) index: usize,
}

pub(super) fn backend_field(index: usize, name: &'static str) -> FieldPath {
    FieldPath::root()
        .field("spec")
        .field("backends")
        .index(index)
        .field(name)
}

impl Prepared {
    /// Reads what the split says and reports what is wrong with it; `None` is an inert split.
    pub(super) fn new(
        spec: &Spec,
        version: Version,
        object: &ObjectRef,
        context: &Context<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let backends = backends(spec, version, object, report);
        let matches = matches(spec, object, context, report);
        let (Some(backends), Ok(matches)) = (backends, matches) else {
            return None;
        };
        let prepared = Self { backends, matches };
        for backend in &prepared.backends {
            let field = || backend_field(backend.index, "service");
            if context.is_root(&backend.service) {
                // T28
                let message = "the backend is the root service; its share goes to the root's own endpoints";
                report.add(Code::SelfReference, object, field(), message);
            } else if context.is_a_root(&backend.service) {
                // T27
                let message = format!(
                    "`{}` is the root of a split itself, which has no effect on this share",
                    backend.service
                );
                report.add(Code::NestedSplit, object, field(), message);
            }
        }
        Some(prepared)
    }
}

/// The backends with their weights (T6 to T10, T30, T31).
fn backends(spec: &Spec, version: Version, object: &ObjectRef, report: &mut Report) -> Option<Vec<Weighted>> {
    let mut say = |code, field: FieldPath, message: String| report.add(code, object, field, message);
    let list: FieldPath = "spec.backends".into();
    if spec.backends.is_empty() {
        say(Code::Invalid, list, "the split has no backends".into());
        return None;
    }
    let mut readable = true;
    let mut merged: Vec<Weighted> = Vec::new();
    for (index, backend) in spec.backends.iter().enumerate() {
        let field = || backend_field(index, "weight");
        let weight = match &backend.weight {
            Weight::Exact(weight) => *weight,
            Weight::Missing => {
                say(
                    Code::WeightMissing,
                    field(),
                    "there is no weight; it counts as 0".into(),
                );
                Decimal::ZERO
            }
            Weight::Invalid(value) => {
                let message = format!("`{value}` is no weight between 0 and 2^63 - 1; the split has no effect");
                say(Code::Invalid, field(), message);
                readable = false;
                Decimal::ZERO
            }
        };
        if version != Version::V1Alpha1 && !weight.is_whole() {
            let message = format!("`{weight}` is no whole number; it is taken exactly");
            say(Code::FractionalWeight, field(), message);
        }
        if let Some(first) = merged.iter_mut().find(|first| first.service == backend.service) {
            first.nanos += weight.nanos();
            let message = format!("`{}` is listed before; the weights are added", backend.service);
            say(Code::DuplicateBackend, backend_field(index, "service"), message);
        } else {
            merged.push(Weighted {
                service: backend.service.clone(),
                nanos: weight.nanos(),
                index,
            });
        }
    }
    if readable && merged.iter().all(|backend| backend.nanos == 0) {
        let message = "all weights are zero, so the root service serves as if there were no split";
        say(Code::AllWeightsZero, list, message.into());
        return None;
    }
    readable.then_some(merged)
}

/// All references of a split lead nowhere. It has been reported.
struct NoMatch;

/// The matches of all groups that the split refers to (T14 to T18); `None` for a split without.
fn matches(
    spec: &Spec,
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
        match group(reference, context) {
            Ok(matches) if seen.insert(&reference.name) => all.extend(matches.iter().cloned()),
            Ok(_) => {}
            Err((part, message)) => {
                let field = FieldPath::root()
                    .field("spec")
                    .field("matches")
                    .index(index)
                    .field(part);
                report.add(Code::UnresolvedRef, object, field, message);
            }
        }
    }
    if all.is_empty() {
        Err(NoMatch)
    } else {
        Ok(Some(all.into()))
    }
}

/// The matches that a reference adds, or the part of it at fault and why.
fn group<'a>(reference: &MatchRef, context: &Context<'a>) -> Result<&'a [Arc<HttpMatch>], (&'static str, String)> {
    let MatchRef { api_group, kind, name } = reference;
    if let Some(group) = api_group
        .as_deref()
        .filter(|group| !matches!(*group, "" | "specs.smi-spec.io"))
    {
        // T16, D18
        return Err(("apiGroup", format!("there is no route group in API group `{group}`")));
    }
    if kind != "HTTPRouteGroup" {
        return Err(("kind", format!("`{kind}` is no `HTTPRouteGroup`")));
    }
    match context.groups.get(&ObjectKey::new(context.namespace(), name)) {
        None => {
            let message = format!(
                "there is no usable group `{name}` in namespace `{}`",
                context.namespace()
            );
            Err(("name", message))
        }
        Some(matches) if matches.is_empty() => Err(("name", format!("group `{name}` has no usable match"))),
        Some(matches) => Ok(matches),
    }
}

impl Context<'_> {
    /// Whether a service of the namespace is the root of some split.
    fn is_a_root(&self, service: &str) -> bool {
        let root = Root::Service(ObjectKey::new(self.namespace(), service));
        self.roots.contains_key(&root)
    }
}
