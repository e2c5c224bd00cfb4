//! The writes of a plan: several policies at a time, each policy in order, and each failure repeated by itself.

use super::Options;
use super::acceptance::Acceptance;
use super::contest::{Contests, content};
use super::echo::Echoes;
use crate::backoff::Backoff;
use crate::cluster::KubeCluster;
use crate::lease::Leadership;
use crate::task::finished;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::cluster::{Cluster, Error};
use smi_adapter::engine::Engine;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::Action;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The writes of a controller.
#[derive(Debug)]
pub(super) struct Writes {
    cluster: KubeCluster,
    field_manager: String,
    options: Options,
    tasks: JoinSet<Written>,
    /// The policies of the tasks.
    running: BTreeSet<String>,
    /// Those of them that have failed before.
    retried: BTreeSet<String>,
    /// The failed actions, by policy.
    failed: BTreeMap<String, Failed>,
    /// The server asked to wait until then.
    busy_until: Option<Instant>,
    pub(super) contests: Contests,
    pub(super) acceptance: Acceptance,
}

/// A failed action, and the pause before the next attempt.
#[derive(Debug)]
struct Failed {
    object: ObjectRef,
    /// The hash of the failed write; `None` if the pause is for every write of the policy.
    content: Option<u64>,
    backoff: Backoff,
    until: Instant,
}

impl Failed {
    /// Returns `true` if an action is what failed. The version of the object that it replaces does not matter.
    fn is_about(&self, action: &Action) -> bool {
        let is_same = |failed: u64| failed == content(action) && self.object == action.object();
        self.content.is_none_or(is_same)
    }
}

/// A finished write.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    /// The time that the request took.
    pub(super) took: Duration,
}

/// The outcome of a write.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The object was stored like this.
    Stored(NativeObject),
    Deleted,
    /// Another client was faster. This is the object now, if it exists.
    Changed(Option<NativeObject>),
    Failed(Error),
    /// This instance must not write any more.
    Unsent,
}

impl Writes {
    pub(super) fn new(cluster: KubeCluster, field_manager: String, options: Options) -> Self {
        Self {
            cluster,
            field_manager,
            options,
            tasks: JoinSet::new(),
            running: BTreeSet::new(),
            retried: BTreeSet::new(),
            failed: BTreeMap::new(),
            busy_until: None,
            contests: Contests::default(),
            acceptance: Acceptance::new(options.acceptance_limit),
        }
    }

    /// Starts the actions that can be started, and returns the time at which the next one can be.
    pub(super) fn start<P: Deref<Target: MeshAdapter>>(
        &mut self,
        engine: &mut Engine<P>,
        echoes: &mut Echoes,
        leadership: Option<&Leadership>,
    ) -> Option<Instant> {
        let now = Instant::now();
        if let Some(until) = self.busy_until.filter(|until| *until > now) {
            return Some(until);
        }
        let held = self.acceptance.hold(engine.actions());
        let mut next: Option<Instant> = None;
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for action in engine.actions() {
            if self.is_full() {
                return None;
            }
            // Only the first action of a policy is safe now.
            if !seen.insert(action.policy()) || self.running.contains(action.policy()) {
                continue;
            }
            let failed = self.failed.get(action.policy());
            let pause = failed
                .filter(|failed| failed.is_about(action))
                .map(|failed| failed.until);
            let accepted = held
                .get(action.policy())
                .filter(|_| matches!(action, Action::Delete(_)));
            let contested = self.contests.pause(&action.object(), || content(action));
            let until = pause.max(contested).max(accepted.copied());
            if let Some(until) = until.filter(|until| *until > now) {
                next = Some(next.map_or(until, |next| next.min(until)));
                continue;
            }
            if failed.is_some() {
                // Writes that fail slowly leave room for others.
                if self.retried.len() >= self.options.parallel_writes.div_ceil(2) {
                    continue;
                }
                self.retried.insert(action.policy().to_owned());
            }
            self.running.insert(action.policy().to_owned());
            echoes.sent(action.object());
            let (cluster, field_manager) = (self.cluster.clone(), self.field_manager.clone());
            let (action, leadership) = (action.clone(), leadership.cloned());
            self.tasks.spawn(async move {
                let started = Instant::now();
                let outcome = match leadership {
                    Some(leadership) if !leadership.may_write() => Outcome::Unsent,
                    _ => write(&cluster, &action, &field_manager).await,
                };
                Written {
                    action,
                    outcome,
                    took: started.elapsed(),
                }
            });
        }
        next
    }

    /// Waits for a write to finish. It is never ready without one.
    pub(super) async fn next(&mut self) -> Written {
        match self.tasks.join_next().await.and_then(finished) {
            Some(written) => self.note(written),
            None => std::future::pending().await,
        }
    }

    /// Makes failed writes of a kind possible at once, because the server serves it now.
    pub(super) fn retry(&mut self, kind: &Kind) {
        self.failed.retain(|_, failed| failed.object.kind != *kind);
    }

    /// Forgets the failures of policies that require nothing any more.
    pub(super) fn forget<'a>(&mut self, outstanding: impl Iterator<Item = &'a Action>) {
        self.contests.forget();
        if !self.failed.is_empty() {
            let policies: BTreeSet<&str> = outstanding.map(Action::policy).collect();
            self.failed.retain(|policy, _| policies.contains(policy.as_str()));
        }
    }

    /// Notes that an object was seen, which another client may have changed.
    pub(super) fn notice(&mut self, object: &NativeObject) {
        self.contests.changed(object, &self.field_manager);
    }

    /// Returns `true` if as many writes are under way as can be.
    pub(super) fn is_full(&self) -> bool {
        self.tasks.len() >= self.options.parallel_writes
    }

    /// Returns `true` if no write is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    fn note(&mut self, written: Written) -> Written {
        let policy = written.action.policy();
        self.running.remove(policy);
        self.retried.remove(policy);
        match &written.outcome {
            Outcome::Stored(_) | Outcome::Deleted => {
                self.failed.remove(policy);
                self.contests.written(written.action.object(), content(&written.action));
            }
            // Retried at once after the first conflict, then with pauses.
            Outcome::Changed(_) => self.fail(&written.action, true, Backoff::pause_later),
            Outcome::Failed(Error::Refused { .. }) => {
                let longest = self.options.longest_pause;
                self.fail(&written.action, false, |_| longest);
            }
            Outcome::Failed(error) => {
                if let Error::Busy { wait: Some(wait) } = error {
                    self.busy_until = Some(Instant::now() + *wait);
                }
                self.fail(&written.action, false, Backoff::pause);
            }
            Outcome::Unsent => {}
        }
        written
    }

    /// Notes a failure. The pause is for this action, or for any of its policy.
    fn fail(&mut self, action: &Action, is_for_any: bool, pause: impl FnOnce(&mut Backoff) -> Duration) {
        let Options {
            first_pause,
            longest_pause,
            ..
        } = self.options;
        let former = self.failed.remove(action.policy());
        let mut backoff = former.map_or_else(|| Backoff::new(first_pause, longest_pause), |failed| failed.backoff);
        let until = Instant::now() + pause(&mut backoff);
        self.failed.insert(
            action.policy().to_owned(),
            Failed {
                object: action.object(),
                content: (!is_for_any).then(|| content(action)),
                backoff,
                until,
            },
        );
    }
}

/// Carries out an action.
async fn write(cluster: &KubeCluster, action: &Action, field_manager: &str) -> Outcome {
    let result = match action {
        Action::Create(write) => cluster.create(&write.object, field_manager).await.map(Outcome::Stored),
        Action::Replace(write) => cluster.replace(&write.object, field_manager).await.map(Outcome::Stored),
        Action::Delete(deletion) => {
            let deleted = cluster.delete(&deletion.object, &deletion.preconditions).await;
            deleted.map(|()| Outcome::Deleted)
        }
    };
    match result {
        Ok(outcome) => outcome,
        Err(Error::Conflict(object)) => match cluster.get(&object).await {
            Ok(found) => Outcome::Changed(found),
            Err(error) => Outcome::Failed(error),
        },
        Err(error) => Outcome::Failed(error),
    }
}

/// Returns the UID of the object that an action deletes.
pub(super) fn deleted_uid(action: &Action) -> Option<&str> {
    match action {
        Action::Delete(deletion) => deletion.preconditions.uid.as_deref(),
        Action::Create(_) | Action::Replace(_) => None,
    }
}
