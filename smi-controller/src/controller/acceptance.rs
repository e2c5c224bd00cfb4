//! The native objects that the mesh has not accepted yet, and the deletions that wait for them.
//!
//! A mesh can take an object over later than the API server does. Until then, what the object replaces must stay, or
//! neither is in force. The wait is limited, because what is to be deleted may allow what nothing allows any more.

use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::Action;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// The native objects that the mesh has not accepted.
#[derive(Debug)]
pub(super) struct Acceptance {
    /// The longest wait for one object.
    limit: Duration,
    pending: BTreeMap<ObjectRef, Pending>,
}

/// An object that the mesh has not accepted.
#[derive(Debug)]
struct Pending {
    policy: String,
    since: Instant,
    /// Is `true` if this lasts longer than the limit.
    is_overdue: bool,
}

impl Acceptance {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            pending: BTreeMap::new(),
        }
    }

    /// Notes whether an object is accepted. Returns `true` if it was overdue, and is accepted now.
    pub(super) fn notice(&mut self, object: &NativeObject, is_accepted: bool) -> bool {
        let name = object.reference();
        let former = self.pending.remove(&name);
        let was_overdue = former.as_ref().is_some_and(|former| former.is_overdue);
        let Some(policy) = object.policy().filter(|_| !is_accepted) else {
            return was_overdue;
        };
        let pending = former.unwrap_or_else(|| Pending {
            policy: policy.to_owned(),
            since: Instant::now(),
            is_overdue: false,
        });
        self.pending.insert(name, pending);
        false
    }

    /// Forgets the objects that do not fulfil a condition.
    pub(super) fn retain(&mut self, holds: impl Fn(&ObjectRef) -> bool) {
        self.pending.retain(|name, _| holds(name));
    }

    /// Returns the policies whose deletions wait, with the time until which they do.
    ///
    /// They do not wait for an object that is to be deleted as well.
    pub(super) fn held<'a>(&self, actions: impl Iterator<Item = &'a Action>) -> BTreeMap<&str, Instant> {
        let mut held = BTreeMap::new();
        if self.pending.is_empty() {
            return held;
        }
        let deleted = actions.filter_map(|action| match action {
            Action::Delete(deletion) => Some(&deletion.object),
            Action::Create(_) | Action::Replace(_) => None,
        });
        let deleted: BTreeSet<&ObjectRef> = deleted.collect();
        if deleted.is_empty() {
            return held;
        }
        let now = Instant::now();
        for (name, pending) in &self.pending {
            let until = pending.since + self.limit;
            if until > now && !deleted.contains(name) {
                let latest = held.entry(pending.policy.as_str()).or_insert(until);
                *latest = until.max(*latest);
            }
        }
        held
    }

    /// Returns the objects that have become overdue.
    pub(super) fn expire(&mut self) -> Vec<ObjectRef> {
        let now = Instant::now();
        let mut expired = Vec::new();
        for (name, pending) in &mut self.pending {
            if !pending.is_overdue && now - pending.since >= self.limit {
                pending.is_overdue = true;
                expired.push(name.clone());
            }
        }
        expired
    }

    /// Returns `true` if an object has not been accepted for longer than the limit.
    pub(super) fn is_overdue(&self, name: &ObjectRef) -> bool {
        self.pending.get(name).is_some_and(|pending| pending.is_overdue)
    }
}
