//! The limits of a diagnostic: sets of ports, and bounds on the error of shares.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A set of ports.
///
/// Serialises as `"all"`, `{"only": [80]}` or `{"except": [80]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortSet {
    /// Every port.
    #[default]
    All,
    /// Only these ports.
    Only(BTreeSet<u16>),
    /// Every port but these.
    Except(BTreeSet<u16>),
}

impl PortSet {
    /// Returns `true` if `port` is in the set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Only(ports) => ports.contains(&port),
            Self::Except(ports) => !ports.contains(&port),
        }
    }
}

/// Collects ports into [`PortSet::Only`].
impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self::Only(ports.into_iter().collect())
    }
}

/// A bound on the error of every share of a split: each differs from the exact one by at most `parts` / `of` of the
/// traffic.
///
/// ```
/// use smi_adapter::diagnostic::ErrorBound;
///
/// // No share is off by more than two percent.
/// let bound = ErrorBound { parts: 2, of: 100 };
/// assert_eq!(bound.to_string(), "2/100");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ErrorBound {
    /// The numerator.
    pub parts: u64,
    /// The denominator.
    pub of: u64,
}

impl std::fmt::Display for ErrorBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.parts, self.of)
    }
}
