//! What a run has shown.

use super::coverage::Coverage;
use super::laws::Law;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// What is known after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The law held, and all that it is about happened often enough.
    Passed,
    /// The law held, and some of what it is about happened too rarely: about that nothing was shown.
    Unverified,
    /// The adapter says that it expresses nothing of what the law is about. Then `honest` sees to it that it writes
    /// nothing for it, and reports every use.
    Unsupported,
    /// The law does not hold.
    Failed,
}

/// Writes the state in lower case.
impl Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Unverified => "unverified",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
        })
    }
}

/// What a run of one law has shown: it held wherever it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The law.
    pub law: Law,
    /// The adapter's name.
    pub adapter: String,
    /// Whether the adapter expresses anything of what the law is about. Otherwise it was not tried.
    pub supported: bool,
    /// In how many worlds it was tried, beside the [cases that are kept](super::cases::kept).
    pub worlds: u32,
    /// With how many queries.
    pub queries: u64,
    /// Probes for which the specification leaves the mesh a choice.
    pub either: u64,
    /// Probes whose difference a diagnostic announced, and explains exactly.
    pub excused: u64,
    /// Probes that the mesh refuses to carry with or without native objects.
    pub refused: u64,
    /// Probes for which the interpreter has no answer.
    pub not_modelled: u64,
    /// How often the adapter reported what it cannot express, by diagnostic code; counted by `honest`.
    pub deviations: BTreeMap<String, u64>,
    /// How often each class of things happened.
    pub classes: Coverage,
    /// Classes that happened too rarely: about them nothing was shown. A law with any has not passed.
    pub unverified: Vec<&'static str>,
}

impl Report {
    /// What is known now; never that it failed.
    #[must_use]
    pub fn state(&self) -> State {
        if !self.supported {
            State::Unsupported
        } else if self.unverified.is_empty() {
            State::Passed
        } else {
            State::Unverified
        }
    }

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
            queries,
            either,
            excused,
            refused,
            not_modelled,
            ..
        } = self;
        format!(
            "{worlds} worlds, {queries} queries ({either} either, {excused} excused, {refused} refused by the mesh, {not_modelled} not modelled)"
        )
    }
}

/// Writes a line, then a line for each class.
impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
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
