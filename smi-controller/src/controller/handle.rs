//! Handles: what other parts of a program can ask a running controller.

use smi_adapter::cluster::Error;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::engine::{self, Edit};
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{Action, Status};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

/// The number of changes that are kept for a receiver that does not take them.
const CHANGES: usize = 10_000;
/// The time without any progress after which a controller counts as dead.
const DEAD: Duration = Duration::from_secs(60);

/// Access to a running controller. Clones are handles of the same controller.
#[derive(Clone, Debug)]
pub struct Handle {
    state: watch::Receiver<Published>,
    requests: mpsc::Sender<Request>,
    changes: broadcast::Sender<Change>,
}

/// The readiness of a controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// Is `true` if every list has arrived and no watch has failed.
    pub is_ready: bool,
    /// Is `true` if this instance may write: it holds the lease, or there is none.
    pub is_leader: bool,
    /// The kinds that are not listed yet, or whose watch has failed, with the reason.
    pub stale: Vec<String>,
    /// The error of the leader election, if there is one.
    pub lease_error: Option<String>,
    /// The number of actions that are outstanding. It is zero before every list has arrived.
    pub outstanding: usize,
}

/// A change that a controller made or noticed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// Diagnostics appeared or went. Only the instance that may write notices them.
    Diagnostics(engine::Changes),
    /// A native object was written or deleted.
    Written(Arc<Action>),
    /// A write failed. It is repeated.
    Failed(Arc<Action>, Arc<Error>),
    /// An Event or a condition was not written, after several attempts.
    Unreported(Arc<kube::Error>),
}

/// The status of an SMI object, and whether the cluster has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectStatus {
    /// The status that the SMI objects and the mesh lead to.
    pub status: Status,
    /// The diagnostics about the writes for the object, such as [`Refused`](smi_adapter::Code::Refused).
    pub writes: Vec<Diagnostic>,
    /// Is `true` if no write is outstanding for the object, and the mesh has accepted what was written for it.
    pub is_written: bool,
    /// The time of the last write of this instance for the object.
    pub written_at: Option<SystemTime>,
}

/// The consequences of changes that were not made.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DryRun {
    /// The actions that would be outstanding.
    pub actions: Vec<Action>,
    /// The diagnostics that would appear and go.
    pub diagnostics: engine::Changes,
}

/// A stream of the changes of a controller.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Handle {
    /// Returns the readiness for now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.state.borrow().readiness.clone()
    }

    /// Returns `true` if every list has arrived and no watch has failed: the answer to a readiness probe.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.state.borrow().readiness.is_ready
    }

    /// Returns `false` if the controller has made no progress for a minute, although it does something every second: the
    /// answer to a liveness probe.
    #[must_use]
    pub fn live(&self) -> bool {
        self.state.borrow().progress.elapsed() < DEAD
    }

    /// Waits until the readiness fulfils a condition. Returns `false` if the controller ended before.
    pub async fn wait_for(&self, mut holds: impl FnMut(&Readiness) -> bool) -> bool {
        let mut state = self.state.clone();
        state.wait_for(|state| holds(&state.readiness)).await.is_ok()
    }

    /// Returns the status of an SMI object.
    ///
    /// Returns `None` before every list has arrived, or if the controller has ended. Waits until the controller has
    /// started.
    pub async fn status(&self, object: ObjectRef) -> Option<ObjectStatus> {
        self.ask(|answer| Request::Status(object, answer)).await?
    }

    /// Returns the outstanding actions, or `None` as [`status`](Self::status) does.
    pub async fn plan(&self) -> Option<Vec<Action>> {
        self.ask(Request::Plan).await?
    }

    /// Returns the consequences of changes, without making them, or `None` as [`status`](Self::status) does.
    ///
    /// The cost grows with the size of the cluster, because its state is copied.
    pub async fn dry_run(&self, changes: Vec<Edit>) -> Option<DryRun> {
        self.ask(|answer| Request::DryRun(changes, answer)).await?
    }

    /// Returns the changes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes(self.changes.subscribe())
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.requests.send(request(sender)).await.ok()?;
        answer.await.ok()
    }
}

impl Changes {
    /// Waits for the next change. Returns `None` when the controller and all its handles are gone.
    ///
    /// A receiver that is 10,000 changes late misses the oldest ones.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            match self.0.recv().await {
                Ok(change) => return Some(change),
                Err(broadcast::error::RecvError::Lagged(missed)) => tracing::warn!(missed, "changes were missed"),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// A request to a running controller.
#[derive(Debug)]
pub(super) enum Request {
    Status(ObjectRef, oneshot::Sender<Option<ObjectStatus>>),
    Plan(oneshot::Sender<Option<Vec<Action>>>),
    DryRun(Vec<Edit>, oneshot::Sender<Option<DryRun>>),
}

/// The state of a controller that its handles see.
#[derive(Clone, Debug)]
struct Published {
    readiness: Readiness,
    progress: Instant,
}

/// The controller's side of its handles.
#[derive(Debug)]
pub(super) struct Shared {
    state: watch::Sender<Published>,
    pub(super) requests: mpsc::Receiver<Request>,
    sender: mpsc::Sender<Request>,
    changes: broadcast::Sender<Change>,
}

impl Default for Shared {
    fn default() -> Self {
        let (sender, requests) = mpsc::channel(64);
        Self {
            state: watch::Sender::new(Published {
                readiness: Readiness::default(),
                progress: Instant::now(),
            }),
            requests,
            sender,
            changes: broadcast::Sender::new(CHANGES),
        }
    }
}

impl Shared {
    pub(super) fn handle(&self) -> Handle {
        Handle {
            state: self.state.subscribe(),
            requests: self.sender.clone(),
            changes: self.changes.clone(),
        }
    }

    /// Publishes the state after a step.
    pub(super) fn publish(&self, readiness: Readiness) {
        self.state.send_if_modified(|published| {
            published.progress = Instant::now();
            let is_new = published.readiness != readiness;
            published.readiness = readiness;
            is_new
        });
    }

    /// Sends a change to all receivers.
    pub(super) fn tell(&self, change: Change) {
        // Without a receiver, nothing is missed.
        _ = self.changes.send(change);
    }

    /// Returns the sender of changes.
    pub(super) fn changes(&self) -> broadcast::Sender<Change> {
        self.changes.clone()
    }
}
