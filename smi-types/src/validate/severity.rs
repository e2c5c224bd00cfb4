//! The severity of violations and diagnostics.

use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// The severity of a violation or a diagnostic, from the least to the most severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Information without a fault. No rule about a single object has this severity.
    Info,
    /// A probable mistake. An admission webhook warns about the object.
    Warning,
    /// A fault that the specification forbids, or that has no effect. An admission webhook rejects an object for an
    /// error among its own [violations](crate::Object::violations), and only warns about an error that depends on other
    /// objects, because these may be created later (T24).
    Error,
}

impl Severity {
    /// Returns the severity in lower case.
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
