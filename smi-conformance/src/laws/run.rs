//! Runs of a law: its worlds, and the smallest one in which it does not hold.

use super::{Asks, Definition, Fault, Known, Law, Subject, Tally, kept};
use crate::lab::native;
use crate::queries::Aim;
use crate::watchdog::watched;
use crate::world::real::{address, exists, sendable, usual};
use crate::world::reduce::{Sent, reduce};
use crate::world::{Access, World};
use crate::{Case, Cases, Implementation, Report, Violation};
use proptest::prelude::{any, prop_oneof};
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The time after which a case counts as hanging.
const HANGS: Duration = Duration::from_secs(120);
/// The time limit for reducing a counterexample.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The share of queries that an interpreter may leave unanswered: one in this number.
const NOT_MODELLED: u64 = 20;

/// The generated parts of a case: a world, the aims of its queries and its seed.
type Made = (World, Vec<Aim>, u64);

/// The worlds of a law, always the same and in the same order.
struct Worlds<'l> {
    law: &'l Definition,
    strategy: BoxedStrategy<Made>,
    runner: TestRunner,
}

impl<'l> Worlds<'l> {
    fn of(law: &'l Definition) -> Self {
        let mut seed = [0; 32];
        seed.iter_mut()
            .zip(law.name.as_str().bytes())
            .for_each(|(seed, byte)| *seed = byte);
        let config = Config {
            failure_persistence: None,
            ..Config::default()
        };
        let world = match law.asks {
            Asks::Nothing => prop_oneof![1 => World::any(), 1 => World::of_access()].boxed(),
            Asks::Routing => World::any().boxed(),
            Asks::Access => World::of_access().boxed(),
        };
        Self {
            law,
            strategy: (world, proptest::collection::vec(Aim::any(), 4..=8), any::<u64>()).boxed(),
            runner: TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed)),
        }
    }

    /// Returns the first worlds, in the number that `cases` asks for, as cases with their numbers and value trees.
    fn first(mut self, cases: Cases) -> impl Iterator<Item = (u32, Box<dyn ValueTree<Value = Made>>, Case)> {
        (0..cases.worlds()).filter_map(move |number| {
            let tree = self.strategy.new_tree(&mut self.runner).ok()?;
            let (world, aims, seed) = tree.current();
            Some((number, tree, case(self.law, world, &aims, seed)))
        })
    }
}

/// Tries a law in the kept cases, then in many worlds.
pub(super) fn run(law: &Definition, subject: &Subject<'_>, cases: Cases) -> Result<Report, Box<Violation>> {
    let mut tally = Tally::default();
    if !law.is_about(subject.adapter) {
        return Ok(tally.report(law, subject, Cases::new(0)));
    }
    for case in kept::cases(law) {
        if let Err(fault) = attempt(law, subject, &case, &mut Tally::default()) {
            let (case, fault) = kept::smallest(law, subject, case, fault);
            return Err(violation(law.name, subject, 0, case, *fault));
        }
    }
    for (held, mut tree, case) in Worlds::of(law).first(cases) {
        if let Err(fault) = attempt(law, subject, &case, &mut tally) {
            let found = Found {
                law,
                subject,
                seed: case.seed,
                until: Instant::now() + PATIENCE,
            };
            let (case, fault) = found.smallest(&mut *tree, case, fault);
            return Err(violation(law.name, subject, held, case, *fault));
        }
    }
    if tally.not_modelled * NOT_MODELLED > tally.queries {
        let why = format!(
            "the interpreter has no answer for {} of {} queries: {}",
            tally.not_modelled,
            tally.queries,
            tally.first_not_modelled.unwrap_or_default()
        );
        let nothing = World {
            services: Vec::new(),
            groups: Vec::new(),
            splits: Vec::new(),
            access: Access::default(),
            stray: None,
            settings: Settings::default(),
        };
        let fault = Box::<Fault>::from(why);
        return Err(violation(
            law.name,
            subject,
            cases.worlds(),
            Case::new(law.name, &nothing, 0),
            *fault,
        ));
    }
    Ok(tally.report(law, subject, cases))
}

/// Returns the number of worlds in which a law holds before it fails, if it fails. Kept cases are left out, and the
/// counterexample is not reduced.
pub(super) fn first_fault(law: &Definition, subject: &Subject<'_>, cases: Cases) -> Option<u32> {
    let mut tally = Tally::default();
    let mut worlds = Worlds::of(law).first(cases);
    let found = worlds.find(|(_, _, case)| attempt(law, subject, case, &mut tally).is_err());
    found.map(|(held, ..)| held)
}

/// The degree to which an implementation differs from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The same objects, with more reported differences of the mesh.
    Reports,
    /// Different objects, or fewer reported differences.
    Meaning,
}

/// Returns `true` if two implementations differ by at least `least` in one of the worlds of a law.
pub(super) fn differ(
    law: &Definition,
    one: &dyn Implementation,
    other: &dyn Implementation,
    cases: Cases,
    least: Difference,
) -> bool {
    let mut worlds = Worlds::of(law).first(cases);
    worlds.any(|(_, _, case)| difference(&case, one, other).is_some_and(|difference| difference >= least))
}

fn difference(case: &Case, one: &dyn Implementation, other: &dyn Implementation) -> Option<Difference> {
    let input = case.input();
    let planned = |implementation: &dyn Implementation| {
        quietly(|| implementation.plan(&input, &case.settings, &Observed::default())).flatten()
    };
    let (one, other) = match (planned(one), planned(other)) {
        (Ok(one), Ok(other)) => (one, other),
        (one, other) => return (one.err() != other.err()).then_some(Difference::Meaning),
    };
    if native(&one.manifests) != native(&other.manifests) {
        return Some(Difference::Meaning);
    }
    if one.diagnostics == other.diagnostics {
        return None;
    }
    let known = Known::of(input.snapshot(), &case.settings);
    let of_mesh = |planned: Planned| -> BTreeSet<Diagnostic> {
        let diagnostics = planned.diagnostics.into_iter();
        diagnostics.filter(|diagnostic| !known.contains(diagnostic)).collect()
    };
    let (one, other) = (of_mesh(one), of_mesh(other));
    if one == other {
        None
    } else if one.is_superset(&other) {
        Some(Difference::Reports)
    } else {
        Some(Difference::Meaning)
    }
}

/// Tries a law in one case, if the adapter supports anything that the law is about.
pub(super) fn once(law: &Definition, subject: &Subject<'_>, case: &Case) -> Result<(), Box<Violation>> {
    if !law.is_about(subject.adapter) {
        return Ok(());
    }
    attempt(law, subject, case, &mut Tally::default())
        .map_err(|fault| violation(law.name, subject, 0, case.clone(), *fault))
}

fn case(law: &Definition, world: World, aims: &[Aim], seed: u64) -> Case {
    if law.asks == Asks::Nothing {
        return Case::new(law.name, &world, seed);
    }
    let world = world.real();
    let case = Case::new(law.name, &world, seed);
    if law.asks == Asks::Access {
        let mut case = case.with_access_queries(&world, aims);
        case.access_queries
            .retain(|query| sendable(&query.traffic) && query.from.as_ref().is_none_or(exists));
        return case;
    }
    let mut case = case.with_routing_queries(&world, aims);
    let mut dice = case.dice();
    case.routing_queries
        .retain(|query| sendable(&query.traffic) && (usual(&world, query) || dice.one_in(8)));
    for query in &mut case.routing_queries {
        address(query, &world.settings.cluster_domain, &mut dice);
    }
    case
}

/// Tries a law in one case. A panic counts as a failure, and a case that hangs ends the process.
pub(super) fn attempt(
    law: &Definition,
    subject: &Subject<'_>,
    case: &Case,
    tally: &mut Tally,
) -> Result<(), Box<Fault>> {
    let what = || format!("law `{}`, in the case\n\n{}", law.name, case.to_yaml());
    let check = || quietly(|| (law.check)(subject, case, tally));
    watched(HANGS, what, check).unwrap_or_else(|why| Err(why.into()))
}

pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or_default())
    })
}

/// The search for a smaller world in which a law does not hold.
struct Found<'a> {
    law: &'a Definition,
    subject: &'a Subject<'a>,
    seed: u64,
    until: Instant,
}

impl Found<'_> {
    /// Returns the smallest case that is found in time.
    fn smallest(&self, tree: &mut dyn ValueTree<Value = Made>, case: Case, fault: Box<Fault>) -> (Case, Box<Fault>) {
        let (mut world, _, _) = tree.current();
        let asks = self.law.asks != Asks::Nothing;
        if asks {
            world = world.real();
        }
        let mut sent = fault.sent.clone();
        // Some failures need several queries, or none.
        if asks && self.fault(&world, sent.as_ref()).is_none() {
            return (case, fault);
        }
        while self.in_time() && tree.simplify() {
            loop {
                let (mut smaller, _, _) = tree.current();
                if asks {
                    smaller = smaller.real();
                }
                if self.fault(&smaller, sent.as_ref()).is_some() {
                    world = smaller;
                    break;
                }
                if !self.in_time() || !tree.complicate() {
                    break;
                }
            }
        }
        reduce(&mut world, &mut sent, |world, sent| self.fault(world, sent).is_some());
        for plain in PLAIN {
            let mut plainer = world.clone();
            plain(&mut plainer.settings);
            if self.fault(&plainer, sent.as_ref()).is_some() {
                world = plainer;
            }
        }
        let last = self.case(&world, sent.as_ref());
        match attempt(self.law, self.subject, &last, &mut Tally::default()) {
            Err(fault) => (last, fault),
            Ok(()) => (case, fault),
        }
    }

    fn case(&self, world: &World, sent: Option<&Sent>) -> Case {
        let mut case = Case::new(self.law.name, world, self.seed);
        match sent {
            Some(Sent::RoutingQuery(query)) => case.routing_queries.push(query.clone()),
            Some(Sent::AccessQuery(query)) => case.access_queries.push(query.clone()),
            None => {}
        }
        case
    }

    fn fault(&self, world: &World, sent: Option<&Sent>) -> Option<Box<Fault>> {
        if !self.in_time() || sent.is_some_and(|sent| !sendable(sent.traffic())) {
            return None;
        }
        attempt(self.law, self.subject, &self.case(world, sent), &mut Tally::default()).err()
    }

    fn in_time(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Edits that reset one choice of an operator each to its default.
pub(super) const PLAIN: [fn(&mut Settings); 4] = [plain_scope, plain_path, plain_header, plain_domain];

fn plain_scope(settings: &mut Settings) {
    settings.scope = Settings::default().scope;
}

fn plain_path(settings: &mut Settings) {
    settings.path_anchor = Settings::default().path_anchor;
}

fn plain_header(settings: &mut Settings) {
    settings.header_anchor = Settings::default().header_anchor;
}

fn plain_domain(settings: &mut Settings) {
    settings.cluster_domain = Settings::default().cluster_domain;
}

fn violation(law: Law, subject: &Subject<'_>, held: u32, case: Case, fault: Fault) -> Box<Violation> {
    let planned = quietly(|| {
        subject
            .adapter
            .plan(&case.input(), &case.settings, &Observed::default())
    });
    let (native, diagnostics) = match planned.flatten() {
        Ok(planned) => {
            let lines = planned.diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n"));
            let objects = planned.manifests.iter().map(|manifest| &manifest.object);
            (smi_adapter::yaml::write(objects), lines.collect())
        }
        Err(why) => (String::new(), why),
    };
    Box::new(Violation {
        law,
        adapter: subject.adapter.name().to_owned(),
        held,
        case,
        why: fault.why,
        native,
        reference: fault.reference,
        diagnostics,
    })
}
