//! Resolution: the policies that the objects of a snapshot express, and the diagnostics about these objects.

pub(crate) mod access;
mod fact;
mod index;
mod missing;
mod root;
mod specs;
mod split;
mod unknown;
mod view;
mod violations;

use crate::diagnostic::{Code, Diagnostic, followers};
use crate::model::Model;
use crate::object::{Kind, ObjectRef, SmolStr};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use std::collections::BTreeSet;

pub(crate) use fact::{Fact, Reads};
pub(crate) use index::{Index, claims, root_of};
pub(crate) use root::ParsedRoot;
pub(crate) use specs::{Groups, is_referable, matches, referable, report_use, used_by};
pub(crate) use split::route;
pub(crate) use view::View;
pub(crate) use violations::of_object;

/// The policies of a snapshot, and the diagnostics for the authors of its objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolution {
    /// The policies.
    pub model: Model,
    /// The diagnostics, sorted and without duplicates.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves the objects of `snapshot` to policies.
///
/// It never fails: an invalid part has no effect and is reported, and the rest is unaffected.
///
/// ```
/// use smi_adapter::{resolve::resolve, settings::Settings, snapshot::Snapshot};
///
/// let resolution = resolve(&Snapshot::default(), &Settings::default());
/// assert_eq!(resolution.model.policies().count(), 0);
/// ```
#[must_use]
pub fn resolve(snapshot: &Snapshot, settings: &Settings) -> Resolution {
    resolve_observed(snapshot, settings, BTreeSet::new())
}

/// Resolves like [`resolve`], where objects managed by us enforce the namespaces in `already_enforced` (A2).
pub(crate) fn resolve_observed(
    snapshot: &Snapshot,
    settings: &Settings,
    mut already_enforced: BTreeSet<SmolStr>,
) -> Resolution {
    already_enforced.extend(snapshot.enforced().map(SmolStr::new));
    let mut report = Report::default();
    let index = Index::of(snapshot, settings);
    let groups = specs::groups(View::new(snapshot, settings, &index, &Groups::new()), &mut report);
    let view = View::new(snapshot, settings, &index, &groups);
    input(view, &mut report);
    violations::of_objects(view, &mut report);
    let mut model = Model::default();
    for root in view.roots() {
        if let Some(route) = split::route(view, root, &mut report) {
            model.insert(route);
        }
    }
    let mut used = access::policies(view, &already_enforced, &mut model, &mut report);
    for route in model.routes() {
        used.extend(used_by(route).into_iter().cloned());
    }
    for object in referable(snapshot, settings) {
        report_use(view, &object, used.contains(&object), &mut report);
    }
    Resolution {
        model,
        diagnostics: report.finish(snapshot),
    }
}

/// The diagnostics collected so far.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Diagnostic>);

impl Report {
    fn add(&mut self, code: Code, object: &ObjectRef, field: FieldPath, message: impl Into<String>) {
        self.0.push(Diagnostic::new(code, object.clone(), field, message));
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(diagnostics);
    }

    /// Returns the diagnostics in the order in which they were reported.
    pub(crate) fn into_inner(self) -> Vec<Diagnostic> {
        self.0
    }

    fn finish(mut self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        finish(&mut self.0, snapshot);
        self.0
    }
}

/// Adds origins to diagnostics, sorts them, and removes duplicates and those that only follow from others.
pub(crate) fn finish(diagnostics: &mut Vec<Diagnostic>, snapshot: &Snapshot) {
    snapshot.locate(&mut *diagnostics);
    diagnostics.sort();
    diagnostics.dedup();
    followers::remove(diagnostics);
}

/// Reports objects that cannot be decoded or are duplicated (I1).
fn input(view: View<'_>, report: &mut Report) {
    report.extend(view.all().undecodable().cloned());
    report.extend(view.all().duplicates().map(duplicate));
}

/// Returns the diagnostic on an object that one input contains more than once (I1).
pub(crate) fn duplicate(object: &ObjectRef) -> Diagnostic {
    let effect = if Kind::SMI.contains(&object.kind) {
        "none of the definitions has an effect"
    } else {
        "it counts as absent"
    };
    let message = format!("`{}` is defined more than once; {effect}", object.key);
    Diagnostic::new(Code::DuplicateObject, object.clone(), FieldPath::root(), message)
}

#[cfg(test)]
mod tests;
