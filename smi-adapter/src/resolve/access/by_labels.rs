//! An index of label selectors.

use std::collections::BTreeMap;

/// Items by the labels that they select.
///
/// Those that select a pod are found with one look-up for each set of label names that selectors use. There are few such
/// sets.
pub(super) struct ByLabels<'a, T>(BTreeMap<Vec<&'a str>, BTreeMap<Vec<&'a str>, Vec<T>>>);

impl<'a, T> ByLabels<'a, T> {
    /// Adds an item. Without labels it selects nothing.
    pub(super) fn add(&mut self, labels: &'a BTreeMap<String, String>, item: T) {
        if !labels.is_empty() {
            let of_names = self.0.entry(labels.keys().map(String::as_str).collect()).or_default();
            let values = labels.values().map(String::as_str).collect();
            of_names.entry(values).or_default().push(item);
        }
    }

    /// Returns the items that select a pod with these labels.
    pub(super) fn selecting<'s>(&'s self, pod: &'s BTreeMap<String, String>) -> impl Iterator<Item = &'s T> {
        self.alike(pod).flatten()
    }

    /// Returns the items that select a pod with these labels, grouped by equal selectors.
    pub(super) fn alike<'s>(&'s self, pod: &'s BTreeMap<String, String>) -> impl Iterator<Item = &'s [T]> {
        self.0.iter().filter_map(|(names, by_values)| {
            let values = names.iter().map(|name| pod.get(*name).map(String::as_str));
            let items = by_values.get(&values.collect::<Option<Vec<&str>>>()?)?;
            Some(items.as_slice())
        })
    }
}

impl<T> Default for ByLabels<'_, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}
