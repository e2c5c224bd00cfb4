//! Where in an object something is.

use serde::Serialize;
use std::fmt::{self, Display};

/// A path to a field of an object, in the notation of Kubernetes: `spec.backends[2].weight`.
///
/// The empty path means the object itself.
///
/// ```
/// use smi_types::FieldPath;
///
/// let path = FieldPath::root().field("spec").field("backends").index(2).field("weight");
/// assert_eq!(path.to_string(), "spec.backends[2].weight");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FieldPath(String);

impl FieldPath {
    /// The object itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The field `name` below this one.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(name);
        self
    }

    /// The element `index` of this list.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0 += "[";
        self.0 += &index.to_string();
        self.0 += "]";
        self
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the object itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a path that is already written in this notation.
impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}
