//! Leader election on a real API server: takeovers, and never two candidates that may write.

use serde_json::{Value, json};
use smi_controller::{Candidate, Leadership, LeaseName, LeaseSettings};
use smi_tests::apiserver::ApiServer;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const NAMESPACE: &str = "election";

/// Returns a server for all tests of this file, each of which has a lease of its own.
async fn server() -> Option<&'static ApiServer> {
    static SERVER: OnceCell<Option<ApiServer>> = OnceCell::const_new();
    let server = SERVER.get_or_init(async || {
        let server = ApiServer::start().await?;
        create_namespace(&server, NAMESPACE).await;
        Some(server)
    });
    server.await.as_ref()
}

async fn create_namespace(server: &ApiServer, name: &str) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let created = server.raw().create(&namespace, "").await;
    created.expect("the namespace is valid");
}

fn path(name: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{name}")
}

async fn lease(server: &ApiServer, name: &str) -> Value {
    server.raw().get(&path(name)).await.expect("the lease exists").body
}

/// A candidate whose task runs.
struct Running {
    leadership: Leadership,
    task: JoinHandle<()>,
    finished: oneshot::Sender<()>,
}

impl Running {
    fn start(server: &ApiServer, name: &LeaseName, identity: &str, duration: Duration) -> Self {
        let settings = LeaseSettings::default().with_identity(identity).with_duration(duration);
        let candidate = Candidate::new(server.client(), name.clone(), settings);
        let (finished, release) = oneshot::channel();
        Self {
            leadership: candidate.leadership(),
            task: tokio::spawn(candidate.run(async { _ = release.await })),
            finished,
        }
    }

    async fn gained(&mut self) {
        let gained = timeout(Duration::from_secs(60), self.leadership.gained()).await;
        gained.expect("the candidate becomes the holder");
    }

    /// Waits until the candidate has read the lease of another.
    async fn sees(&self, server: &ApiServer, holder: &str) {
        let sees = async || self.leadership.holder().as_deref() == Some(holder);
        server.until("a candidate to see the holder", sees).await;
    }

    async fn release(self) {
        drop(self.finished);
        self.task.await.expect("no task of a candidate panics");
        assert!(!self.leadership.may_write());
    }
}

#[tokio::test]
async fn one_of_two_candidates_holds_until_it_releases() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new(NAMESPACE, "two");
    let duration = LeaseSettings::default().duration();
    let mut first = Running::start(server, &name, "first", duration);
    first.gained().await;
    let created = lease(server, "two").await["spec"].take();
    assert_eq!(created["holderIdentity"], "first");
    assert_eq!(created["leaseDurationSeconds"], 15);
    assert_eq!(created["leaseTransitions"], 0);

    let mut second = Running::start(server, &name, "second", duration);
    second.sees(server, "first").await;
    // The time for one renewal, and for many reads by the other.
    sleep(duration * 2 / 5).await;
    assert!(first.leadership.may_write() && !second.leadership.may_write());
    assert_eq!(second.leadership.error(), None);
    let renewed = lease(server, "two").await["spec"].take();
    assert_ne!(renewed["renewTime"], created["renewTime"]);
    assert_eq!(renewed["acquireTime"], created["acquireTime"]);

    let released = Instant::now();
    first.release().await;
    second.gained().await;
    assert!(released.elapsed() < duration / 2, "{:?}", released.elapsed());
    let taken = lease(server, "two").await["spec"].take();
    assert_eq!(taken["holderIdentity"], "second");
    assert_eq!(taken["leaseTransitions"], 1);

    second.release().await;
    let free = lease(server, "two").await["spec"].take();
    assert_eq!(free["holderIdentity"], "");
    assert_eq!(free["leaseDurationSeconds"], 1);
}

#[tokio::test]
async fn a_lost_holder_is_replaced_after_its_deadline() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new(NAMESPACE, "lost");
    let duration = Duration::from_secs(3);
    let mut lost = Running::start(server, &name, "lost", duration);
    lost.gained().await;
    let mut next = Running::start(server, &name, "next", duration);
    next.sees(server, "lost").await;
    lost.task.abort();
    assert!(lost.task.await.unwrap_err().is_cancelled());
    let deadline = lost.leadership.deadline().expect("it was the holder");

    next.gained().await;
    assert!(Instant::now() >= deadline + duration / 5);
    assert!(!lost.leadership.may_write());
    assert_eq!(lease(server, "lost").await["spec"]["holderIdentity"], "next");
}

#[tokio::test]
async fn a_frozen_holder_may_not_write_when_it_wakes() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new(NAMESPACE, "frozen");
    let duration = Duration::from_secs(2);
    let (sender, receiver) = oneshot::channel();
    let frozen_name = name.clone();
    let process = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut frozen = Running::start(server, &frozen_name, "frozen", duration);
            frozen.gained().await;
            sender.send(frozen.leadership.clone()).unwrap();
            // No task of this runtime runs meanwhile, as if the process were stopped.
            std::thread::sleep(3 * duration);
            let may_write = frozen.leadership.may_write();
            // Now its task continues where it was.
            sleep(duration).await;
            may_write
        })
    });
    let frozen = receiver.await.unwrap();
    let mut next = Running::start(server, &name, "next", duration);
    next.gained().await;
    while !process.is_finished() {
        assert!(!(frozen.may_write() && next.leadership.may_write()));
        sleep(Duration::from_millis(1)).await;
    }
    assert!(!process.join().unwrap(), "it could write immediately after it woke");
}

#[tokio::test]
async fn two_candidates_never_write_at_the_same_time() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new(NAMESPACE, "turns");
    let duration = Duration::from_secs(2);
    let start = |identity: String| Running::start(server, &name, &identity, duration);
    let mut running = vec![start("a".to_owned()), start("b".to_owned()), start("c".to_owned())];
    // Those that were stopped as well: their deadlines may still be ahead.
    let mut all: Vec<Leadership> = running.iter().map(|one| one.leadership.clone()).collect();
    for turn in 0..6 {
        let started = Instant::now();
        let mut held = Duration::ZERO;
        // The holder stays for longer than its deadline, so that it must have renewed its lease.
        while held < duration {
            assert!(started.elapsed() < Duration::from_secs(60), "there is no holder");
            let writers = all.iter().filter(|one| one.may_write()).count();
            assert!(writers <= 1, "{all:?}");
            let before = Instant::now();
            sleep(Duration::from_millis(1)).await;
            if running.iter().any(|one| one.leadership.may_write()) {
                held += before.elapsed();
            }
        }
        let Some(holder) = running.iter().position(|one| one.leadership.may_write()) else {
            continue;
        };
        let holder = running.swap_remove(holder);
        if turn % 2 == 0 {
            holder.task.abort();
        } else {
            drop(holder.finished);
        }
        running.push(start(format!("candidate-{turn}")));
        all.extend(running.last().map(|one| one.leadership.clone()));
    }
    let transitions = &lease(server, "turns").await["spec"]["leaseTransitions"];
    assert!(transitions.as_u64() >= Some(5), "{transitions}");
}

#[tokio::test]
async fn leases_of_others_are_adopted_with_their_labels() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new(NAMESPACE, "adopted");
    let duration = Duration::from_secs(3);
    let empty = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {},
        "metadata": {"name": name.name(), "namespace": NAMESPACE, "labels": {"team": "mesh"}},
    });
    server.raw().create(&empty, "").await.unwrap();
    let started = Instant::now();
    let mut candidate = Running::start(server, &name, "me", duration);
    candidate.gained().await;
    assert!(started.elapsed() >= duration);
    let adopted = lease(server, "adopted").await;
    assert_eq!(adopted["metadata"]["labels"], json!({"team": "mesh"}));
    assert_eq!(adopted["spec"]["holderIdentity"], "me");

    // Its holder recreates a lease that was deleted.
    server.raw().delete(&path("adopted")).await.unwrap();
    let exists = async || server.raw().get(&path("adopted")).await.is_ok();
    server.until("the lease to be recreated", exists).await;
    assert_eq!(lease(server, "adopted").await["spec"]["holderIdentity"], "me");
    candidate.release().await;
}

#[tokio::test]
async fn failures_are_reported_until_they_end() {
    let Some(server) = server().await else { return };
    let name = LeaseName::new("later", "operator");
    let mut candidate = Running::start(server, &name, "me", Duration::from_secs(3));
    let leadership = candidate.leadership.clone();
    let absent = "namespaces \"later\" not found";
    let fails = async || leadership.error().is_some_and(|error| error.contains(absent));
    server.until("the failure", fails).await;
    assert!(!leadership.may_write());

    create_namespace(server, "later").await;
    candidate.gained().await;
    let ends = async || leadership.error().is_none();
    server.until("the end of the failure", ends).await;
    candidate.release().await;
}
