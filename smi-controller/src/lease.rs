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

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use std::collections::hash_map::RandomState;
use std::error::Error;
use std::fmt::{self, Display};
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// The number of times that a release is tried if others change the lease at the same time.
const ATTEMPTS: usize = 3;

/// The namespace and the name of a `Lease`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    namespace: String,
    name: String,
}

impl LeaseName {
    /// Names a lease. It need not exist, but its namespace must.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Returns the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The identity of a candidate, and the duration of its lease.
///
/// The duration determines all other times. With the default of 15 seconds, a holder renews the lease every 5 seconds
/// and may write for 12 seconds after a renewal. Other candidates read the lease every 1.9 seconds. A request ends after
/// 3 seconds. Failed requests are repeated after 0.1 seconds, then with a backoff of up to 5 seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    identity: String,
    duration: Duration,
}

impl LeaseSettings {
    /// Replaces the identity, unless the new one is empty. It must be unique to this process, such as the name of a pod
    /// with a random suffix: a process that finds a lease with its own identity renews it at once.
    ///
    /// Default: the variable `HOSTNAME`, which is the name of the pod, the process ID and a random number.
    #[must_use]
    pub fn with_identity(mut self, identity: impl Into<String>) -> Self {
        // An empty identity marks a released lease.
        let identity = identity.into();
        if !identity.is_empty() {
            self.identity = identity;
        }
        self
    }

    /// Replaces the duration of the lease, from one second to one hour. Default: 15 seconds.
    #[must_use]
    pub fn with_duration(mut self, duration: Duration) -> Self {
        self.duration = duration.clamp(Duration::from_secs(1), Duration::from_secs(3600));
        self
    }

    /// Returns the identity of this candidate.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Returns the duration of the lease.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns how long a holder may write after the start of a renewal.
    fn writing(&self) -> Duration {
        self.duration / 5 * 4
    }

    /// Returns the time from the start of a renewal to the start of the next.
    fn renewal(&self) -> Duration {
        self.duration / 3
    }

    /// Returns the time after which a candidate reads the lease of another again.
    fn reading(&self) -> Duration {
        self.duration / 8
    }

    /// Returns the time limit of a request, which leaves a holder time for a second attempt.
    fn time_limit(&self) -> Duration {
        self.duration / 5
    }

    /// Returns the pause after a number of failures in a row.
    fn backoff(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        (self.duration / 150).saturating_mul(factor).min(self.renewal())
    }
}

impl Default for LeaseSettings {
    fn default() -> Self {
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "smi-controller".to_owned());
        let random = RandomState::new().build_hasher().finish();
        Self {
            identity: format!("{host}_{}_{random:016x}", std::process::id()),
            duration: Duration::from_secs(15),
        }
    }
}

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
                Err(failure) => {
                    failures += 1;
                    self.report(Some(failure));
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
        self.report(released.err());
    }

    /// Takes or renews the lease if this is possible, and returns the time of the next round.
    async fn round(&mut self) -> Result<Instant, Failure> {
        if !self.is_current {
            self.read().await?;
        }
        match decide(self.observed.as_ref(), &self.settings, Instant::now()) {
            Step::Take => self.take().await,
            Step::Wait(expiry) => Ok(expiry.min(Instant::now() + self.settings.reading())),
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let lease = self.within(self.leases.get_opt(&self.name.name)).await?;
        self.see(lease);
        Ok(())
    }

    async fn take(&mut self) -> Result<Instant, Failure> {
        // The server may write the lease at any time from now on, and others may see it from then on.
        let start = Instant::now();
        let lease = taken(self.observed.as_ref(), &self.name, &self.settings, wall_clock());
        match self.write(lease).await {
            Ok(()) => {
                let deadline = start + self.settings.writing();
                self.state.send_modify(|state| state.deadline = Some(deadline));
                Ok(start + self.settings.renewal())
            }
            // Another candidate was faster, or a user changed the lease: read it again.
            Err(failure) if failure.code == Some(409) => Ok(Instant::now() + self.settings.backoff(1)),
            Err(failure) => Err(failure),
        }
    }

    async fn release(&mut self) -> Result<(), Failure> {
        self.state.send_modify(|state| state.deadline = None);
        for _ in 0..ATTEMPTS {
            if !self.is_current {
                self.read().await?;
            }
            let held = self.observed.as_ref().filter(|observed| observed.exists);
            let held = held.filter(|observed| holder(&observed.lease) == Some(&self.settings.identity));
            let Some(held) = held else { return Ok(()) };
            match self.write(released(&held.lease, wall_clock())).await {
                Err(failure) if failure.code == Some(409) => {}
                written => return written,
            }
        }
        Ok(())
    }

    /// Creates the lease, or replaces the one that was observed.
    async fn write(&mut self, lease: Lease) -> Result<(), Failure> {
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

    fn report(&self, failure: Option<Failure>) {
        let error = failure.map(|failure| failure.message);
        self.state.send_modify(|state| state.error = error);
    }

    async fn within<T>(&self, answer: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
        let limit = self.settings.time_limit();
        let answer = timeout(limit, answer).await.map_err(|_| Failure {
            code: None,
            message: format!("the API server did not answer within {limit:?}"),
        });
        answer?.map_err(Failure::from)
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

    /// Returns the identity of the holder when the lease was last read or written. It is for people: that of this
    /// process does not mean that it may write.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        self.0.borrow().holder.clone()
    }

    /// Returns the message of the last failure, or `None` after a success. Losing against another candidate is none.
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

/// What the task of a candidate tells others.
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

/// A failed request.
#[derive(Debug)]
struct Failure {
    /// The HTTP status of the answer.
    code: Option<u16>,
    message: String,
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        if let kube::Error::Api(status) = error {
            let message = match status.message.as_str() {
                "" => format!("the API server answered with status {}", status.code),
                message => message.to_owned(),
            };
            let code = Some(status.code);
            return Self { code, message };
        }
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Many errors of kube repeat their source.
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = error.source();
        }
        Self { code: None, message }
    }
}

/// A lease as it was last seen.
#[derive(Debug)]
struct Observed {
    lease: Lease,
    /// Is `false` if the lease was deleted later.
    exists: bool,
    /// The time at which this state was first seen.
    since: Instant,
}

/// A step of a candidate that has just read the lease, or that holds it.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Create, take over or renew the lease.
    Take,
    /// Leave the lease to its holder, until this time at least.
    Wait(Instant),
}

/// Adds an answer that arrived at `now` to what was observed before.
fn observe(before: Option<Observed>, lease: Option<Lease>, now: Instant) -> Option<Observed> {
    let (lease, exists) = match (lease, &before) {
        (Some(lease), _) => (lease, true),
        (None, Some(before)) => (before.lease.clone(), false),
        (None, None) => return None,
    };
    let same = before.filter(|before| before.exists == exists && before.lease == lease);
    let since = same.map_or(now, |before| before.since);
    Some(Observed { lease, exists, since })
}

fn decide(observed: Option<&Observed>, settings: &LeaseSettings, now: Instant) -> Step {
    let Some(Observed { lease, since, .. }) = observed else {
        return Step::Take;
    };
    if holder(lease).is_some_and(|holder| holder.is_empty() || holder == settings.identity) {
        return Step::Take;
    }
    // The holder may have other settings. What it wrote is what it relies on.
    let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let expiry = *since + duration.unwrap_or(settings.duration);
    if now < expiry { Step::Wait(expiry) } else { Step::Take }
}

/// Returns the lease to write in order to hold it. It has a resource version if it replaces one that exists.
fn taken(observed: Option<&Observed>, name: &LeaseName, settings: &LeaseSettings, time: MicroTime) -> Lease {
    let before = observed.and_then(|observed| observed.lease.spec.clone());
    let is_renewal = observed.is_some_and(|observed| holder(&observed.lease) == Some(&settings.identity));
    let transitions = before.as_ref().and_then(|spec| spec.lease_transitions);
    let seconds = settings.duration.as_secs() + u64::from(settings.duration.subsec_nanos() > 0);
    let before = before.unwrap_or_default();
    let spec = LeaseSpec {
        holder_identity: Some(settings.identity.clone()),
        lease_duration_seconds: i32::try_from(seconds).ok(),
        acquire_time: before.acquire_time.filter(|_| is_renewal).or(Some(time.clone())),
        renew_time: Some(time),
        lease_transitions: transitions
            .map(|count| count.saturating_add(i32::from(!is_renewal)))
            .or(Some(0)),
        ..before
    };
    let metadata = observed.filter(|observed| observed.exists).map_or_else(
        || ObjectMeta {
            namespace: Some(name.namespace.clone()),
            name: Some(name.name.clone()),
            ..ObjectMeta::default()
        },
        |observed| observed.lease.metadata.clone(),
    );
    Lease {
        metadata,
        spec: Some(spec),
    }
}

/// Returns the lease to write in order to release it.
fn released(lease: &Lease, time: MicroTime) -> Lease {
    let spec = LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(1),
        renew_time: Some(time),
        ..lease.spec.clone().unwrap_or_default()
    };
    Lease {
        metadata: lease.metadata.clone(),
        spec: Some(spec),
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}

/// Returns the time that people see in a lease. No decision depends on it.
fn wall_clock() -> MicroTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let microseconds = i64::try_from(since_epoch.as_micros()).unwrap_or_default();
    MicroTime(Timestamp::from_microsecond(microseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpListener};

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> LeaseSettings {
        LeaseSettings::default().with_identity("me")
    }

    fn time(second: i64) -> MicroTime {
        MicroTime(Timestamp::from_second(second).unwrap())
    }

    /// A lease of 10 seconds, as another implementation may write it.
    fn lease(holder: &str, version: &str) -> Lease {
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(10),
            acquire_time: Some(time(100)),
            renew_time: Some(time(200)),
            lease_transitions: Some(3),
            ..LeaseSpec::default()
        };
        let metadata = ObjectMeta {
            name: Some("operator".to_owned()),
            namespace: Some("smi-system".to_owned()),
            resource_version: Some(version.to_owned()),
            labels: Some(BTreeMap::from([("team".to_owned(), "mesh".to_owned())])),
            ..ObjectMeta::default()
        };
        Lease {
            metadata,
            spec: Some(spec),
        }
    }

    /// Observes one state after another, each a second after the one before. Returns the steps at these times, in
    /// seconds to wait.
    fn waits<const N: usize>(states: [Option<Lease>; N]) -> [u64; N] {
        let mut now = Instant::now();
        let mut observed = None;
        states.map(|lease| {
            now += SECOND;
            observed = observe(observed.take(), lease, now);
            match decide(observed.as_ref(), &settings(), now) {
                Step::Take => 0,
                Step::Wait(expiry) => (expiry - now).as_secs(),
            }
        })
    }

    #[test]
    fn a_lease_that_never_existed_or_was_released_is_taken_at_once() {
        assert_eq!(waits([None, None]), [0, 0]);
        assert_eq!(waits([Some(lease("", "1"))]), [0]);
        assert_eq!(waits([Some(lease("other", "1")), Some(lease("", "2"))]), [10, 0]);
    }

    #[test]
    fn an_own_lease_is_renewed_at_once() {
        assert_eq!(waits([Some(lease("me", "1"))]), [0]);
        assert_eq!(waits([Some(lease("me", "1")), None]), [0, 0]);
    }

    #[test]
    fn a_foreign_lease_is_taken_over_after_its_duration_without_a_change() {
        let unchanged = [(); 12].map(|()| Some(lease("other", "1")));
        assert_eq!(waits(unchanged), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
    }

    #[test]
    fn every_change_restarts_the_wait() {
        let edits: [fn(&mut Lease, &mut LeaseSpec); 4] = [
            |lease, _| lease.metadata.resource_version = Some("2".to_owned()),
            |_, spec| spec.holder_identity = Some("third".to_owned()),
            |_, spec| spec.renew_time = Some(time(0)),
            |_, spec| spec.lease_transitions = Some(4),
        ];
        for edit in edits {
            let mut changed = lease("other", "1");
            let mut spec = changed.spec.clone().unwrap();
            edit(&mut changed, &mut spec);
            changed.spec = Some(spec);
            let same = || Some(lease("other", "1"));
            let changed = || Some(changed.clone());
            assert_eq!(waits([same(), same(), changed(), changed()]), [10, 9, 10, 9]);
        }
    }

    #[test]
    fn a_malformed_lease_is_taken_over_after_our_duration() {
        let with = |change: fn(&mut LeaseSpec)| {
            let mut lease = lease("other", "1");
            change(lease.spec.as_mut().unwrap());
            lease
        };
        let mut no_spec = lease("other", "1");
        no_spec.spec = None;
        for malformed in [
            no_spec,
            with(|spec| *spec = LeaseSpec::default()),
            with(|spec| spec.lease_duration_seconds = None),
            with(|spec| spec.lease_duration_seconds = Some(0)),
            with(|spec| spec.lease_duration_seconds = Some(-1)),
        ] {
            assert_eq!(waits([Some(malformed.clone()), Some(malformed)]), [15, 14]);
        }
        let no_time = with(|spec| (spec.renew_time, spec.acquire_time) = (None, None));
        let no_holder = with(|spec| spec.holder_identity = None);
        assert_eq!(waits([Some(no_time), Some(no_holder)]), [10, 10]);
        let endless = with(|spec| spec.lease_duration_seconds = Some(i32::MAX));
        assert_eq!(waits([Some(endless)]), [u64::from(i32::MAX.unsigned_abs())]);
    }

    #[test]
    fn the_holder_of_a_deleted_lease_can_recreate_it_first() {
        let seen = || Some(lease("other", "1"));
        assert_eq!(waits([seen(), seen(), None, None]), [10, 9, 10, 9]);
        // Both are new leases, even if a restored server counts its versions again.
        assert_eq!(waits([seen(), None, seen(), seen()]), [10, 10, 10, 9]);
    }

    fn written(before: Option<Lease>) -> Lease {
        let observed = before.and_then(|lease| observe(None, Some(lease), Instant::now()));
        let name = LeaseName::new("smi-system", "operator");
        taken(observed.as_ref(), &name, &settings(), time(300))
    }

    #[test]
    fn taking_over_counts_a_transition_and_renewing_does_not() {
        let mut expected = lease("me", "1");
        let spec = expected.spec.as_mut().unwrap();
        spec.lease_duration_seconds = Some(15);
        spec.renew_time = Some(time(300));
        assert_eq!(written(Some(lease("me", "1"))), expected);
        let spec = expected.spec.as_mut().unwrap();
        (spec.acquire_time, spec.lease_transitions) = (Some(time(300)), Some(4));
        assert_eq!(written(Some(lease("other", "1"))), expected);
        assert_eq!(written(Some(lease("", "1"))), expected);
    }

    #[test]
    fn a_created_lease_has_no_version() {
        let mut expected = lease("me", "");
        expected.metadata.resource_version = None;
        expected.metadata.labels = None;
        expected.spec = Some(LeaseSpec {
            lease_duration_seconds: Some(15),
            acquire_time: Some(time(300)),
            renew_time: Some(time(300)),
            lease_transitions: Some(0),
            ..expected.spec.unwrap()
        });
        assert_eq!(written(None), expected);
        let before = observe(None, Some(lease("other", "1")), Instant::now());
        let deleted = observe(before, None, Instant::now());
        let name = LeaseName::new("smi-system", "operator");
        let recreated = taken(deleted.as_ref(), &name, &settings(), time(300));
        assert_eq!(recreated.metadata, expected.metadata);
    }

    #[test]
    fn a_release_keeps_everything_else() {
        let mut expected = lease("", "1");
        let spec = expected.spec.as_mut().unwrap();
        (spec.lease_duration_seconds, spec.renew_time) = (Some(1), Some(time(300)));
        assert_eq!(released(&lease("me", "1"), time(300)), expected);
    }

    #[test]
    fn a_holder_has_time_for_two_renewals_and_stops_before_a_takeover() {
        for milliseconds in [0, 1_000, 1_500, 15_000, 3_600_000, u64::MAX] {
            let settings = settings().with_duration(Duration::from_millis(milliseconds));
            assert!(settings.duration() >= SECOND && settings.duration() <= 3600 * SECOND);
            assert!(settings.renewal() + 2 * settings.time_limit() < settings.writing());
            assert!(settings.writing() + settings.time_limit() <= settings.duration());
            let name = LeaseName::new("smi-system", "operator");
            let spec = taken(None, &name, &settings, time(0)).spec.unwrap();
            let seconds = spec.lease_duration_seconds.unwrap().unsigned_abs();
            assert!(seconds * SECOND >= settings.duration(), "{settings:?}");
            let backoffs = [1, 2, 3, 100].map(|failures| settings.backoff(failures));
            assert!(backoffs.is_sorted() && backoffs[0] < backoffs[2]);
            assert_eq!(backoffs[3], settings.renewal());
        }
    }

    #[test]
    fn identities_are_unique_and_never_empty() {
        assert_ne!(LeaseSettings::default(), LeaseSettings::default());
        assert_eq!(settings().with_identity(""), settings());
        assert_eq!(settings().identity(), "me");
    }

    fn elected(deadline: Option<Instant>) -> (watch::Sender<State>, Leadership) {
        let (sender, receiver) = watch::channel(State {
            deadline,
            ..State::default()
        });
        (sender, Leadership(receiver))
    }

    #[test]
    fn nothing_is_written_after_the_deadline_even_if_no_task_runs() {
        let (_sender, leadership) = elected(Some(Instant::now() + Duration::from_millis(50)));
        assert!(leadership.may_write());
        std::thread::sleep(Duration::from_millis(51));
        assert!(!leadership.may_write());
        assert!(leadership.deadline().is_some());
        assert!(!elected(None).1.may_write());
    }

    #[tokio::test]
    async fn gains_and_losses_are_noticed() {
        let (sender, mut leadership) = elected(None);
        leadership.lost().await;
        let mut other = leadership.clone();
        let waiting = tokio::spawn(async move { other.gained().await });
        let deadline = Instant::now() + Duration::from_millis(100);
        sender.send_modify(|state| state.deadline = Some(deadline));
        waiting.await.unwrap();
        // A renewal is no loss.
        sender.send_modify(|state| state.deadline = Some(deadline + Duration::from_millis(100)));
        leadership.lost().await;
        assert!(Instant::now() >= deadline + Duration::from_millis(100));
        // Nor is the end of the election, until the deadline.
        let deadline = Instant::now() + Duration::from_millis(100);
        sender.send_modify(|state| state.deadline = Some(deadline));
        drop(sender);
        leadership.gained().await;
        leadership.lost().await;
        assert!(Instant::now() >= deadline);
        timeout(Duration::from_millis(20), leadership.gained())
            .await
            .unwrap_err();
    }

    /// Answers every request after a delay, depending on the first line of the request.
    fn serve(delay: Duration, answer: fn(&str) -> (u16, &'static str)) -> SocketAddr {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in server.incoming() {
                let mut connection = BufReader::new(connection.unwrap());
                let mut request = String::new();
                while connection.read_line(&mut request).unwrap() > "\r\n".len() {}
                let request = request.to_lowercase();
                let length = request.split_once("content-length: ").map_or("0", |(_, rest)| rest);
                let length = length.lines().next().unwrap().parse().unwrap();
                connection.read_exact(&mut vec![0; length]).unwrap();
                std::thread::sleep(delay);
                let (code, body) = answer(&request);
                let header = format!(
                    "HTTP/1.1 {code} -\r\nConnection: close\r\nContent-Length: {}",
                    body.len()
                );
                // The candidate may not wait any longer.
                _ = write!(connection.get_mut(), "{header}\r\n\r\n{body}");
            }
        });
        address
    }

    /// Creates a candidate with a lease of one second.
    fn candidate(server: SocketAddr) -> Candidate {
        let url = format!("http://{server}").parse().unwrap();
        let client = Client::try_from(kube::Config::new(url)).unwrap();
        let settings = settings().with_duration(SECOND);
        Candidate::new(client, LeaseName::new("smi-system", "operator"), settings)
    }

    /// Runs a candidate until it reports an error.
    async fn error(candidate: Candidate) -> String {
        let leadership = candidate.leadership();
        let mut state = leadership.0.clone();
        candidate
            .run(async { drop(state.wait_for(|state| state.error.is_some()).await) })
            .await;
        assert!(!leadership.may_write());
        leadership.error().unwrap()
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_reported() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let candidate = candidate(silent.local_addr().unwrap());
        assert_eq!(error(candidate).await, "the API server did not answer within 200ms");
    }

    #[tokio::test]
    async fn an_unreachable_server_is_reported_with_the_reason() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = error(candidate(closed)).await;
        assert!(error.contains("Connection refused"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_permission_is_reported() {
        const FORBIDDEN: &str = r#"{"kind":"Status","status":"Failure","code":403,"message":"leases is forbidden"}"#;
        let server = serve(Duration::ZERO, |_| (403, FORBIDDEN));
        assert_eq!(error(candidate(server)).await, "leases is forbidden");
    }

    #[tokio::test]
    async fn the_deadline_counts_from_the_start_of_the_request() {
        let delay = Duration::from_millis(100);
        let server = serve(delay, |request| match request.split_once(' ') {
            Some(("get", _)) => (
                404,
                r#"{"kind":"Status","status":"Failure","code":404,"reason":"NotFound"}"#,
            ),
            _ => (
                200,
                r#"{"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":"me"}}"#,
            ),
        });
        let candidate = candidate(server);
        let mut leadership = candidate.leadership();
        let task = tokio::spawn(candidate.run(std::future::pending()));
        leadership.gained().await;
        let left = leadership.deadline().unwrap() - Instant::now();
        assert!(left + delay <= SECOND / 5 * 4, "{left:?}");
        task.abort();
    }
}
