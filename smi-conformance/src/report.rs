//! The report of a run of one law.
use super::coverage::Coverage;
use super::laws::Law;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// The result of a run of one law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The law held, and everything that it is about happened often enough.
    Passed,
    /// The law held, but a part of what it is about happened too rarely, so nothing was shown about that part.
    Unverified,
    /// The adapter declares that it supports nothing that the law is about. The law `honest` then checks that it writes
    /// nothing for it and reports every use. The law `incremental` is unsupported for implementations that are not a
    /// `MeshAdapter`.
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

/// The report of a run in which a law held wherever it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The law.
    pub law: Law,
    /// The adapter's name.
    pub adapter: String,
    /// Is `true` if the adapter supports anything that the law is about. Otherwise the law was not tried.
    pub supported: bool,
    /// The number of worlds in which the law was tried, in addition to the [kept cases](super::cases::kept).
    pub worlds: u32,
    /// The number of queries.
    pub queries: u64,
    /// The number of queries for which the specification leaves the mesh a choice.
    pub either: u64,
    /// The number of queries whose difference a diagnostic explains exactly.
    pub excused: u64,
    /// The number of queries that the mesh does not carry, with or without native objects.
    pub refused: u64,
    /// The number of queries for which the interpreter has no answer.
    pub not_modelled: u64,
    /// The number of reports of what the adapter cannot express, by diagnostic code. The law `honest` counts them.
    pub deviations: BTreeMap<String, u64>,
    /// The number of times that each class of events happened.
    pub classes: Coverage,
    /// The classes that happened too rarely, about which nothing was shown. A law with any of them has not passed.
    pub unverified: Vec<&'static str>,
}

impl Report {
    /// Returns the result of the run, which is never [`State::Failed`].
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

    /// Returns the report if nothing in it is unverified.
    ///
    /// # Errors
    /// With the report as text, if something is unverified.
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

/// Writes a summary line, then a line for each class.
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
