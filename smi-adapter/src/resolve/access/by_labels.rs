//! An index of label selectors.

use std::collections::BTreeMap;

/// Items by the labels that they select.
///
/// Those that select a pod are found with one look-up for each set of label names that selectors use. There are few such
/// sets.
pub(super) struct ByLabels<T>(BTreeMap<Vec<String>, BTreeMap<Vec<String>, Vec<T>>>);

impl<T> ByLabels<T> {
    /// Adds an item. Without labels it selects nothing.
    pub(super) fn add(&mut self, labels: &BTreeMap<String, String>, item: T) {
        if !labels.is_empty() {
            let of_names = self.0.entry(labels.keys().cloned().collect()).or_default();
            of_names
                .entry(labels.values().cloned().collect())
                .or_default()
                .push(item);
        }
    }

    /// Returns the items that select a pod with these labels.
    pub(super) fn selecting(&self, pod: &BTreeMap<String, String>) -> impl Iterator<Item = &T> {
        self.alike(pod).flatten()
    }

    /// Returns the items that select a pod with these labels, grouped by equal selectors.
    pub(super) fn alike(&self, pod: &BTreeMap<String, String>) -> impl Iterator<Item = &[T]> {
        self.0.iter().filter_map(|(names, by_values)| {
            let values = names.iter().map(|name| pod.get(name).cloned());
            let items = by_values.get(&values.collect::<Option<Vec<String>>>()?)?;
            Some(items.as_slice())
        })
    }
}

impl<T> Default for ByLabels<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}
