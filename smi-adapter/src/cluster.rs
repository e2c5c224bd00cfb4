//! Access to an API server: the only I/O of this crate.

mod memory;

pub use memory::InMemoryCluster;

use crate::manifest::NativeObject;
use crate::object::{Kind, ObjectRef};
use async_trait::async_trait;
use std::time::Duration;

/// An API server, reduced to the requests that plans need.
///
/// Writes are POST, and PUT with the object's `resourceVersion`, never server-side apply: it can neither empty an
/// object nor detect what others added to it, so it could leave a policy open that should be closed.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Returns `true` if the cluster serves `kind`, in this version.
    ///
    /// # Errors
    /// If the request fails.
    async fn serves(&self, kind: &Kind) -> Result<bool, Error>;

    /// Lists all objects of `kind`, in all namespaces.
    ///
    /// # Errors
    /// If any part of the list is missing.
    async fn list(&self, kind: &Kind) -> Result<Vec<NativeObject>, Error>;

    /// Creates an object (POST), and returns it as the server has stored it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object exists already, [`Error::Refused`] if the server rejects it.
    async fn create(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error>;

    /// Replaces an object (PUT), if it still has the `resourceVersion` in `object`, and returns it as the server has
    /// stored it.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object is gone or has changed, [`Error::Refused`] if the server rejects it.
    async fn replace(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error>;

    /// Deletes an object, if it still fulfils the preconditions. An object that no longer exists counts as deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object has changed, [`Error::Refused`] if the server rejects the deletion.
    async fn delete(&self, object: &ObjectRef, preconditions: &Preconditions) -> Result<(), Error>;
}

/// The state that an object must still have to be deleted. `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The UID of the object.
    pub uid: Option<String>,
    /// The version of the object.
    pub resource_version: Option<String>,
}

/// An error talking to the API server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server cannot be reached, or its response is invalid. A retry may help.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The API server asks to wait before the next request.
    #[error("the API server is busy")]
    Busy {
        /// The time to wait, if the server names one.
        wait: Option<Duration>,
    },
    /// The object was created, changed or deleted since it was observed. Observe and plan again.
    #[error("`{0}` has changed since it was observed")]
    Conflict(Box<ObjectRef>),
    /// The API server, or an admission webhook, rejects the write.
    #[error("`{object}` was rejected: {message}")]
    Refused {
        /// The object.
        object: Box<ObjectRef>,
        /// The reason that the server gave.
        message: String,
    },
}
