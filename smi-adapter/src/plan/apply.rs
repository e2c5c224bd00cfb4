//! Application: the actions of a plan are carried out in a cluster.

use super::{Action, Plan, Write};
use crate::cluster::{Cluster, Error};
use std::collections::BTreeSet;

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
            Action::Create(Write { object, .. }) => cluster.create(object, &plan.field_manager).await.map(drop),
            Action::Replace(Write { object, .. }) => cluster.replace(object, &plan.field_manager).await.map(drop),
            Action::Delete(deletion) => cluster.delete(&deletion.object, &deletion.preconditions).await,
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
