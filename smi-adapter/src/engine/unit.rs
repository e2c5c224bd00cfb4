//! Units of work, and the facts that each has read.

use crate::adapter::Concern;
use crate::model::PolicyKey;
use crate::model::route::Root;
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::resolve::Fact;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A unit of work: a step of the derivation for one subject. No unit depends on one that is sorted after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// The rules that one object breaks by itself.
    Object(ObjectRef),
    /// The usable matches of a route group.
    Group(ObjectKey),
    /// The route of a root.
    Root(Root),
    /// The meaning of a traffic target.
    Target(ObjectKey),
    /// The enforcement of a namespace.
    Enforced(SmolStr),
    /// The workloads of an enforced namespace.
    Workloads(SmolStr),
    /// The policies of workloads whose selectors select each other's pods, by the first of them.
    Overlap(ObjectRef),
    /// The report on a namespace that is left as it is.
    Untouched(SmolStr),
    /// The report on a target that has no effect.
    Effect(ObjectKey),
    /// The report on backends that callers of a root may not reach.
    Backends(Root),
    /// The report on an object that has an effect only if others refer to it.
    Use(ObjectRef),
    /// The translation of a policy.
    Policy(PolicyKey),
    /// The manifests of a policy that are written.
    Manifests(PolicyKey),
    /// The action on a native object.
    Native(ObjectRef),
    /// The review of the objects that concern one thing; `None` for those that can concern everything.
    Review(Option<Concern>),
    /// The diagnostics on an object.
    Report(ObjectRef),
}

/// The units that have read each fact.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers {
    /// Facts and units, by number.
    by_fact: BTreeSet<(u64, u32)>,
    /// The number and the facts of each unit that has read some.
    known: BTreeMap<Arc<Unit>, (u32, Vec<u64>)>,
    /// Each unit by its number, and unused numbers.
    units: Vec<Option<Arc<Unit>>>,
    unused: Vec<u32>,
}

impl Readers {
    /// Records the facts that a unit has read, in place of those before.
    pub(super) fn set(&mut self, unit: &Unit, facts: Vec<u64>) {
        let former = self.known.get(unit);
        if former.map_or(facts.is_empty(), |(_, former)| *former == facts) {
            return;
        }
        let (known, number) = if let Some((known, (number, former))) = self.known.remove_entry(unit) {
            for fact in former {
                self.by_fact.remove(&(fact, number));
            }
            (known, number)
        } else {
            let known = Arc::new(unit.clone());
            let number = self.number(&known);
            (known, number)
        };
        if facts.is_empty() {
            if let Some(place) = self.units.get_mut(number as usize) {
                *place = None;
            }
            self.unused.push(number);
            return;
        }
        self.by_fact.extend(facts.iter().map(|fact| (*fact, number)));
        self.known.insert(known, (number, facts));
    }

    fn number(&mut self, unit: &Arc<Unit>) -> u32 {
        let unused = self.unused.pop();
        let number = unused.unwrap_or_else(|| u32::try_from(self.units.len()).unwrap_or(u32::MAX));
        match self.units.get_mut(number as usize) {
            Some(place) => *place = Some(Arc::clone(unit)),
            None => self.units.push(Some(Arc::clone(unit))),
        }
        number
    }

    /// Returns the units that have read a fact.
    pub(super) fn of(&self, fact: Fact<'_>) -> impl Iterator<Item = &Unit> {
        let fact = fact.id();
        let readers = self.by_fact.range((fact, 0)..=(fact, u32::MAX));
        readers.filter_map(|(_, number)| self.units.get(*number as usize)?.as_deref())
    }
}
