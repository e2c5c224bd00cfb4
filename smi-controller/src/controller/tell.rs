//! Events and conditions, sent in the background.

use super::handle::Change;
use super::metrics::{Measurement, Metrics};
use crate::backoff::Backoff;
use crate::cluster::resource;
use crate::event::Subject;
use crate::request::{code, within};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use smi_adapter::object::{Kind, ObjectRef};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// The number of Events that wait to be sent. Later ones are dropped, and logged.
const EVENTS: usize = 10_000;
/// The number of objects whose conditions wait to be written. The controller keeps the others.
const CONDITIONS: usize = 16;
/// The largest number of Events about one object in a minute.
const A_MINUTE: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The time for what waits when the controller ends.
const FINISH: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 5;
/// An Event that is not sent.
const DROPPED: Measurement<'static> = Measurement::Report {
    is_event: true,
    is_sent: false,
};

/// The sender of Events and conditions.
#[derive(Debug)]
pub(super) struct Teller {
    events: mpsc::Sender<(Event, bool)>,
    conditions: mpsc::Sender<Conditions>,
    task: JoinHandle<()>,
    /// The Events about each object in the minute that began then, by UID.
    recent: BTreeMap<String, (Instant, u32)>,
    /// The time at which old ones were last removed.
    cleaned: Instant,
    unwritten: mpsc::UnboundedReceiver<ObjectRef>,
    metrics: Metrics,
}

/// Conditions for an object in a version.
#[derive(Debug)]
struct Conditions(Subject, String, Vec<Condition>);

impl Teller {
    pub(super) fn start(client: Client, changes: broadcast::Sender<Change>, metrics: Metrics) -> Self {
        let (events, waiting_events) = mpsc::channel(EVENTS);
        let (conditions, waiting_conditions) = mpsc::channel(CONDITIONS);
        let (failed, unwritten) = mpsc::unbounded_channel();
        let sending = Sending {
            client,
            changes,
            unwritten: failed,
            metrics: metrics.clone(),
        };
        Self {
            events,
            conditions,
            task: tokio::spawn(sending.run(waiting_events, waiting_conditions)),
            metrics,
            recent: BTreeMap::new(),
            cleaned: Instant::now(),
            unwritten,
        }
    }

    /// Sends an Event, unless it is too much. An Event that exists already is sent again if `is_new`.
    pub(super) fn tell(&mut self, event: Event, is_new: bool) {
        let uid = event.regarding.as_ref().and_then(|object| object.uid.clone());
        let now = Instant::now();
        if now - self.cleaned >= MINUTE {
            self.cleaned = now;
            self.recent.retain(|_, (began, _)| now - *began < MINUTE);
        }
        let (began, count) = self.recent.entry(uid.unwrap_or_default()).or_insert((now, 0));
        if now - *began >= MINUTE {
            (*began, *count) = (now, 0);
        }
        *count += 1;
        let note = event.note.clone().unwrap_or_default();
        if *count > A_MINUTE {
            tracing::warn!(note, "too many Events about one object in a minute: not sent");
            self.metrics.record(DROPPED);
            return;
        }
        if self.events.try_send((event, is_new)).is_err() {
            tracing::warn!(note, "too many Events are waiting: not sent");
            self.metrics.record(DROPPED);
        }
    }

    /// Writes the conditions of an object that has a version. Returns `false` if too many are waiting.
    pub(super) fn write(&self, subject: Subject, version: String, conditions: Vec<Condition>) -> bool {
        let waiting = Conditions(subject, version, conditions);
        self.conditions.try_send(waiting).is_ok()
    }

    /// Returns the objects whose conditions could not be written since the last call.
    pub(super) fn unwritten(&mut self) -> Vec<ObjectRef> {
        std::iter::from_fn(|| self.unwritten.try_recv().ok()).collect()
    }

    /// Sends what waits, within a time limit.
    pub(super) async fn finish(self) {
        drop((self.events, self.conditions));
        let mut task = self.task;
        if timeout(FINISH, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("some Events were not sent in time");
        }
    }
}

/// The sending side of a teller, which runs in the background.
struct Sending {
    client: Client,
    changes: broadcast::Sender<Change>,
    unwritten: mpsc::UnboundedSender<ObjectRef>,
    metrics: Metrics,
}

impl Sending {
    /// Sends one after another, Events first.
    async fn run(self, mut events: mpsc::Receiver<(Event, bool)>, mut conditions: mpsc::Receiver<Conditions>) {
        loop {
            tokio::select! {
                biased;
                Some((event, is_new)) = events.recv() => {
                    let sent = send(&self.client, event, is_new).await;
                    self.note(true, sent);
                }
                Some(Conditions(subject, version, conditions)) = conditions.recv() => {
                    let patched = patch(&self.client, &subject, &version, &conditions).await;
                    if patched.is_err() {
                        // The controller may have ended.
                        _ = self.unwritten.send(subject.object);
                    }
                    self.note(false, patched);
                }
                else => return,
            }
        }
    }

    fn note(&self, is_event: bool, sent: kube::Result<()>) {
        let is_sent = sent.is_ok();
        self.metrics.record(Measurement::Report { is_event, is_sent });
        if let Err(error) = sent {
            tracing::warn!(%error, "an Event or a status was not written");
            // Without a receiver, the log remains.
            _ = self.changes.send(Change::Unreported(Arc::new(error)));
        }
    }
}

/// Sends one Event.
async fn send(client: &Client, mut event: Event, is_new: bool) -> kube::Result<()> {
    let namespace = event.metadata.namespace.clone().unwrap_or_default();
    let events: Api<Event> = Api::namespaced(client.clone(), &namespace);
    let parameters = PostParams::default();
    let mut result = persist(|| events.create(&parameters, &event)).await;
    if is_new && is_conflict(&result) {
        // The same was reported before.
        rename(&mut event);
        result = persist(|| events.create(&parameters, &event)).await;
    }
    match result {
        conflict if is_conflict(&conflict) => Ok(()),
        result => result.map(drop),
    }
}

fn is_conflict<T>(result: &kube::Result<T>) -> bool {
    result.as_ref().err().and_then(code) == Some(409)
}

/// Writes the conditions of one object.
async fn patch(client: &Client, subject: &Subject, version: &str, conditions: &[Condition]) -> kube::Result<()> {
    let Subject {
        object,
        api_version,
        uid,
        ..
    } = subject;
    let (group, served) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = Kind::named(group, served, object.kind.name(), object.kind.plural());
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), &object.key.namespace, &resource(&kind));
    // An object that has changed since, or that was created again, is followed by an update of its own. A list in a
    // patch replaces all conditions, and must not lose those that others have added.
    let metadata = json!({"uid": uid, "resourceVersion": version});
    let patch = json!({"metadata": metadata, "status": {"conditions": conditions}});
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    match persist(|| objects.patch_status(&object.key.name, &parameters, &patch)).await {
        Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(()),
        result => result.map(drop),
    }
}

/// Repeats a request that is not answered, several times.
async fn persist<T, F: Future<Output = kube::Result<T>>>(request: impl Fn() -> F) -> kube::Result<T> {
    let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
    for _ in 1..ATTEMPTS {
        match within(TIME_LIMIT, request()).await {
            Err(error) if is_passing(&error) => tokio::time::sleep(backoff.next(&error)).await,
            result => return result,
        }
    }
    within(TIME_LIMIT, request()).await
}

/// Returns `true` if the same request may succeed later.
fn is_passing(error: &kube::Error) -> bool {
    match error {
        kube::Error::HyperError(_) | kube::Error::Service(_) => true,
        error => code(error).is_some_and(|code| code == 429 || code >= 500),
    }
}

/// Gives an Event a name of its own.
fn rename(event: &mut Event) {
    if let Some(name) = &mut event.metadata.name {
        *name = format!("{name}.{:x}", Timestamp::now().as_microsecond());
    }
}
