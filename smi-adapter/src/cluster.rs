//! Access to an API server: the only I/O of this crate.

mod memory;

pub use memory::InMemoryCluster;

use crate::manifest::NativeObject;
use crate::object::{Kind, ObjectRef};
use crate::plan::{Action, Deletion, Plan, Write};
use async_trait::async_trait;
use std::collections::BTreeSet;

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

    /// Creates an object (POST).
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object exists already, [`Error::Refused`] if the server rejects it.
    async fn create(&self, object: &NativeObject, field_manager: &str) -> Result<(), Error>;

    /// Replaces an object (PUT), if it still has the `resourceVersion` in `object`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object is gone or has changed, [`Error::Refused`] if the server rejects it.
    async fn replace(&self, object: &NativeObject, field_manager: &str) -> Result<(), Error>;

    /// Deletes an object, if it still has the UID and `resourceVersion` in `deletion`. An object that no longer exists
    /// counts as deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the object has changed, [`Error::Refused`] if the server rejects the deletion.
    async fn delete(&self, deletion: &Deletion) -> Result<(), Error>;
}

/// An error talking to the API server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server cannot be reached, or its response is invalid. A retry may help.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
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

/// The outcome of one action of a plan.
#[derive(Debug)]
pub enum Outcome {
    /// The action was carried out.
    Done,
    /// The action failed.
    Failed(Error),
    /// The action was skipped, because an earlier action for the same policy failed. Every guarantee that holds after
    /// each action of a plan therefore also holds after an incomplete plan.
    Skipped,
}

/// Carries out a plan in order, and returns the outcome of every action in the same order.
///
/// A failure stops the actions of its policy. Other policies are independent and continue.
pub async fn apply(cluster: &dyn Cluster, plan: &Plan) -> Vec<Outcome> {
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(plan.actions.len());
    for action in &plan.actions {
        if failed.contains(action.policy()) {
            outcomes.push(Outcome::Skipped);
            continue;
        }
        let result = match action {
            Action::Create(Write { object, .. }) => cluster.create(object, &plan.field_manager).await,
            Action::Replace(Write { object, .. }) => cluster.replace(object, &plan.field_manager).await,
            Action::Delete(deletion) => cluster.delete(deletion).await,
        };
        outcomes.push(match result {
            Ok(()) => Outcome::Done,
            Err(error) => {
                failed.insert(action.policy());
                Outcome::Failed(error)
            }
        });
    }
    outcomes
}
