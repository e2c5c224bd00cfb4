//! The diagnostics of all units, and their changes.

use super::unit::Unit;
use crate::diagnostic::Diagnostic;
use crate::object::ObjectRef;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The diagnostics that appeared and went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new diagnostics, sorted.
    pub appeared: Vec<Diagnostic>,
    /// The diagnostics that no longer hold, sorted. One of which only an origin or a word changed has gone, and its
    /// successor has appeared.
    pub gone: Vec<Diagnostic>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    by_unit: BTreeMap<Unit, Vec<Arc<Diagnostic>>>,
    by_object: BTreeMap<ObjectRef, Vec<Arc<Diagnostic>>>,
    finished: BTreeMap<ObjectRef, Vec<Diagnostic>>,
    /// The lists that have changed since the last call of [`changes`](Self::changes), as they were then.
    former: BTreeMap<ObjectRef, Vec<Diagnostic>>,
}

impl Reports {
    /// Replaces the diagnostics of a unit. Returns the objects of the former and the new ones if they differ.
    pub(super) fn set(&mut self, unit: &Unit, diagnostics: Vec<Diagnostic>) -> BTreeSet<ObjectRef> {
        let former = self.by_unit.get(unit).map_or(&[][..], Vec::as_slice);
        let mut objects = BTreeSet::new();
        if former.iter().map(|diagnostic| &**diagnostic).eq(&diagnostics) {
            return objects;
        }
        for gone in self.by_unit.remove(unit).unwrap_or_default() {
            if let Some(all) = self.by_object.get_mut(&gone.object) {
                all.retain(|diagnostic| !Arc::ptr_eq(diagnostic, &gone));
                if all.is_empty() {
                    self.by_object.remove(&gone.object);
                }
            }
            objects.insert(gone.object.clone());
        }
        let new: Vec<Arc<Diagnostic>> = diagnostics.into_iter().map(Arc::new).collect();
        for diagnostic in &new {
            let all = self.by_object.entry(diagnostic.object.clone()).or_default();
            all.push(Arc::clone(diagnostic));
            objects.insert(diagnostic.object.clone());
        }
        if !new.is_empty() {
            self.by_unit.insert(unit.clone(), new);
        }
        objects
    }

    /// Returns what the units report on an object, in any order.
    pub(super) fn collect(&self, object: &ObjectRef) -> Vec<Diagnostic> {
        let all = self.by_object.get(object).into_iter().flatten();
        all.map(|diagnostic| (**diagnostic).clone()).collect()
    }

    /// Replaces the finished diagnostics on an object.
    pub(super) fn finish(&mut self, object: &ObjectRef, diagnostics: Vec<Diagnostic>) {
        if self.finished(object) == diagnostics {
            return;
        }
        let former = if diagnostics.is_empty() {
            self.finished.remove(object)
        } else {
            self.finished.insert(object.clone(), diagnostics)
        };
        self.former.entry(object.clone()).or_insert(former.unwrap_or_default());
    }

    /// Returns the diagnostics on an object, sorted.
    pub(super) fn finished(&self, object: &ObjectRef) -> &[Diagnostic] {
        self.finished.get(object).map_or(&[], Vec::as_slice)
    }

    /// Returns the changes since the last call.
    pub(super) fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for (object, former) in std::mem::take(&mut self.former) {
            let now = self.finished(&object);
            let new = now.iter().filter(|diagnostic| !former.contains(diagnostic));
            changes.appeared.extend(new.cloned());
            let gone = former.iter().filter(|diagnostic| !now.contains(diagnostic));
            changes.gone.extend(gone.cloned());
        }
        changes
    }
}
