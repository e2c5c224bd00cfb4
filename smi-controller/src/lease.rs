//! Leader election by a `Lease`: one of several replicas writes, and another takes over when it stops.
//!
//! No two clocks are compared. Each process measures with its own monotonic clock:
//!
//! * The holder may write until its deadline: the start of its last successful request to take or renew the lease, plus
//!   four fifths of the duration.
//! * Others take the lease over after they have seen it unchanged for its whole duration, or at once if it was released.
//!
//! A lease is seen after the request that wrote it has started, so a deadline is over before the lease can be taken
//! over. The last fifth of the duration is for writes in flight, and for clocks that run at different speeds.
//!
//! Deliberately absent: protection from users who delete or edit the lease of a live holder, and from machines that are
//! suspended, as this stops the monotonic clock. Two holders do no harm, since every write has a precondition.

mod decide;
mod settings;

pub use settings::{LeaseName, LeaseSettings};

use crate::request::{code, message, within};
use decide::{Observed, Step, decide, holder, observe, released, taken};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use std::pin::pin;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The number of times that a release is tried if others change the lease at the same time.
const ATTEMPTS: usize = 3;

/// A candidate for a lease. Its task takes the lease when it can, and renews it.
///
/// It needs the permissions `get`, `create` and `update` on `leases` of the group `coordination.k8s.io`.
///
/// ```no_run
/// # async fn example(client: kube::Client) {
/// use smi_controller::{Candidate, LeaseName, LeaseSettings};
/// use tokio::sync::oneshot;
///
/// let name = LeaseName::new("smi-system", "my-operator");
/// let candidate = Candidate::new(client, name, LeaseSettings::default());
/// let mut leadership = candidate.leadership();
/// let (finished, release) = oneshot::channel::<()>();
/// let task = tokio::spawn(candidate.run(async { _ = release.await }));
///
/// leadership.gained().await;
/// if leadership.may_write() {
///     // Write one object.
/// }
///
/// // All writes are finished.
/// drop(finished);
/// _ = task.await;
/// # }
/// ```
#[derive(Debug)]
pub struct Candidate {
    leases: Api<Lease>,
    name: LeaseName,
    settings: LeaseSettings,
    observed: Option<Observed>,
    /// Is `true` if `observed` is the result of our last request, which was a write.
    is_current: bool,
    state: watch::Sender<State>,
}

impl Candidate {
    /// Creates a candidate. It sends no request before [`run`](Self::run).
    #[must_use]
    pub fn new(client: Client, name: LeaseName, settings: LeaseSettings) -> Self {
        Self {
            leases: Api::namespaced(client, &name.namespace),
            name,
            settings,
            observed: None,
            is_current: false,
            state: watch::Sender::default(),
        }
    }

    /// Returns a view of the election, which tells whether this process may write.
    #[must_use]
    pub fn leadership(&self) -> Leadership {
        Leadership(self.state.subscribe())
    }

    /// Takes part in the election until `finished`, then releases the lease if this process holds it.
    ///
    /// Finish all writes before `finished`: once the lease is released, another process writes. If this future is dropped
    /// instead, the lease stays until its duration has passed.
    pub async fn run(mut self, finished: impl Future<Output = ()> + Send) {
        let mut finished = pin!(finished);
        let mut failures = 0;
        loop {
            let next = match self.round().await {
                Ok(next) => {
                    failures = 0;
                    self.report(None);
                    next
                }
                Err(error) => {
                    failures += 1;
                    self.report(Some(&error));
                    Instant::now() + self.settings.backoff(failures)
                }
            };
            // Requests are not cut off, so that none reaches the server after the release.
            tokio::select! {
                () = &mut finished => break,
                () = sleep_until(next) => {}
            }
        }
        let released = self.release().await;
        self.report(released.err().as_ref());
    }

    /// Takes or renews the lease if this is possible, and returns the time of the next round.
    async fn round(&mut self) -> kube::Result<Instant> {
        if !self.is_current {
            self.read().await?;
        }
        match decide(self.observed.as_ref(), &self.settings, Instant::now()) {
            Step::Take => self.take().await,
            Step::Wait(expiry) => Ok(expiry.min(Instant::now() + self.settings.reading())),
        }
    }

    async fn read(&mut self) -> kube::Result<()> {
        let lease = self.within(self.leases.get_opt(&self.name.name)).await?;
        self.see(lease);
        Ok(())
    }

    async fn take(&mut self) -> kube::Result<Instant> {
        // The server may write the lease at any time from now on, and others may see it from then on.
        let start = Instant::now();
        let lease = taken(self.observed.as_ref(), &self.name, &self.settings, now());
        match self.write(lease).await {
            Ok(()) => {
                let deadline = start + self.settings.writing();
                self.state.send_modify(|state| state.deadline = Some(deadline));
                Ok(start + self.settings.renewal())
            }
            // Another candidate was faster, or a user changed the lease: read it again.
            Err(error) if code(&error) == Some(409) => Ok(Instant::now() + self.settings.backoff(1)),
            Err(error) => Err(error),
        }
    }

    async fn release(&mut self) -> kube::Result<()> {
        self.state.send_modify(|state| state.deadline = None);
        for _ in 0..ATTEMPTS {
            if !self.is_current {
                self.read().await?;
            }
            let held = self.observed.as_ref().filter(|observed| observed.exists);
            let held = held.filter(|observed| holder(&observed.lease) == Some(&self.settings.identity));
            let Some(held) = held else { return Ok(()) };
            match self.write(released(&held.lease, now())).await {
                Err(error) if code(&error) == Some(409) => {}
                written => return written,
            }
        }
        Ok(())
    }

    /// Creates the lease, or replaces the one that was observed.
    async fn write(&mut self, lease: Lease) -> kube::Result<()> {
        // Whatever the answer is, or if there is none, the lease may be another one now.
        self.is_current = false;
        let parameters = PostParams {
            field_manager: Some("smi-controller".to_owned()),
            ..PostParams::default()
        };
        let written = match lease.metadata.resource_version {
            Some(_) => {
                let replaced = self.leases.replace(&self.name.name, &parameters, &lease);
                self.within(replaced).await?
            }
            None => self.within(self.leases.create(&parameters, &lease)).await?,
        };
        self.see(Some(written));
        self.is_current = true;
        Ok(())
    }

    /// Remembers the answer to a request that has just ended. The lease that it shows may be older, never newer.
    fn see(&mut self, lease: Option<Lease>) {
        let holder = lease.as_ref().map(|lease| holder(lease).unwrap_or_default());
        self.state.send_modify(|state| {
            // A deleted lease can still be recreated by its last holder.
            if holder.is_some_and(|holder| holder != self.settings.identity) {
                state.deadline = None;
            }
            state.holder = holder.filter(|holder| !holder.is_empty()).map(str::to_owned);
        });
        self.observed = observe(self.observed.take(), lease, Instant::now());
    }

    fn report(&self, error: Option<&kube::Error>) {
        let error = error.map(message);
        self.state.send_modify(|state| state.error = error);
    }

    async fn within<T>(&self, answer: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
        within(self.settings.time_limit(), answer).await
    }
}

/// A view of an election. Clones see the same election.
#[derive(Clone, Debug)]
pub struct Leadership(watch::Receiver<State>);

impl Leadership {
    /// Returns `true` if this process holds the lease now. Call it immediately before each write: the answer is right
    /// even if the process, or the task that renews the lease, was not running for a while.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.0.borrow().may_write()
    }

    /// Returns the time after which this process may not write unless the lease is renewed before. It may be over. A
    /// write with a time limit should end at most a fifth of the duration later.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.borrow().deadline
    }

    /// Returns the identity of the holder when the lease was last read or written. It is for display only: even if it
    /// is this process, ask [`may_write`](Self::may_write).
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        self.0.borrow().holder.clone()
    }

    /// Returns the message of the last failure, or `None` after a success. Losing to another candidate is not a failure.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.0.borrow().error.clone()
    }

    /// Waits until this process may write. Never returns if the election has ended.
    pub async fn gained(&mut self) {
        if self.0.wait_for(State::may_write).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until this process may no longer write.
    pub async fn lost(&mut self) {
        loop {
            let state = self.0.borrow_and_update().clone();
            let Some(deadline) = state.deadline.filter(|_| state.may_write()) else {
                return;
            };
            tokio::select! {
                () = sleep_until(deadline) => {}
                // An election that has ended changes nothing.
                Ok(()) = self.0.changed() => {}
            }
        }
    }
}

/// The state of an election, as the task of the candidate publishes it.
#[derive(Clone, Debug, Default)]
struct State {
    deadline: Option<Instant>,
    holder: Option<String>,
    error: Option<String>,
}

impl State {
    fn may_write(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() < deadline)
    }
}

/// Returns the time for people to read in a lease. No decision depends on it.
fn now() -> MicroTime {
    MicroTime(Timestamp::now())
}

#[cfg(test)]
mod tests;
