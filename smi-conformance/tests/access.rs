//! Comparison of two derivations of SMI access control by two authors: `resolve`, from which native objects are made,
//! and `authorize`, the reference semantics.
//!
//! `SMI_CASES` raises the number of worlds. `--nocapture` shows the coverage.

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::model::access::{Grant, Granted};
use smi_adapter::model::{Model, PolicyKey, WorkloadAccess};
use smi_adapter::object::Kind;
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Authorization, Traffic};
use smi_adapter::resolve::{Resolution, resolve};
use smi_adapter::semantics::{authorize, is_enforced};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use smi_conformance::Coverage;
use smi_conformance::knock;
use smi_conformance::queries::{Aim, access_queries};
use smi_conformance::world::reduce::{Sent, reduce};
use smi_conformance::world::{World, snapshot};
use std::thread;

/// The number of worlds.
const CASES: u32 = 20_000;
/// The minimum number of events of each class.
const LEAST: usize = 60;
/// The seeds of the parts of the run.
const SEEDS: [u8; 2] = [1, 2];

const CLASSES: [&str; 18] = [
    "A11: left open",
    "A13: left open",
    "A14: left open",
    "A38: left open",
    "S5: left open",
    "S17: left open",
    "a foreign identity is allowed",
    "a source is in another namespace",
    "allowed: HTTP by HTTP rules",
    "allowed: HTTP by TCP rules",
    "allowed: TCP",
    "allowed: UDP",
    "allowed: not enforced",
    "common grants of several pods",
    "denied",
    "lost: selectors are ambiguous",
    "several grants allow it",
    "workloads without exact labels",
];

#[test]
fn resolve_and_authorize_agree() {
    let worlds = std::env::var("SMI_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let cases = worlds.max(CASES) / u32::try_from(SEEDS.len()).unwrap();
    let mut coverage = Coverage::of(CLASSES);
    thread::scope(|scope| {
        for run in SEEDS.map(|seed| scope.spawn(move || run(seed, cases))) {
            match run.join().unwrap() {
                Ok(part) => coverage.add(&part),
                Err(counterexample) => panic!("{counterexample}"),
            }
        }
    });
    println!("{coverage}");
    assert_eq!(
        coverage.rare(CLASSES, LEAST),
        [""; 0],
        "these classes are too rare, so nothing is known about them"
    );
}

fn run(seed: u8, cases: u32) -> Result<Coverage, String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (World::of_access(), vec(Aim::any(), 6..=8));
    let mut coverage = Coverage::default();
    for held in 0..cases {
        let tree = strategy.new_tree(&mut runner).map_err(|reason| reason.to_string())?;
        let (mut world, aims) = tree.current();
        let both = Seen::new(&world);
        for query in aims.iter().flat_map(|aim| access_queries(&world, *aim)) {
            if both.look(&query, &mut coverage).is_ok() {
                continue;
            }
            let mut sent = Some(Sent::AccessQuery(query));
            let again = |world: &World, sent: Option<&Sent>| match sent {
                Some(Sent::AccessQuery(query)) => Seen::new(world).look(query, &mut Coverage::default()).err(),
                _ => None,
            };
            reduce(&mut world, &mut sent, |world, sent| again(world, sent).is_some());
            let why = again(&world, sent.as_ref()).unwrap_or_default();
            return Err(format!("seed {seed}, after {held} worlds:\n{world}\n{why}"));
        }
    }
    Ok(coverage)
}

/// A world with its resolution.
struct Seen {
    settings: Settings,
    snapshot: Snapshot,
    resolution: Resolution,
}

impl Seen {
    fn new(world: &World) -> Self {
        let snapshot = snapshot(&world.documents());
        Self {
            settings: world.settings.clone(),
            resolution: resolve(&snapshot, &world.settings),
            snapshot,
        }
    }

    /// Compares the two derivations for one query.
    fn look(&self, query: &AccessQuery, coverage: &mut Coverage) -> Result<(), String> {
        if self.snapshot.workload(&query.to).is_none() {
            return Ok(());
        }
        let Resolution { model, diagnostics } = &self.resolution;
        let namespace = &query.to.key.namespace;
        let (expected, trace) = authorize(&self.snapshot, &self.settings, query);
        let shown = |why: &str| {
            let diagnostics: Vec<String> = diagnostics.iter().map(Diagnostic::to_string).collect();
            format!("{}\n{why}\n{trace}\n{}", knock(query), diagnostics.join("\n"))
        };
        let enforced = is_enforced(&self.snapshot, &self.settings, namespace);
        if enforced != model.policy(&PolicyKey::Baseline(namespace.clone())).is_some() {
            return Err(shown(&format!(
                "the reference has enforced = {enforced}, but the model differs"
            )));
        }
        if !enforced {
            coverage.note("allowed: not enforced");
            return if expected == Authorization::Allow {
                Ok(())
            } else {
                Err(shown("the namespace is not enforced, but the query is not allowed"))
            };
        }
        let allowing = allowing(model, &self.snapshot, query, &self.settings);
        let ambiguous = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == Code::SelectorAmbiguous);
        match expected {
            Authorization::Either { rule } => coverage.note(&format!("{rule}: left open")),
            Authorization::Deny if allowing.is_empty() => coverage.note("denied"),
            Authorization::Deny => return Err(shown(&format!("denied by the reference, but granted by {allowing:?}"))),
            Authorization::Allow if allowing.is_empty() && ambiguous => coverage.note("lost: selectors are ambiguous"),
            Authorization::Allow if allowing.is_empty() => {
                return Err(shown("allowed by the reference, but no grant allows it"));
            }
            Authorization::Allow => classes(&allowing, query, ambiguous, coverage),
        }
        let lost = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.message.starts_with("no labels select exactly"));
        coverage.note_if(lost, "workloads without exact labels");
        Ok(())
    }
}

fn classes(allowing: &[&Grant], query: &AccessQuery, ambiguous: bool, coverage: &mut Coverage) {
    let by_http = allowing.iter().any(|grant| matches!(grant.traffic(), Granted::Http(_)));
    coverage.note(match query.traffic {
        Traffic::Tcp => "allowed: TCP",
        Traffic::Udp => "allowed: UDP",
        Traffic::Http(_) if by_http => "allowed: HTTP by HTTP rules",
        Traffic::Http(_) => "allowed: HTTP by TCP rules",
    });
    coverage.note_if(ambiguous, "common grants of several pods");
    coverage.note_if(allowing.len() > 1, "several grants allow it");
    match &query.from {
        Some(Principal::Spiffe(_)) => coverage.note("a foreign identity is allowed"),
        Some(Principal::Account(account)) => {
            let other = account.namespace != query.to.key.namespace;
            coverage.note_if(other, "a source is in another namespace");
        }
        None => {}
    }
}

/// Returns the grants that allow an access query, from every policy whose labels select its workload.
fn allowing<'m>(model: &'m Model, snapshot: &Snapshot, query: &AccessQuery, settings: &Settings) -> Vec<&'m Grant> {
    let Some(pod) = snapshot.workload(&query.to) else {
        return Vec::new();
    };
    let selects = |access: &&WorkloadAccess| {
        let here = access.workload().key.namespace == query.to.key.namespace;
        let has = |(name, value)| pod.labels().get(name) == Some(value);
        assert!(
            !access.selector().is_empty(),
            "an empty selector would select every pod"
        );
        here && access.selector().iter().all(has)
    };
    let grants = model.accesses().filter(selects).flat_map(WorkloadAccess::grants);
    grants
        .filter(|grant| allows(grant, query, &settings.trust_domain))
        .collect()
}

fn allows(grant: &Grant, query: &AccessQuery, trust_domain: &str) -> bool {
    let from = match &query.from {
        None => return false,
        Some(Principal::Account(account)) => Principal::Account(account.clone()),
        Some(Principal::Spiffe(id)) => {
            own(id, trust_domain).map_or_else(|| Principal::Spiffe(id.clone()), Principal::Account)
        }
    };
    let traffic = match (grant.traffic(), &query.traffic) {
        (Granted::Tcp, Traffic::Tcp | Traffic::Http(_)) | (Granted::Udp, Traffic::Udp) => true,
        (Granted::Http(matches), Traffic::Http(request)) => matches.iter().any(|matching| matching.is_match(request)),
        _ => false,
    };
    assert!(
        grant
            .references()
            .iter()
            .any(|object| object.kind == Kind::TrafficTarget)
    );
    traffic && grant.sources().contains(&from) && grant.ports().contains(query.port)
}

/// Returns the service account of an ID in the mesh's own trust domain.
fn own(id: &str, trust_domain: &str) -> Option<Identity> {
    let parts: Vec<&str> = id.strip_prefix("spiffe://")?.split('/').collect();
    let [domain, "ns", namespace, "sa", account] = parts[..] else {
        return None;
    };
    (domain == trust_domain).then(|| Identity {
        namespace: namespace.into(),
        service_account: account.into(),
    })
}
