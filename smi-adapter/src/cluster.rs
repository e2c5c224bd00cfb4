//! The only door out: an API server.

mod memory;

pub use memory::InMemoryCluster;

use crate::manifest::NativeObject;
use crate::object::{Kind, ObjectRef};
use crate::plan::{Action, Deletion, Plan, Write};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// An API server, as far as it is needed here.
///
/// Writes are POST and PUT with the object's `resourceVersion`, never server-side apply: that can neither
/// empty an object nor see what others added to it, so it would leave a policy open that should be closed.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Whether the cluster serves `kind`, in this version.
    ///
    /// # Errors
    /// If it cannot be asked.
    async fn serves(&self, kind: &Kind) -> Result<bool, Error>;

    /// All objects of `kind`, in all namespaces.
    ///
    /// # Errors
    /// If the list cannot be had, as a whole.
    async fn list(&self, kind: &Kind) -> Result<Vec<NativeObject>, Error>;

    /// Creates an object (POST).
    ///
    /// # Errors
    /// [`Error::Conflict`] if it is there already, [`Error::Refused`] if the server does not want it.
    async fn create(&self, object: &NativeObject, field_manager: &str) -> Result<(), Error>;

    /// Replaces an object (PUT), if it still has the `resourceVersion` in `object`.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it is gone or has changed, [`Error::Refused`] if the server does not want it.
    async fn replace(&self, object: &NativeObject, field_manager: &str) -> Result<(), Error>;

    /// Deletes an object, if it still has the UID and `resourceVersion` in `deletion`. One that is gone
    /// already counts as deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it has changed, [`Error::Refused`] if the server does not want to.
    async fn delete(&self, deletion: &Deletion) -> Result<(), Error>;
}

/// Why the environment does not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server cannot be reached, or answers nonsense. Trying again may help.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody else changed the object meanwhile. Observing and planning again helps.
    #[error("`{0}` was changed by somebody else meanwhile")]
    Conflict(Box<ObjectRef>),
    /// The API server, or an admission webhook, refuses the write.
    #[error("`{object}` was refused: {message}")]
    Refused {
        /// The object.
        object: Box<ObjectRef>,
        /// What the server said.
        message: String,
    },
}

/// What became of one action of a plan.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It failed.
    Failed(Error),
    /// It was left alone, since an earlier action for the same policy failed: whatever holds after each
    /// action of a plan holds after an unfinished one as well.
    Skipped,
}

/// Carries out a plan, in its order, and says what became of every action, in the same order.
///
/// A failure ends the actions of its policy; other policies do not depend on it and go on.
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
