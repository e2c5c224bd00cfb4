//! The urgency of what is reported about an object.

use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// The urgency of a violation or a diagnostic, from the least to the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; nothing is wrong. No rule of one object is of this severity.
    Info,
    /// Probably not what was intended: an admission webhook warns.
    Warning,
    /// Forbidden by the specification, or without effect: an admission webhook rejects the object.
    Error,
}

impl Severity {
    /// The severity in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
