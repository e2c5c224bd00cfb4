//! Comparison of two derivations of SMI routing by two authors: `resolve`, from which native objects are made, and
//! `route`, the reference semantics.
//!
//! `SMI_CASES` raises the number of worlds. `--nocapture` shows the coverage.

pub mod agreement {
    //! The laws, and the classes that a run must reach. Nothing in here depends on a test harness.

    pub mod classes;
    pub mod laws;
}

use agreement::classes;
use agreement::laws::Seen;
use proptest::collection::vec;
use proptest::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use smi_adapter::pattern::{Anchor, Pattern};
use smi_adapter::query::{Routing, RoutingQuery};
use smi_conformance::Coverage;
use smi_conformance::dice::Dice;
use smi_conformance::queries::{Aim, Shot, sweep};
use smi_conformance::world::World;
use smi_conformance::world::reduce::{Sent, reduce};
use smi_conformance::world::regexes::Re;
use std::cell::{Cell, RefCell};
use std::thread;

/// The number of worlds.
const CASES: u32 = 10_000;
/// The minimum number of events of each class.
const LEAST: usize = 30;
/// The seeds of the parts of the run. They do not depend on the machine.
const SEEDS: [u8; 2] = [1, 2];

#[test]
fn resolve_and_route_agree() {
    let worlds = std::env::var("SMI_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let cases = worlds.max(CASES) / u32::try_from(SEEDS.len()).unwrap();
    let coverage = thread::scope(|scope| {
        let runs = SEEDS.map(|seed| scope.spawn(move || run(seed, cases)));
        let mut all = Coverage::of(classes::all());
        for run in runs {
            match run.join().unwrap() {
                Ok(coverage) => all.add(&coverage),
                Err(counterexample) => panic!("{counterexample}"),
            }
        }
        all
    });
    println!("{coverage}");
    assert_eq!(
        coverage.rare(classes::all(), LEAST),
        [""; 0],
        "these classes are too rare, so nothing is known about them"
    );
}

/// Aims are useful only if the generator knows the languages of its regular expressions.
#[test]
fn members_of_patterns_match() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[0; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut portable, mut members) = (0, 0);
    let patterns = prop_oneof![Re::path(), Re::value()];
    for seed in 0..2000 {
        let re = patterns.new_tree(&mut runner).unwrap().current();
        let Ok(pattern) = Pattern::new(&re.text(), Anchor::Full) else {
            continue;
        };
        portable += 1;
        members += u32::from(pattern.is_match(&re.member(&mut Dice::new(seed))));
    }
    assert!(
        (1800..1950).contains(&portable),
        "{portable} of 2000 patterns are portable"
    );
    // A word boundary or an anchor within a pattern may exclude every text.
    assert!(
        members * 100 > portable * 98,
        "only {members} of {portable} patterns match their member"
    );
}

/// Checks `cases` worlds.
fn run(seed: u8, cases: u32) -> Result<Coverage, String> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let coverage = RefCell::new(Coverage::default());
    let (held, failed) = (Cell::new(0), Cell::new(false));
    let strategy = (World::any(), vec(Aim::any(), 4..=8));
    let result = TestRunner::new_with_rng(config, rng).run(&strategy, |(world, aims)| {
        let result = check(&world, &aims, &mut coverage.borrow_mut());
        // Some of the worlds that shrinking tries hold.
        failed.set(failed.get() || result.is_err());
        held.set(held.get() + u32::from(!failed.get()));
        result.map_err(|fault| TestCaseError::fail(fault.why))
    });
    match result {
        Ok(()) => Ok(coverage.into_inner()),
        Err(TestError::Abort(reason)) => Err(reason.to_string()),
        Err(TestError::Fail(_, (mut world, aims))) => {
            let fault = check(&world, &aims, &mut Coverage::default()).err();
            let mut sent = fault.and_then(|fault| fault.query).map(Sent::RoutingQuery);
            let again = |world: &World, sent: Option<&Sent>| match sent {
                Some(Sent::RoutingQuery(query)) => ask(world, Some(query)).err(),
                _ => ask(world, None).err(),
            };
            reduce(&mut world, &mut sent, |world, sent| again(world, sent).is_some());
            let why = again(&world, sent.as_ref()).unwrap_or_else(|| "the world holds on the second try".to_owned());
            Err(format!("seed {seed}, after {} worlds:\n{world}\n{why}", held.get()))
        }
    }
}

/// A failure, with the query that shows it.
struct Fault {
    query: Option<RoutingQuery>,
    why: String,
}

impl Fault {
    fn new(query: Option<&RoutingQuery>, why: String) -> Box<Self> {
        let query = query.cloned();
        Box::new(Self { query, why })
    }
}

/// Checks one world, with queries that are aimed at it.
fn check(world: &World, aims: &[Aim], coverage: &mut Coverage) -> Result<(), Box<Fault>> {
    let seen = Seen::new(world).map_err(|why| Fault::new(None, why))?;
    classes::world(coverage, &seen);
    for query in sweep(world) {
        compare(&seen, &query, coverage)?;
    }
    for (index, aim) in aims.iter().enumerate() {
        let Shot {
            on,
            beside: (how, beside),
        } = aim.shot(world);
        let on = compare(&seen, &on, coverage)?;
        let routing = compare(&seen, &beside, coverage)?;
        coverage.beside(how, &on, &routing);
        if index == 0 {
            coverage.anchors(&seen.snapshot, &world.settings, &beside, &routing);
        }
    }
    Ok(())
}

fn compare(seen: &Seen<'_>, query: &RoutingQuery, coverage: &mut Coverage) -> Result<Routing, Box<Fault>> {
    let fault = |why| Fault::new(Some(query), why);
    let (routing, trace) = seen.route(query).map_err(fault)?;
    seen.agree(query, &routing, &trace).map_err(fault)?;
    coverage.query(&seen.snapshot, &seen.world.settings, query, &routing, &trace);
    Ok(routing)
}

/// Checks one world, with one query.
fn ask(world: &World, query: Option<&RoutingQuery>) -> Result<(), String> {
    let seen = Seen::new(world)?;
    let Some(query) = query else { return Ok(()) };
    let shown = |why| format!("{query:?}\n{why}");
    let (routing, trace) = seen.route(query).map_err(shown)?;
    let traced = |why| format!("{query:?}\n{why}\ntrace:\n{trace}");
    seen.agree(query, &routing, &trace).map_err(traced)
}
