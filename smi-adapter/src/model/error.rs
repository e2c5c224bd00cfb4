//! Errors of the builders.

/// An error that occurs when a part of a policy would violate an invariant that adapters rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(String);

impl ModelError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
