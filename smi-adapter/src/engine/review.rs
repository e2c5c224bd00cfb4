//! Reviews: the native objects that concern one thing.

use super::unit::Unit;
use crate::adapter::Concern;
use crate::object::ObjectRef;
use std::collections::{BTreeMap, BTreeSet};

/// The native objects by what they concern.
#[derive(Clone, Debug, Default)]
pub(super) struct Concerns {
    of: BTreeMap<Concern, Concerned>,
    everything: Concerned,
}

/// Some native objects. They are boxed because most sets have one, and a set has room for eleven.
#[derive(Clone, Debug, Default)]
struct Concerned {
    desired: BTreeSet<Box<ObjectRef>>,
    foreign: BTreeSet<Box<ObjectRef>>,
}

/// The desired and the foreign objects of one review, sorted.
pub(super) type Reviewed<'a> = (BTreeSet<&'a ObjectRef>, BTreeSet<&'a ObjectRef>);

impl Concerns {
    /// Adds or removes an object, and returns the reviews to be repeated.
    pub(super) fn set(
        &mut self,
        object: &ObjectRef,
        concerns: Option<BTreeSet<Concern>>,
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
    pub(super) fn of(&self, concern: Option<&Concern>) -> Option<Reviewed<'_>> {
        let own = match concern {
            None => None,
            Some(concern) => Some(self.of.get(concern)?),
        };
        let both = || own.into_iter().chain([&self.everything]);
        let count = |objects: fn(&Concerned) -> usize| both().map(objects).sum::<usize>();
        let (desired, foreign) = (count(|it| it.desired.len()), count(|it| it.foreign.len()));
        let only_foreign = matches!(concern, Some(Concern::Own(_))) && self.everything.desired.is_empty();
        let is_needed = foreign > 0 || (desired > 1 && !only_foreign);
        (is_needed && desired > 0).then(|| {
            let desired = both().flat_map(|concerned| &concerned.desired);
            let foreign = both().flat_map(|concerned| &concerned.foreign);
            (desired.map(Box::as_ref).collect(), foreign.map(Box::as_ref).collect())
        })
    }
}

impl Concerned {
    fn set(&mut self, object: &ObjectRef, is_foreign: bool, is_there: bool) {
        let objects = if is_foreign {
            &mut self.foreign
        } else {
            &mut self.desired
        };
        if is_there {
            objects.insert(Box::new(object.clone()));
        } else {
            objects.remove(object);
        }
    }
}
