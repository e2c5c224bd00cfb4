//! The coverage of a run. A law that held only because nothing happened has shown nothing.

mod classes;

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// The number of times that each class of events happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, usize>);

impl Coverage {
    /// Creates a coverage in which each of `classes` has the count zero.
    #[must_use]
    pub fn of(classes: impl IntoIterator<Item = &'static str>) -> Self {
        Self(classes.into_iter().map(|class| (class.to_owned(), 0)).collect())
    }

    /// Counts one event of a class.
    pub fn note(&mut self, class: &str) {
        if let Some(count) = self.0.get_mut(class) {
            *count += 1;
        } else {
            self.0.insert(class.to_owned(), 1);
        }
    }

    /// Counts one event of a class if a condition holds.
    pub fn note_if(&mut self, holds: bool, class: &str) {
        if holds {
            self.note(class);
        }
    }

    /// Returns the number of times that `class` happened.
    #[must_use]
    pub fn count(&self, class: &str) -> usize {
        self.0.get(class).copied().unwrap_or_default()
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        for (class, count) in &other.0 {
            *self.0.entry(class.clone()).or_default() += count;
        }
    }

    /// Returns the classes with their counts, ordered by name.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(class, count)| (class.as_str(), *count))
    }

    /// Returns those of `classes` that happened fewer than `least` times.
    #[must_use]
    pub fn rare(&self, classes: impl IntoIterator<Item = &'static str>, least: usize) -> Vec<&'static str> {
        let classes = classes.into_iter();
        classes.filter(|class| self.count(class) < least).collect()
    }
}

/// Writes a line for each class.
impl Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(class, count)| writeln!(f, "{count:>9}  {class}"))
    }
}
