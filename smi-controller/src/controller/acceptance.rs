//! The native objects that the mesh has not accepted yet, and the deletions that wait for them.
//!
//! A mesh can apply an object later than the API server stores it. Until then, what the object replaces must stay, or
//! neither is in force. The wait is limited, because what is to be deleted may allow what nothing allows any more.

use crate::mirror::{Seen, Watched};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::Action;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// The native objects managed by us that the mesh has not accepted.
#[derive(Debug)]
pub(super) struct Acceptance {
    /// The longest wait for one object, and of the deletions of one policy.
    limit: Duration,
    pending: BTreeMap<ObjectRef, Pending>,
    /// The policies whose deletions wait, and since when.
    held: BTreeMap<String, Instant>,
}

/// An object that the mesh has not accepted.
#[derive(Debug)]
struct Pending {
    policy: String,
    since: Instant,
    /// Is `true` if it was not known before it was not accepted.
    is_new: bool,
    /// Is `true` if this lasts longer than the limit.
    is_overdue: bool,
}

impl Acceptance {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            pending: BTreeMap::new(),
            held: BTreeMap::new(),
        }
    }

    /// Notes whether an object is accepted. `is_new` is `false` if it may have been reported before this process started.
    pub(super) fn notice(&mut self, object: &NativeObject, is_accepted: bool, is_new: bool) {
        let name = object.reference();
        let Some(policy) = object.policy().filter(|_| !is_accepted) else {
            self.pending.remove(&name);
            return;
        };
        self.pending.entry(name).or_insert_with(|| Pending {
            policy: policy.to_owned(),
            since: Instant::now(),
            is_new,
            is_overdue: false,
        });
    }

    /// Forgets the objects of a watch that are not in its new list.
    pub(super) fn relist(&mut self, watched: &Watched, list: &[Seen]) {
        if self.pending.is_empty() {
            return;
        }
        let listed: BTreeSet<&ObjectRef> = list.iter().map(|seen| &seen.object).collect();
        self.pending
            .retain(|name, _| !watched.contains(name) || listed.contains(name));
    }

    /// Forgets an object that is gone.
    pub(super) fn remove(&mut self, name: &ObjectRef) {
        self.pending.remove(name);
    }

    /// Forgets the objects of a kind that is gone.
    pub(super) fn remove_all(&mut self, kind: &Kind) {
        self.pending.retain(|name, _| name.kind != *kind);
    }

    /// Returns `true` if an object is not accepted.
    pub(super) fn is_pending(&self, name: &ObjectRef) -> bool {
        self.pending.contains_key(name)
    }

    /// Returns `true` if an object has not been accepted for longer than the limit.
    pub(super) fn is_overdue(&self, name: &ObjectRef) -> bool {
        self.pending.get(name).is_some_and(|pending| pending.is_overdue)
    }

    /// Returns the policies whose deletions wait, with the time until which they do.
    ///
    /// They do not wait for an object that is to be deleted as well, and no longer than the limit, although new objects
    /// may have replaced those that they first waited for.
    pub(super) fn hold<'a>(&mut self, actions: impl Iterator<Item = &'a Action>) -> BTreeMap<String, Instant> {
        if self.pending.is_empty() {
            self.held.clear();
            return BTreeMap::new();
        }
        let deletions = actions.filter(|action| matches!(action, Action::Delete(_)));
        let (mut deleted, mut policies) = (BTreeSet::new(), BTreeSet::new());
        for deletion in deletions {
            deleted.insert(deletion.object());
            policies.insert(deletion.policy());
        }
        let now = Instant::now();
        let mut latest: BTreeMap<String, Instant> = BTreeMap::new();
        for (name, pending) in &self.pending {
            let until = pending.since + self.limit;
            if until > now && policies.contains(pending.policy.as_str()) && !deleted.contains(name) {
                let latest = latest.entry(pending.policy.clone()).or_insert(until);
                *latest = until.max(*latest);
            }
        }
        self.held.retain(|policy, _| policies.contains(policy.as_str()));
        for (policy, until) in &mut latest {
            let since = *self.held.entry(policy.clone()).or_insert(now);
            *until = (since + self.limit).min(*until);
        }
        latest
    }

    /// Returns the objects that have become overdue, and whether each of them is new.
    pub(super) fn expire(&mut self) -> Vec<(ObjectRef, bool)> {
        let now = Instant::now();
        let mut expired = Vec::new();
        for (name, pending) in &mut self.pending {
            if !pending.is_overdue && now - pending.since >= self.limit {
                pending.is_overdue = true;
                expired.push((name.clone(), pending.is_new));
            }
        }
        expired
    }
}
