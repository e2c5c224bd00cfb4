//! Errors of the builders.

/// An error building a part of a policy: what was given would break a promise that adapters rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(String);

impl ModelError {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
