//! An index of label selectors.

use std::collections::BTreeMap;

/// Items by the labels that they select.
///
/// Those that select a pod are found with one look-up for each set of label names that selectors use. There are few such
/// sets.
#[derive(Clone, Debug)]
pub(super) struct ByLabels<T>(BTreeMap<Vec<String>, BTreeMap<Vec<u8>, Vec<T>>>);

impl<T> ByLabels<T> {
    /// Adds an item. Without labels it selects nothing.
    pub(super) fn add(&mut self, labels: &BTreeMap<String, String>, item: T) {
        if labels.is_empty() {
            return;
        }
        let values = joined(labels.values());
        let is_same = |names: &Vec<String>| names.iter().eq(labels.keys());
        // Most selectors have the same names, and are few.
        let of_names = if let Some((_, of_names)) = self.0.iter_mut().find(|(names, _)| is_same(names)) {
            of_names
        } else {
            self.0.entry(labels.keys().cloned().collect()).or_default()
        };
        of_names.entry(values).or_default().push(item);
    }

    /// Removes the items with these labels that fulfil a condition.
    pub(super) fn remove(&mut self, labels: &BTreeMap<String, String>, is_gone: impl Fn(&T) -> bool) {
        let names: Vec<String> = labels.keys().cloned().collect();
        let Some(of_names) = self.0.get_mut(&names) else { return };
        let values = joined(labels.values());
        if let Some(items) = of_names.get_mut(&values) {
            items.retain(|item| !is_gone(item));
            if items.is_empty() {
                of_names.remove(&values);
            }
        }
        if of_names.is_empty() {
            self.0.remove(&names);
        }
    }

    /// Returns the items that select a pod with these labels.
    pub(super) fn selecting<'s>(&'s self, pod: &'s BTreeMap<String, String>) -> impl Iterator<Item = &'s T> {
        self.alike(pod).flatten()
    }

    /// Returns the items that select a pod with these labels, grouped by equal selectors.
    pub(super) fn alike<'s>(&'s self, pod: &'s BTreeMap<String, String>) -> impl Iterator<Item = &'s [T]> {
        self.0.iter().filter_map(|(names, by_values)| {
            let values = names.iter().map(|name| pod.get(name));
            let values = values.collect::<Option<Vec<&String>>>()?;
            by_values.get(&joined(values)).map(Vec::as_slice)
        })
    }
}

/// Joins values, each with its length, so that no two lists give the same bytes.
fn joined<'a>(values: impl IntoIterator<Item = &'a String>) -> Vec<u8> {
    let mut joined = Vec::new();
    for value in values {
        joined.extend(value.len().to_le_bytes());
        joined.extend(value.as_bytes());
    }
    joined
}

impl<T> Default for ByLabels<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}
