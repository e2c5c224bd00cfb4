//! Laws about access while a plan is applied, and across edits.

use super::access::{ask_mesh, fault, mesh_world};
use super::history::enforced;
use super::{Fault, Subject, Tally, written};
use crate::edits::{Edit, places};
use crate::lab::Lab;
use crate::world::NAMESPACES;
use crate::{Case, Decision, Input, MeshWorld};
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::Action;
use smi_adapter::query::{AccessQuery, Authorization, Traffic};
use smi_adapter::semantics::{Trace, authorize, is_enforced};
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeMap;

pub(super) const SAFE: &[&str] = &[
    "edit: a pattern",
    "edit: a target goes",
    "edit: a source goes",
    "edit: a rule changes",
    "a namespace becomes enforced",
    "step of a plan",
    "denied before and after",
];

pub(super) const UNDISTURBED: &[&str] = &[
    "edit: a pattern",
    "edit: a target goes",
    "edit: a source goes",
    "edit: a rule changes",
    "a namespace becomes enforced",
    "step of a plan",
    "let in before and after",
];

pub(super) const MONOTONE: &[&str] = &[
    "a target more",
    "a target less",
    "the last target goes",
    "allowed by the others",
];

/// Two worlds with the same workloads, and the steps of the plan from one to the other.
struct Way {
    before: Snapshot,
    after: Snapshot,
    /// The native objects of the mesh before the first step, and after each step.
    steps: Vec<Vec<NativeObject>>,
    world: MeshWorld,
}

/// The starting point of several transitions.
struct Start<'s> {
    subject: &'s Subject<'s>,
    case: &'s Case,
    input: Input,
    lab: Lab<'s>,
    /// The native objects of the mesh.
    objects: BTreeMap<ObjectRef, NativeObject>,
}

impl<'s> Start<'s> {
    /// Applies the plan for `documents` to an empty cluster.
    fn new(subject: &'s Subject<'s>, case: &'s Case, documents: &[Value]) -> Result<Self, Box<Fault>> {
        let input = Input::new(documents.to_vec());
        let lab = Lab::new(subject.adapter);
        lab.settle(&input, &case.settings)?;
        let objects = written(subject, lab.objects().iter())?.into_iter();
        Ok(Self {
            subject,
            case,
            input,
            objects: objects.map(|object| (object.reference(), object)).collect(),
            lab,
        })
    }

    /// Plans the transition to other documents.
    fn to(&self, documents: &[Value]) -> Result<Way, Box<Fault>> {
        let Self { subject, case, .. } = self;
        let to = Input::new(documents.to_vec());
        let before = self.input.snapshot().clone();
        let mut after = to.snapshot().clone();
        enforced(self.input.documents(), &case.settings).for_each(|namespace| after.insert_enforced(namespace));
        let planned = self.lab.plan(&to, &case.settings)?;
        let mut objects = self.objects.clone();
        let mut steps = vec![objects.values().cloned().collect()];
        for action in &planned.plan.actions {
            match action {
                Action::Create(write) | Action::Replace(write) => {
                    let object = written(subject, [&write.object])?.into_iter();
                    objects.extend(object.map(|object| (object.reference(), object)));
                }
                Action::Delete(deletion) => _ = objects.remove(&deletion.object),
            }
            steps.push(objects.values().cloned().collect());
        }
        Ok(Way {
            world: mesh_world(case, &before, true),
            before,
            after,
            steps,
        })
    }
}

impl Way {
    /// Returns the access queries to existing workloads, without datagrams, which no mesh sees.
    fn access_queries<'c>(&self, case: &'c Case) -> impl Iterator<Item = &'c AccessQuery> {
        let there = |query: &&AccessQuery| self.before.workload(&query.to).is_some() && query.traffic != Traffic::Udp;
        case.access_queries.iter().filter(there)
    }

    /// Describes the first step after which the mesh decides `unwanted`, if there is one.
    fn first(
        &self,
        unwanted: Decision,
        subject: &Subject<'_>,
        query: &AccessQuery,
        tally: &mut Tally,
    ) -> Option<String> {
        let mut steps = self.steps.iter();
        let step = steps.position(|objects| {
            tally.queries += 1;
            ask_mesh(subject, objects, &self.world, query) == Ok(unwanted)
        })?;
        Some(format!("after {step} of {} steps", self.steps.len() - 1))
    }
}

/// Returns `true` if the namespace that contains nearly everything becomes enforced.
fn closes(before: &Snapshot, after: &Snapshot, case: &Case) -> bool {
    let enforced = |snapshot| is_enforced(snapshot, &case.settings, NAMESPACES[0]);
    !enforced(before) && enforced(after)
}

/// Returns edits of access control, chosen by the seed of the case. The edit of a target is also tried in reverse, so
/// that a target appears as well.
fn ways<'s>(subject: &'s Subject<'s>, case: &'s Case) -> Result<Vec<(Edit, Way)>, Box<Fault>> {
    let mut dice = case.dice();
    let start = Start::new(subject, case, &case.documents)?;
    let mut ways = Vec::new();
    for edit in Edit::OF_ACCESS {
        let Some((edited, _)) = edit.of(&case.documents, &mut dice) else {
            continue;
        };
        ways.push((edit, start.to(&edited)?));
        if edit == Edit::Target {
            ways.push((edit, Start::new(subject, case, &edited)?.to(&case.documents)?));
        }
    }
    Ok(ways)
}

pub(super) fn safe_transition(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    for (edit, way) in ways(subject, case)? {
        note(&way, edit, case, tally);
        for query in way.access_queries(case) {
            let old = authorize(&way.before, &case.settings, query);
            let new = authorize(&way.after, &case.settings, query);
            if old.0 != Authorization::Deny || new.0 != Authorization::Deny {
                continue;
            }
            tally.coverage.note("denied before and after");
            if let Some(after) = way.first(Decision::Allow, subject, query, tally) {
                let expected = format!("denied {after} ({})", edit.class());
                return Err(fault(query, &expected, Decision::Allow, &new.1));
            }
        }
    }
    Ok(())
}

pub(super) fn undisturbed(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    for (edit, mut way) in ways(subject, case)? {
        note(&way, edit, case, tally);
        // A namespace that becomes enforced was open before, so the mesh's own default allows there.
        way.world.closed = !closes(&way.before, &way.after, case);
        for query in way.access_queries(case) {
            let ends = [way.steps.first(), way.steps.last()];
            let allowed =
                |objects: &Vec<NativeObject>| ask_mesh(subject, objects, &way.world, query) == Ok(Decision::Allow);
            if !ends.into_iter().flatten().all(allowed) {
                tally.coverage.note("denied before and after");
                continue;
            }
            tally.coverage.note("let in before and after");
            if let Some(after) = way.first(Decision::Deny, subject, query, tally) {
                let expected = format!("allowed {after} ({}), as before and after the plan", edit.class());
                return Err(fault(query, &expected, Decision::Deny, &Trace::default()));
            }
        }
    }
    Ok(())
}

fn note(way: &Way, edit: Edit, case: &Case, tally: &mut Tally) {
    tally.coverage.note(edit.class());
    tally
        .coverage
        .note_if(closes(&way.before, &way.after, case), "a namespace becomes enforced");
    for _ in way.steps.iter().skip(1) {
        tally.coverage.note("step of a plan");
    }
}

pub(super) fn monotone(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let Some((without, edited)) = Edit::Target.of(&case.documents, &mut dice) else {
        return Ok(());
    };
    let with = case.snapshot();
    // A target that occurs twice grants nothing, so removing one copy adds a grant (I1).
    if with.duplicates().any(|object| object.kind == Kind::TrafficTarget) {
        return Ok(());
    }
    let lab = Lab::new(subject.adapter);
    lab.settle(&case.input(), &case.settings)?;
    let whole = written(subject, lab.objects().iter())?;
    // Remove it by a plan over the objects of the first plan.
    lab.settle(&Input::new(without.clone()), &case.settings)?;
    let less = written(subject, lab.objects().iter())?;
    let world = mesh_world(case, &with, true);
    tally.coverage.note("a target more");
    tally.coverage.note("a target less");
    tally
        .coverage
        .note_if(places(&without, "TrafficTarget").is_empty(), "the last target goes");
    let sent = case.access_queries.iter().filter(|query| query.traffic != Traffic::Udp);
    for query in sent.filter(|query| with.workload(&query.to).is_some()) {
        tally.queries += 1;
        let (few, many) = (
            ask_mesh(subject, &less, &world, query),
            ask_mesh(subject, &whole, &world, query),
        );
        tally
            .coverage
            .note_if(few == Ok(Decision::Allow), "allowed by the others");
        if few == Ok(Decision::Allow) && many == Ok(Decision::Deny) {
            let target = edited.pointer("/metadata/name").cloned().unwrap_or_default();
            let expected = format!("denied without the traffic target {target}, or allowed with it as well");
            return Err(fault(query, &expected, Decision::Allow, &Trace::default()));
        }
    }
    Ok(())
}
