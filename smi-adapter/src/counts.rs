//! Counted sets.

use std::collections::{BTreeMap, BTreeSet};

/// A set of items that several others give a reason for, with the number of reasons.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counts<T>(BTreeMap<T, usize>);

impl<T: Clone + Ord> Counts<T> {
    /// Adds a reason for an item. Returns `true` if the item was not in the set.
    pub(crate) fn add(&mut self, item: &T) -> bool {
        let count = self.0.entry(item.clone()).or_default();
        *count += 1;
        *count == 1
    }

    /// Removes a reason for an item. Returns `true` if the item is no longer in the set.
    pub(crate) fn remove(&mut self, item: &T) -> bool {
        let Some(count) = self.0.get_mut(item) else {
            return false;
        };
        *count -= 1;
        let is_last = *count == 0;
        if is_last {
            self.0.remove(item);
        }
        is_last
    }

    /// Replaces the items that one other gives a reason for. Returns the items that are now in the set and were not, or
    /// were and are not.
    pub(crate) fn replace(&mut self, before: &BTreeSet<T>, after: &BTreeSet<T>) -> Vec<T> {
        let mut changed: Vec<T> = after
            .difference(before)
            .filter(|item| self.add(item))
            .cloned()
            .collect();
        changed.extend(before.difference(after).filter(|item| self.remove(item)).cloned());
        changed
    }

    pub(crate) fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: std::borrow::Borrow<Q>,
    {
        self.0.contains_key(item)
    }

    /// Returns the items, sorted.
    pub(crate) fn items(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }
}

impl<T> Default for Counts<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_while_there_is_a_reason() {
        let mut counts = Counts::default();
        assert!(counts.add(&"a") && !counts.add(&"a"));
        assert!(!counts.remove(&"a") && counts.contains("a"));
        assert!(counts.remove(&"a") && !counts.contains("a"));
        assert!(!counts.remove(&"a"));
    }

    #[test]
    fn replaced_items_are_told_if_they_come_or_go() {
        let mut counts = Counts::default();
        assert!(counts.add(&1));
        assert_eq!(counts.replace(&[].into(), &[1, 2].into()), [2]);
        assert_eq!(counts.replace(&[1, 2].into(), &[3].into()), [3, 2]);
        assert!(counts.items().eq(&[1, 3]));
    }
}
