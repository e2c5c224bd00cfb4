use super::*;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::time::timeout;

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
