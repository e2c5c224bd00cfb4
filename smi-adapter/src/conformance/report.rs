//! What a run has shown.

use super::coverage::Coverage;
use std::fmt::{self, Display};

/// What a run of one law has shown: it held wherever it was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The law.
    pub law: &'static str,
    /// The adapter's name.
    pub adapter: String,
    /// In how many worlds it was tried.
    pub worlds: u32,
    /// With how many probes.
    pub probes: u64,
    /// Probes for which the specification leaves the mesh a choice.
    pub either: u64,
    /// Probes whose difference a diagnostic announced, and explains exactly.
    pub excused: u64,
    /// Probes that the mesh refuses to carry with or without native objects.
    pub refused: u64,
    /// Probes for which the interpreter has no answer.
    pub not_modelled: u64,
    /// How often each class of things happened.
    pub classes: Coverage,
    /// Classes that happened too rarely: about them nothing was shown. A law with any has not passed.
    pub unverified: Vec<&'static str>,
}

impl Report {
    /// The report, if nothing in it is unverified.
    ///
    /// # Errors
    /// With the report as text, if something is.
    pub fn verified(self) -> Result<Self, String> {
        if self.unverified.is_empty() {
            Ok(self)
        } else {
            Err(self.to_string())
        }
    }

    pub(super) fn counts(&self) -> String {
        let Self {
            worlds,
            probes,
            either,
            excused,
            refused,
            not_modelled,
            ..
        } = self;
        format!(
            "{worlds} worlds, {probes} probes ({either} either, {excused} excused, {refused} refused by the mesh, {not_modelled} not modelled)"
        )
    }
}

/// Writes a line, then a line for each class.
impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.unverified.is_empty() {
            "passed"
        } else {
            "unverified"
        };
        writeln!(f, "{} of {}: {state}; {}", self.law, self.adapter, self.counts())?;
        for (class, count) in self.classes.counts() {
            let rare = if self.unverified.contains(&class) {
                " (too rare: unverified)"
            } else {
                ""
            };
            writeln!(f, "{count:>9}  {class}{rare}")?;
        }
        Ok(())
    }
}
