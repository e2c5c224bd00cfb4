//! The law that an engine follows edits like a plan from scratch.

use super::{Fault, Subject, Tally};
use crate::Case;
use crate::dice::Dice;
use crate::edits::{Event, Watched, disturb};
use crate::incremental::{Accumulated, Incremental};
use crate::lab::{Lab, difference};
use smi_adapter::engine::Edit;
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::{Action, Observed, Plan, Status};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

pub(super) const CLASSES: &[&str] = &[
    "world with native objects",
    "edited: an object appears",
    "edited: an SMI object",
    "edited: a service",
    "edited: a workload",
    "edited: a namespace",
    "edited: only metadata",
    "edited: an object goes",
    "edited: undecodable",
    "edited: coverage",
    "edited: a native object of ours",
    "edited: a foreign native object",
    "applied: a whole plan",
];

/// The number of edits that a failure lists.
const SHOWN: usize = 12;

pub(super) fn incremental(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let Some(engine) = subject.adapter.incremental(&case.settings) else {
        return Ok(());
    };
    let mut dice = case.dice();
    let mut trial = Trial {
        engine,
        name: subject.adapter.name(),
        settings: &case.settings,
        lab: Lab::new(subject.adapter),
        snapshot: Snapshot::default(),
        observed: BTreeMap::new(),
        accumulated: Accumulated::default(),
        seen: BTreeSet::new(),
        since: Vec::new(),
        desired: Vec::new(),
        tally,
    };
    let (mut watched, first) = Watched::of(&case.documents, &mut dice);
    for event in first {
        trial.take(event)?;
    }
    if dice.one_in(2) {
        trial.compare(&mut dice)?;
    }
    let kinds: Vec<&Kind> = subject.adapter.kinds().iter().chain(subject.adapter.reads()).collect();
    let rounds = if dice.one_in(8) { 12 } else { 3 };
    for _ in 0..rounds {
        trial.apply(&mut dice)?;
        for _ in 0..=dice.below(4) {
            if dice.one_in(3) {
                trial.disturb(&kinds, &mut dice)?;
            } else if let Some(event) = watched.edit(&mut dice) {
                trial.take(event)?;
            }
        }
        if dice.one_in(2) {
            trial.compare(&mut dice)?;
        }
    }
    trial.compare(&mut dice)
}

/// An engine in a cluster, and the input of a plan from scratch after the same edits.
struct Trial<'a> {
    engine: Box<dyn Incremental + 'a>,
    name: &'a str,
    settings: &'a Settings,
    lab: Lab<'a>,
    snapshot: Snapshot,
    observed: BTreeMap<ObjectRef, NativeObject>,
    accumulated: Accumulated,
    /// Every object that an edit was about.
    seen: BTreeSet<ObjectRef>,
    /// The edits since the last comparison.
    since: Vec<String>,
    /// The desired objects at the last comparison.
    desired: Vec<Manifest>,
    tally: &'a mut Tally,
}

impl Trial<'_> {
    /// Makes an edit on both sides.
    fn take(&mut self, event: Event) -> Result<(), Box<Fault>> {
        let Event { class, object, edit } = event;
        self.tally.coverage.note(class);
        self.since.push(format!("{class}, {object}"));
        self.edit(edit)
    }

    fn edit(&mut self, edit: Edit) -> Result<(), Box<Fault>> {
        let snapshot = &mut self.snapshot;
        let object = match &edit {
            Edit::Object(object) => Some(snapshot.insert((**object).clone())),
            Edit::Service(service) => Some(snapshot.insert_service((**service).clone())),
            Edit::Workload(workload) => Some(snapshot.insert_workload((**workload).clone())),
            Edit::Namespace(namespace) => Some(snapshot.insert_namespace((**namespace).clone())),
            Edit::Undecodable(diagnostic) => {
                snapshot.insert_undecodable((**diagnostic).clone());
                Some(diagnostic.object.clone())
            }
            Edit::Error(error) => {
                snapshot.insert_error(error);
                None
            }
            Edit::Gone(object) => {
                snapshot.remove(object);
                Some(object.clone())
            }
            Edit::Coverage(true) => {
                snapshot.cover_workloads();
                None
            }
            Edit::Coverage(false) => {
                snapshot.uncover_workloads();
                None
            }
            Edit::Native(object) => {
                self.observed.insert(object.reference(), (**object).clone());
                None
            }
            Edit::NativeGone(object) => {
                self.observed.remove(object);
                None
            }
            _ => return Err("the law does not know the edit".to_owned().into()),
        };
        self.seen.extend(object);
        self.engine.edit(edit);
        Ok(())
    }

    /// Applies the whole plan of the engine, a part of it, or nothing.
    fn apply(&mut self, dice: &mut Dice) -> Result<(), Box<Fault>> {
        let Plan {
            actions: whole,
            field_manager,
        } = self.engine.plan();
        let below = dice.below(whole.len() + 1);
        let actions: Vec<Action> = match dice.below(5) {
            0 => Vec::new(),
            1 => whole.iter().step_by(2).cloned().collect(),
            2 => whole.iter().take(below).cloned().collect(),
            _ => whole.clone(),
        };
        let (count, all) = (actions.len(), whole.len());
        let coverage = &mut self.tally.coverage;
        coverage.note_if(count == all && all > 0, "applied: a whole plan");
        // A simple adapter rarely has plans of more than one action.
        coverage.note_if(count < all && count > 0, "applied: a part of a plan");
        self.since.push(format!("{count} of {all} actions applied"));
        let plan = Plan { actions, field_manager };
        self.lab.apply(&plan).map_err(|why| self.fault(&why))?;
        self.follow(dice)
    }

    /// Has another client change a native object.
    fn disturb(&mut self, kinds: &[&Kind], dice: &mut Dice) -> Result<(), Box<Fault>> {
        if let Some(class) = disturb(&self.lab, &self.desired, kinds, dice) {
            self.tally.coverage.note(class);
            self.since.push(class.to_owned());
            self.follow(dice)?;
        }
        Ok(())
    }

    /// Reports the changes of native objects in the cluster, in a random order.
    fn follow(&mut self, dice: &mut Dice) -> Result<(), Box<Fault>> {
        let now = self.lab.observed().into_iter();
        let now: BTreeMap<ObjectRef, NativeObject> = now.map(|object| (object.reference(), object)).collect();
        let gone = self.observed.keys().filter(|object| !now.contains_key(object));
        let mut edits: Vec<Edit> = gone.cloned().map(Edit::NativeGone).collect();
        let changed = now
            .into_iter()
            .filter(|(key, object)| self.observed.get(key) != Some(object));
        edits.extend(changed.map(|(_, object)| object.into()));
        dice.shuffle(&mut edits);
        edits.into_iter().try_for_each(|edit| self.edit(edit))
    }

    /// Compares all answers of the engine, asked in a random order, with a plan from scratch.
    fn compare(&mut self, dice: &mut Dice) -> Result<(), Box<Fault>> {
        let observed = Observed::new(self.name, self.settings, self.observed.values().cloned());
        let planned = self.engine.one_shot(&self.snapshot, &observed);
        self.tally.planned(&planned);
        let first = dice.below(5);
        for question in (0..5).map(|number| (first + number) % 5) {
            match question {
                0 => {
                    let plan = self.engine.plan();
                    self.expect_equal("the actions", &planned.plan.actions, &plan.actions)?;
                    self.expect_equal("the plan", &[&planned.plan], &[&plan])?;
                }
                1 => {
                    let manifests = self.engine.manifests();
                    self.expect_equal("the manifests", &planned.manifests, &manifests)?;
                }
                2 => {
                    let changes = self.engine.diagnostics();
                    self.accumulated.take(changes).map_err(|why| self.fault(&why))?;
                    self.expect_equal("the diagnostics", &planned.diagnostics, self.accumulated.all())?;
                }
                3 => {
                    let objects: Vec<ObjectRef> = self.seen.iter().cloned().collect();
                    let known = planned.diagnostics.iter().map(|diagnostic| diagnostic.object.clone());
                    let objects: Vec<ObjectRef> = objects.into_iter().chain(known).collect();
                    let statuses = objects.iter().map(|object| self.engine.status(object));
                    let statuses: Vec<Status> = statuses.collect();
                    let expected: Vec<_> = objects.iter().map(|object| (object, planned.status(object))).collect();
                    let got: Vec<_> = objects.iter().zip(statuses).collect();
                    self.expect_equal("the statuses", &expected, &got)?;
                }
                _ => {
                    self.expect_equal("the snapshot", &[&self.snapshot], &[self.engine.snapshot()])?;
                }
            }
        }
        self.desired = planned.manifests;
        self.since.clear();
        Ok(())
    }

    fn expect_equal<T: Debug + PartialEq>(&self, what: &str, expected: &[T], got: &[T]) -> Result<(), Box<Fault>> {
        if expected == got {
            return Ok(());
        }
        let mut pairs = expected.iter().zip(got);
        let why = match pairs.find(|(expected, got)| expected != got) {
            Some((expected, got)) => difference(&format!("{expected:#?}"), &format!("{got:#?}")),
            None => format!("{} and {} items", expected.len(), got.len()),
        };
        let why = format!("{what} from scratch and those of the engine differ: {why}");
        Err(self.fault(&why))
    }

    /// Returns a failure with the edits that led to it.
    fn fault(&self, why: &str) -> Box<Fault> {
        let earlier = self.since.len().saturating_sub(SHOWN);
        let shown: Vec<&str> = self.since.iter().skip(earlier).map(String::as_str).collect();
        let shown = shown.join("\n  ");
        format!("{why}\nafter {earlier} edits since the last comparison, and then:\n  {shown}").into()
    }
}
