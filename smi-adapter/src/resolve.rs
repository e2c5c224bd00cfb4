//! Resolution: the policies that the objects of a snapshot express, and the diagnostics about these objects.

mod access;
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
use crate::object::{Kind, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use index::Index;
use smi_types::FieldPath;
use specs::Groups;
use std::collections::BTreeSet;
use view::View;

pub(crate) use root::ParsedRoot;
pub(crate) use specs::referable;

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
    mut already_enforced: BTreeSet<String>,
) -> Resolution {
    already_enforced.extend(snapshot.enforced().map(str::to_owned));
    let mut report = Report::default();
    let index = Index::of(snapshot, settings);
    let groups = specs::groups(View::new(snapshot, settings, &index, &Groups::new()), &mut report);
    let view = View::new(snapshot, settings, &index, &groups);
    input(view, &mut report);
    violations::of_objects(view, &mut report);
    let mut model = Model::default();
    for root in index.roots() {
        if let Some(route) = split::route(view, root, &mut report) {
            model.insert(route);
        }
    }
    let mut used = access::policies(view, &already_enforced, &mut model, &mut report);
    used.extend(specs::used_by_splits(&model));
    specs::report_anchors(view, &used, &mut report);
    specs::unreferenced(view, &used, &mut report);
    Resolution {
        model,
        diagnostics: report.finish(snapshot),
    }
}

/// The diagnostics collected so far.
#[derive(Debug, Default)]
struct Report(Vec<Diagnostic>);

impl Report {
    fn add(&mut self, code: Code, object: &ObjectRef, field: FieldPath, message: impl Into<String>) {
        self.0.push(Diagnostic::new(code, object.clone(), field, message));
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(diagnostics);
    }

    fn finish(mut self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        snapshot.locate(&mut self.0);
        self.0.sort();
        self.0.dedup();
        followers::remove(&mut self.0);
        self.0
    }
}

/// Reports objects that cannot be decoded or are duplicated (I1).
fn input(view: View<'_>, report: &mut Report) {
    let scoped = view.snapshot.scoped(view.settings);
    for diagnostic in scoped.undecodable() {
        report.push(diagnostic.clone());
    }
    for object in scoped.duplicates() {
        let is_policy = Kind::SMI.contains(&object.kind);
        let effect = if is_policy {
            "none of the definitions has an effect"
        } else {
            "it counts as absent"
        };
        let message = format!("`{}` is defined more than once; {effect}", object.key);
        report.add(Code::DuplicateObject, object, FieldPath::root(), message);
    }
}

#[cfg(test)]
mod tests;
