//! A running controller.

use super::contest::Contests;
use super::echo::Echoes;
use super::handle::{DryRun, ObjectStatus, Readiness, Request, Shared};
use super::metrics::{Measurement, Metrics};
use super::report::{Troubles, troubles_of};
use super::tell::Teller;
use super::writes::Writes;
use super::{Controller, Options};
use crate::cluster::KubeCluster;
use crate::conditions::in_status;
use crate::event::{Reporter, Subject};
use crate::lease::{Candidate, Leadership};
use crate::mirror::{Mirror, Seen, Update};
use crate::watch::Report;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::engine::{Edit, Engine};
use smi_adapter::object::{Kind, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// The longest time between two steps, so that a handle sees that the controller is alive.
const STEP: Duration = Duration::from_secs(1);
/// The number of updates that are taken in one step.
const UPDATES: usize = 1000;
/// The time after which conditions are written although as many native objects are being written as can be.
const TELL: Duration = Duration::from_secs(5);
/// The time after which is looked again at what nothing else would bring up.
const AGAIN: Duration = Duration::from_secs(2);

/// A running controller.
pub(super) struct Running {
    pub(super) adapter: Arc<dyn MeshAdapter>,
    pub(super) mirror: Mirror,
    pub(super) engine: Engine<Arc<dyn MeshAdapter>>,
    pub(super) echoes: Echoes,
    pub(super) writes: Writes,
    pub(super) teller: Teller,
    pub(super) reporter: Reporter,
    pub(super) shared: Shared,
    pub(super) metrics: Metrics,
    pub(super) options: Options,
    election: Option<Election>,
    /// The SMI objects in the cluster.
    pub(super) subjects: BTreeMap<ObjectRef, Known>,
    /// The SMI objects whose conditions may have changed.
    pub(super) unwritten: BTreeSet<ObjectRef>,
    /// Those of them for which a write is outstanding.
    pub(super) waiting: BTreeSet<ObjectRef>,
    /// The diagnostics about writes.
    pub(super) troubles: Troubles,
    /// The writes of conditions of each object.
    pub(super) told_contests: Contests,
    /// The objects of which a diagnostic has gone, and which have not been reported to be in force again.
    pub(super) recovering: BTreeSet<ObjectRef>,
    /// The time of the last write for each SMI object.
    pub(super) written_at: BTreeMap<ObjectRef, SystemTime>,
    /// The times at which edits of SMI objects arrived whose writes are outstanding, for the metrics.
    pub(super) edited: BTreeMap<ObjectRef, Instant>,
    /// Those of them of which it is not yet known whether they require a write.
    arrived: BTreeSet<ObjectRef>,
    /// Is `true` if the engine was edited in this step.
    pub(super) has_edits: bool,
    /// Is `true` once diagnostics have been told.
    pub(super) has_told: bool,
    /// The time at which conditions were last written.
    told: Instant,
    /// The time of the last [look](Self::look_again) at what nothing else would bring up.
    checked: Instant,
    /// The time at which something can be done that cannot be done yet.
    next: Option<Instant>,
}

/// An SMI object in the cluster.
pub(super) struct Known {
    pub(super) subject: Subject,
    pub(super) version: String,
    pub(super) generation: Option<i64>,
    /// Is `true` if the conditions could not be written.
    pub(super) is_unwritten: bool,
    /// The conditions in its status.
    pub(super) conditions: Vec<Condition>,
}

/// The election that a controller takes part in.
struct Election {
    leadership: Leadership,
    finished: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn start(controller: Controller) -> Self {
        let Controller {
            client,
            adapter,
            settings,
            options,
            lease,
            reporter,
            metrics,
            shared,
        } = controller;
        let client = client.0;
        let mut identity = None;
        let mut cluster = KubeCluster::new(client.clone());
        // Without writes, there is nothing to take the lease for.
        let election = lease.filter(|_| !options.is_read_only).map(|(name, settings)| {
            // A write that begins at the deadline must end before another instance can take the lease over.
            cluster = cluster.clone().with_time_limit(settings.duration() / 5);
            identity = Some(settings.identity().to_owned());
            let candidate = Candidate::new(client.clone(), name, settings);
            let (finished, end) = oneshot::channel();
            Election {
                leadership: candidate.leadership(),
                finished,
                task: tokio::spawn(candidate.run(async {
                    // It also ends with the controller.
                    _ = end.await;
                })),
            }
        });
        let reporter = Reporter {
            controller: reporter.unwrap_or_else(|| format!("smi-adapter.dev/{}", settings.owner)),
            instance: identity
                .or_else(|| std::env::var("HOSTNAME").ok())
                .unwrap_or_else(|| settings.owner.to_string()),
        };
        let mirror = Mirror::start(&client, &adapter, &settings);
        let mut engine = Engine::new(Arc::clone(&adapter), settings);
        let field_manager = engine.plan().field_manager;
        Self {
            adapter,
            mirror,
            engine,
            echoes: Echoes::default(),
            writes: Writes::new(cluster, field_manager, options),
            teller: Teller::start(client, shared.changes(), metrics.clone()),
            reporter,
            shared,
            metrics,
            options,
            election,
            subjects: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            waiting: BTreeSet::new(),
            troubles: BTreeMap::new(),
            told_contests: Contests::default(),
            recovering: BTreeSet::new(),
            written_at: BTreeMap::new(),
            edited: BTreeMap::new(),
            arrived: BTreeSet::new(),
            has_edits: false,
            has_told: false,
            told: Instant::now(),
            checked: Instant::now(),
            next: None,
        }
    }

    /// Waits until something happens, and does what follows from it.
    pub(super) async fn step(&mut self) {
        let wake = Instant::now() + STEP;
        let wake = self.next.map_or(wake, |next| next.min(wake));
        let mut leadership = self.election.as_ref().map(|election| election.leadership.clone());
        tokio::select! {
            update = self.mirror.next() => self.take(update),
            written = self.writes.next() => self.finish(written),
            Some(request) = self.shared.requests.recv() => self.answer(request),
            () = turn(&mut leadership) => {}
            () = sleep_until(wake) => {}
        }
        for _ in 0..UPDATES {
            let Some(update) = self.mirror.try_next() else { break };
            self.take(update);
        }
        self.act();
    }

    /// Finishes what is under way, and releases the lease.
    pub(super) async fn stop(mut self) {
        while !self.writes.is_idle() {
            let written = self.writes.next().await;
            self.finish(written);
        }
        self.teller.finish().await;
        if let Some(Election { finished, task, .. }) = self.election {
            drop(finished);
            // A panic there leaves a lease that expires.
            _ = task.await;
        }
    }

    /// Takes an update of the mirror.
    fn take(&mut self, mut update: Update) {
        let known = self.subjects.len();
        if let Some((watched, report)) = update.report() {
            if let Report::Failed(error) = report {
                tracing::warn!(kind = %watched.kind, namespace = watched.namespace, error, "a watch failed");
                self.metrics.record(Measurement::WatchFailed(&watched.kind));
            }
            if !self.echoes.correct(watched, report) {
                return;
            }
            match report {
                Report::Listed(list, _) => {
                    self.metrics.record(Measurement::Listed(&watched.kind));
                    self.subjects.retain(|object, _| !watched.contains(object));
                    self.writes.acceptance.relist(watched, list);
                    for seen in list {
                        self.notice(seen, false);
                    }
                }
                Report::Applied(seen) => self.notice(seen, true),
                Report::Deleted(seen) => {
                    self.subjects.remove(&seen.object);
                    self.written_at.remove(&seen.object);
                    self.writes.acceptance.remove(&seen.object);
                }
                Report::Resumed | Report::Failed(_) => {}
            }
            self.has_edits |= !matches!(report, Report::Resumed | Report::Failed(_));
        }
        match update.served() {
            Some((kind, true)) => self.writes.retry(kind),
            Some((kind, false)) => {
                self.has_edits = true;
                self.subjects.retain(|object, _| object.kind != *kind);
                self.writes.acceptance.remove_all(kind);
            }
            None => {}
        }
        if self.subjects.len() != known {
            self.count(update.kind());
        }
        update.apply(&mut self.engine);
    }

    /// Counts the objects of a kind.
    fn count(&self, kind: &Kind) {
        if self.metrics.is_on() {
            let objects = self.subjects.keys().filter(|object| object.kind == *kind);
            self.metrics.record(Measurement::Objects(kind, objects.count()));
        }
    }

    /// Notes what the engine does not need of an object.
    fn notice(&mut self, seen: &Seen, is_new: bool) {
        let kind = &seen.object.kind;
        if let Edit::Native(object) = &seen.edit {
            self.writes.notice(object);
            self.accept(object, &seen.status, is_new);
        }
        let Some(served) = self.mirror.served(kind).filter(|_| Kind::SMI.contains(kind)) else {
            return;
        };
        let known = Known {
            subject: Subject {
                object: seen.object.clone(),
                api_version: format!("{}/{}", kind.group(), served.version),
                uid: seen.uid.clone(),
            },
            version: seen.version.clone(),
            generation: seen.generation,
            is_unwritten: false,
            conditions: in_status(&seen.status),
        };
        let generation = known.generation;
        let former = self.subjects.insert(seen.object.clone(), known);
        self.unwritten.insert(seen.object.clone());
        if self.metrics.is_on() && former.is_none_or(|former| former.generation != generation) {
            self.edited.entry(seen.object.clone()).or_insert_with(Instant::now);
            self.arrived.insert(seen.object.clone());
        }
    }

    /// Starts the writes that can be started, and tells what has changed.
    fn act(&mut self) {
        let leadership = self.election.as_ref().map(|election| election.leadership.clone());
        let is_leader = leadership.as_ref().is_none_or(Leadership::may_write);
        let is_complete = self.mirror.is_complete();
        self.next = None;
        if is_complete {
            self.derive();
        }
        // Another instance tells while this one may not write.
        if !is_leader {
            self.has_told = false;
            self.unwritten.clear();
            self.waiting.clear();
            self.edited.clear();
        }
        if is_complete && is_leader {
            self.tell();
            if !self.options.is_read_only {
                self.next = self
                    .writes
                    .start(&mut self.engine, &mut self.echoes, leadership.as_ref());
            }
            if self.checked.elapsed() >= AGAIN {
                self.checked = Instant::now();
                self.look_again();
            }
            self.recover();
            // They would take the server's time for native objects.
            if !self.writes.is_full() || self.told.elapsed() >= TELL {
                self.told = Instant::now();
                self.write_conditions();
            }
        }
        let stale = self.mirror.stale().map(|(kind, namespace, error)| {
            let place = namespace.map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
            let reason = error.map_or_else(String::new, |error| format!(": {error}"));
            format!("{}/{}{place}{reason}", kind.group(), kind.plural())
        });
        let stale: Vec<String> = stale.collect();
        let readiness = Readiness {
            is_ready: is_complete && stale.is_empty(),
            is_leader,
            stale,
            lease_error: leadership.as_ref().and_then(Leadership::error),
            outstanding: if is_complete { self.engine.outstanding() } else { 0 },
        };
        if self.metrics.is_on() {
            let policies = is_complete.then(|| self.engine.policies());
            self.metrics.record(Measurement::State(&readiness, policies));
        }
        self.shared.publish(readiness);
    }

    /// Derives the consequences of the edits, and measures how long it takes.
    pub(super) fn derive(&mut self) {
        if !std::mem::take(&mut self.has_edits) {
            return;
        }
        let started = Instant::now();
        self.engine.outstanding();
        self.metrics.record(Measurement::Planned(started.elapsed()));
        for object in std::mem::take(&mut self.arrived) {
            if self.engine.is_applied(&object) {
                self.edited.remove(&object);
            }
        }
    }

    /// Answers a request of a handle.
    fn answer(&mut self, request: Request) {
        let is_complete = self.mirror.is_complete();
        // Who asked may have gone.
        match request {
            Request::Status(object, answer) => {
                let status = is_complete.then(|| ObjectStatus {
                    status: self.engine.status(&object),
                    writes: troubles_of(&self.troubles, &object),
                    is_written: self.is_in_place(&object),
                    written_at: self.written_at.get(&object).copied(),
                });
                _ = answer.send(status);
            }
            Request::Plan(answer) => {
                let plan = is_complete.then(|| self.engine.plan().actions);
                _ = answer.send(plan);
            }
            Request::DryRun(edits, answer) => {
                let dry_run = is_complete.then(|| {
                    let mut copy = self.engine.clone();
                    // Those of the edits only.
                    _ = copy.diagnostics();
                    for edit in edits {
                        copy.edit(edit);
                    }
                    DryRun {
                        actions: copy.plan().actions,
                        diagnostics: copy.diagnostics(),
                    }
                });
                _ = answer.send(dry_run);
            }
        }
    }
}

/// Waits until this process may write, or may no longer.
async fn turn(leadership: &mut Option<Leadership>) {
    match leadership {
        Some(leadership) if leadership.may_write() => leadership.lost().await,
        Some(leadership) => leadership.gained().await,
        None => std::future::pending().await,
    }
}
