//! Reviews: the native objects that concern one thing.

use super::unit::Unit;
use crate::object::ObjectRef;
use std::collections::{BTreeMap, BTreeSet};

/// The native objects by what they concern.
#[derive(Debug, Default)]
pub(super) struct Concerns {
    of: BTreeMap<String, Concerned>,
    everything: Concerned,
}

/// Some native objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Concerned {
    pub(super) desired: BTreeSet<ObjectRef>,
    pub(super) foreign: BTreeSet<ObjectRef>,
}

impl Concerns {
    /// Adds or removes an object, and returns the reviews to be repeated.
    pub(super) fn set(
        &mut self,
        object: &ObjectRef,
        concerns: Option<BTreeSet<String>>,
        is_foreign: bool,
        is_there: bool,
    ) -> Vec<Unit> {
        let Some(concerns) = concerns else {
            self.everything.set(object, is_foreign, is_there);
            let all = self.of.keys().map(|of| Unit::Review(Some(of.clone())));
            return all.chain([Unit::Review(None)]).collect();
        };
        for concern in &concerns {
            let concerned = self.of.entry(concern.clone()).or_default();
            concerned.set(object, is_foreign, is_there);
            if concerned.desired.is_empty() && concerned.foreign.is_empty() {
                self.of.remove(concern);
            }
        }
        let some = concerns.into_iter();
        some.map(|concern| Unit::Review(Some(concern))).collect()
    }

    /// Returns the objects that concern one thing and those that can concern everything; `None` if they need no review.
    pub(super) fn of(&self, concern: Option<&String>) -> Option<Concerned> {
        let mut all = match concern {
            None => Concerned::default(),
            Some(concern) => self.of.get(concern)?.clone(),
        };
        all.desired.extend(self.everything.desired.iter().cloned());
        all.foreign.extend(self.everything.foreign.iter().cloned());
        let is_needed = all.desired.len() > 1 || !all.foreign.is_empty();
        (is_needed && !all.desired.is_empty()).then_some(all)
    }
}

impl Concerned {
    fn set(&mut self, object: &ObjectRef, is_foreign: bool, is_there: bool) {
        let objects = if is_foreign { &mut self.foreign } else { &mut self.desired };
        if is_there {
            objects.insert(object.clone());
        } else {
            objects.remove(object);
        }
    }
}
