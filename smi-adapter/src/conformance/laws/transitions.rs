//! Laws about what is let in while a plan is carried out, and across edits.

use super::access::{fault, knocked, mesh_world};
use super::history::enforced;
use super::{Fault, Subject, Tally, written};
use crate::conformance::edits::{Edit, places};
use crate::conformance::lab::Lab;
use crate::conformance::{Access as Let, Case, Input, MeshWorld};
use crate::manifest::NativeObject;
use crate::object::{Kind, ObjectRef};
use crate::plan::Action;
use crate::probe::{Access, Attempt, Traffic};
use crate::semantics::{Trace, authorize};
use crate::snapshot::Snapshot;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const SAFE: &[&str] = &[
    "edit: a pattern",
    "edit: a target goes",
    "edit: a source goes",
    "edit: a rule changes",
    "step of a plan",
    "denied before and after",
];

pub(super) const UNDISTURBED: &[&str] = &[
    "edit: a pattern",
    "edit: a target goes",
    "edit: a source goes",
    "edit: a rule changes",
    "step of a plan",
    "let in before and after",
];

pub(super) const MONOTONE: &[&str] = &[
    "a target more",
    "a target less",
    "the last target goes",
    "allowed by the others",
];

/// Two worlds with the same workloads, and the steps from one to the other.
struct Way {
    before: Snapshot,
    after: Snapshot,
    /// What the mesh has before, and after each step.
    steps: Vec<Vec<NativeObject>>,
    world: MeshWorld,
}

impl Way {
    /// The way from the case to other documents.
    fn new(subject: &Subject<'_>, case: &Case, documents: &[Value]) -> Result<Self, Box<Fault>> {
        let before = case.snapshot();
        let edited = Input::new(documents.to_vec());
        let mut after = edited.snapshot().clone();
        enforced(case).for_each(|namespace| after.insert_enforced(namespace));
        let lab = Lab::new(subject.adapter);
        lab.settle(&case.input(), &case.settings)?;
        let planned = lab.plan(&edited, &case.settings)?;
        let here = lab.objects().into_iter();
        let mut objects: BTreeMap<ObjectRef, NativeObject> = here.map(|object| (object.reference(), object)).collect();
        let mut steps = vec![written(subject, objects.values())?];
        for action in &planned.plan.actions {
            match action {
                Action::Create(write) | Action::Replace(write) => {
                    objects.insert(write.object.reference(), write.object.clone());
                }
                Action::Delete(deletion) => _ = objects.remove(&deletion.object),
            }
            steps.push(written(subject, objects.values())?);
        }
        Ok(Self {
            world: mesh_world(case, &before, true),
            before,
            after,
            steps,
        })
    }

    /// The attempts at workloads that are there, but for datagrams, which no mesh sees.
    fn attempts<'c>(&self, case: &'c Case) -> impl Iterator<Item = &'c Attempt> {
        let there = |attempt: &&Attempt| self.before.workload(&attempt.to).is_some() && attempt.traffic != Traffic::Udp;
        case.attempts.iter().filter(there)
    }
}

/// An edit of access control, as the case's seed has it.
fn edits(case: &Case) -> Vec<(Edit, Vec<Value>)> {
    let mut dice = case.dice();
    let edits = Edit::OF_ACCESS.into_iter();
    edits
        .filter_map(|edit| Some((edit, edit.of(&case.documents, &mut dice)?.0)))
        .collect()
}

pub(super) fn safe_transition(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    for (edit, documents) in edits(case) {
        let way = Way::new(subject, case, &documents)?;
        note(&way, edit, tally);
        for attempt in way.attempts(case) {
            let old = authorize(&way.before, &case.settings, attempt);
            let new = authorize(&way.after, &case.settings, attempt);
            if old.0 != Access::Deny || new.0 != Access::Deny {
                continue;
            }
            tally.coverage.note("denied before and after");
            for (step, objects) in way.steps.iter().enumerate() {
                tally.probes += 1;
                if knocked(subject, objects, &way.world, attempt) == Ok(Let::Allow) {
                    let expected = format!(
                        "denied after {step} of {} steps ({})",
                        way.steps.len() - 1,
                        edit.class()
                    );
                    return Err(fault(attempt, &expected, Let::Allow, &new.1));
                }
            }
        }
    }
    Ok(())
}

pub(super) fn undisturbed(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    for (edit, documents) in edits(case) {
        let way = Way::new(subject, case, &documents)?;
        note(&way, edit, tally);
        for attempt in way.attempts(case) {
            let ends = [way.steps.first(), way.steps.last()];
            let allowed =
                |objects: &Vec<NativeObject>| knocked(subject, objects, &way.world, attempt) == Ok(Let::Allow);
            if !ends.into_iter().flatten().all(allowed) {
                tally.coverage.note("denied before and after");
                continue;
            }
            tally.coverage.note("let in before and after");
            for (step, objects) in way.steps.iter().enumerate() {
                tally.probes += 1;
                if knocked(subject, objects, &way.world, attempt) == Ok(Let::Deny) {
                    let expected = format!(
                        "let in after {step} of {} steps ({}), as before and after",
                        way.steps.len() - 1,
                        edit.class()
                    );
                    return Err(fault(attempt, &expected, Let::Deny, &Trace::default()));
                }
            }
        }
    }
    Ok(())
}

fn note(way: &Way, edit: Edit, tally: &mut Tally) {
    tally.coverage.note(edit.class());
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
    // A target that comes twice grants nothing, so that one less is one more (I1).
    if with.duplicates().any(|object| object.kind == Kind::TRAFFIC_TARGET) {
        return Ok(());
    }
    let lab = Lab::new(subject.adapter);
    lab.settle(&case.input(), &case.settings)?;
    let whole = written(subject, lab.objects().iter())?;
    // Removing it, by a plan over what the former plan wrote.
    lab.settle(&Input::new(without.clone()), &case.settings)?;
    let less = written(subject, lab.objects().iter())?;
    let world = mesh_world(case, &with, true);
    tally.coverage.note("a target more");
    tally.coverage.note("a target less");
    tally
        .coverage
        .note_if(places(&without, "TrafficTarget").is_empty(), "the last target goes");
    let sent = case.attempts.iter().filter(|attempt| attempt.traffic != Traffic::Udp);
    for attempt in sent.filter(|attempt| with.workload(&attempt.to).is_some()) {
        tally.probes += 1;
        let (few, many) = (
            knocked(subject, &less, &world, attempt),
            knocked(subject, &whole, &world, attempt),
        );
        tally.coverage.note_if(few == Ok(Let::Allow), "allowed by the others");
        if few == Ok(Let::Allow) && many == Ok(Let::Deny) {
            let target = edited.pointer("/metadata/name").cloned().unwrap_or_default();
            let expected = format!("refused without the traffic target {target}, or let in with it as well");
            return Err(fault(attempt, &expected, Let::Allow, &Trace::default()));
        }
    }
    Ok(())
}
