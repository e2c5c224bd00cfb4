//! What a run has exercised: a law that held only where nothing happened has shown nothing.

mod classes;

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// How often each class of things happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, usize>);

impl Coverage {
    /// Nothing has happened yet, and each of `classes` should.
    #[must_use]
    pub fn of(classes: impl IntoIterator<Item = &'static str>) -> Self {
        Self(classes.into_iter().map(|class| (class.to_owned(), 0)).collect())
    }

    /// Notes that something happened.
    pub fn note(&mut self, class: &str) {
        if let Some(count) = self.0.get_mut(class) {
            *count += 1;
        } else {
            self.0.insert(class.to_owned(), 1);
        }
    }

    /// Notes that something happened, if it did.
    pub fn note_if(&mut self, holds: bool, class: &str) {
        if holds {
            self.note(class);
        }
    }

    /// How often `class` happened.
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

    /// The classes and how often each happened, sorted.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(class, count)| (class.as_str(), *count))
    }

    /// Those of `classes` that happened less than `least` times.
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
