//! Laws about working on a cluster: convergence, repairs and ownership.

use super::history::released;
use super::{Fault, Subject, Tally, hold};
use crate::edits::tamper;
use crate::lab::{self, Lab, differing};
use crate::world::NAMESPACES;
use crate::{Case, Input};
use serde_json::Value;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{Action, Plan, Planned};
use smi_adapter::settings::{Owner, Scope, Settings};
use std::collections::BTreeSet;

fn expect_empty(plan: &Plan, when: &str) -> Result<(), Box<Fault>> {
    let actions: Vec<String> = plan.actions.iter().map(named).collect();
    hold!(
        actions.is_empty(),
        "the plan is not empty {when}: {}",
        actions.join(", ")
    );
    Ok(())
}

fn named(action: &Action) -> String {
    let what = match action {
        Action::Create(_) => "create",
        Action::Replace(_) => "replace",
        Action::Delete(_) => "delete",
    };
    format!("{what} {}", action.object())
}

pub(super) fn converges(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let lab = Lab::new(subject.adapter);
    let input = case.input();
    let planned = lab.settle(&input, &case.settings)?;
    tally.planned(&planned);
    let again = lab.plan(&input, &case.settings)?;
    expect_empty(&again.plan, "after the first one was applied")?;
    hold!(
        again.diagnostics == planned.diagnostics,
        "the diagnostics change after the plan was applied, from `{}` to `{}`",
        lab::named(&planned.diagnostics),
        lab::named(&again.diagnostics)
    );
    let uncovered = lab.plan(&input.without_workloads(), &case.settings)?;
    leaves_access(&uncovered, &planned, tally)
}

/// Checks that a plan which does not know all workloads leaves access control as `planned` made it, and reports that for
/// every namespace.
fn leaves_access(uncovered: &Planned, planned: &Planned, tally: &mut Tally) -> Result<(), Box<Fault>> {
    expect_empty(
        &uncovered.plan,
        "for a snapshot without workloads, which does not cover them",
    )?;
    let access = planned.manifests.iter().filter(|manifest| manifest.policy.is_access());
    let enforced: BTreeSet<&str> = access.map(|manifest| manifest.policy.namespace()).collect();
    tally.coverage.note_if(!enforced.is_empty(), "workloads not covered");
    for namespace in enforced {
        let object = ObjectRef::namespace(namespace);
        let reports = |it: &&Diagnostic| it.object == object || it.other.as_ref() == Some(&object);
        hold!(
            uncovered
                .diagnostics
                .iter()
                .any(|it| it.code == Code::WorkloadsNotCovered && reports(&it)),
            "the snapshot does not cover workloads, but this is not reported for {object}"
        );
    }
    Ok(())
}

pub(super) fn idempotent(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let lab = Lab::new(subject.adapter);
    let first = lab.plan(&case.input(), &case.settings)?;
    tally.planned(&first);
    hold!(lab.cluster.objects().is_empty(), "planning wrote to the cluster");
    let second = lab.plan(&case.input(), &case.settings)?;
    hold!(first == second, "two plans over the same observed objects differ");
    lab.settle(&case.input(), &case.settings)?;
    let before = lab.cluster.objects();
    for _ in 0..2 {
        let documents: Vec<Value> = case.documents.iter().rev().cloned().collect();
        lab.settle(&Input::new(documents), &case.settings)?;
        hold!(
            lab.cluster.objects() == before,
            "applying a plan again writes to the cluster"
        );
    }
    Ok(())
}

pub(super) fn repairs(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let lab = Lab::new(subject.adapter);
    let input = case.input();
    lab.settle(&input, &case.settings)?;
    let mut dice = case.dice();
    for object in lab.cluster.objects() {
        for _ in 0..3 {
            let Some((class, edited)) = tamper(&object, &mut dice) else {
                continue;
            };
            let shown = edited.to_value();
            lab.cluster.put(edited);
            if is_unchanged(&lab, &object) {
                // The server's defaults reverted the edit.
                continue;
            }
            tally.coverage.note(class);
            restored(&lab, &input, &case.settings, &object).map_err(|why| format!("{class}, and {why}: {shown}"))?;
        }
        lab.cluster.take(&object.reference());
        let class = "repaired: deleted";
        tally.coverage.note(class);
        restored(&lab, &input, &case.settings, &object).map_err(|why| format!("{class}, and {why}"))?;
        foreign(&lab, &input, &case.settings, &object, tally)?;
    }
    Ok(())
}

/// Returns `true` if an object is in the cluster and unchanged.
fn is_unchanged(lab: &Lab<'_>, object: &NativeObject) -> bool {
    lab.objects().contains(&lab::stripped(object.clone()))
}

/// Checks that the plan is not empty, and that applying it restores the object.
fn restored(lab: &Lab<'_>, input: &Input, settings: &Settings, object: &NativeObject) -> Result<(), String> {
    let name = object.reference();
    let planned = lab.settle(input, settings)?;
    if !planned.plan.actions.iter().any(|action| action.object() == name) {
        return Err(format!("the plan does not change {name}"));
    }
    if !is_unchanged(lab, object) {
        return Err(format!("applying the plan does not restore {name}"));
    }
    Ok(())
}

/// Checks that an object without the owner label is treated as foreign, and that the conflict over its name is
/// reported.
fn foreign(
    lab: &Lab<'_>,
    input: &Input,
    settings: &Settings,
    object: &NativeObject,
    tally: &mut Tally,
) -> Result<(), Box<Fault>> {
    tally.coverage.note("foreign: the owner label removed");
    let name = object.reference();
    let mut others = object.clone();
    if let Some(labels) = others.metadata.labels.as_mut() {
        labels.remove("app.kubernetes.io/managed-by");
    }
    lab.cluster.put(others);
    let before = lab.cluster.objects();
    let planned = lab.plan(input, settings)?;
    let touches = planned.plan.actions.iter().any(|action| action.object() == name);
    hold!(
        !touches,
        "{name} has lost its owner label, but the plan still changes it"
    );
    hold!(
        reported(&planned),
        "{name} has lost its owner label, but no `ForeignObject` is reported"
    );
    hold!(lab.cluster.objects() == before, "planning wrote to the cluster");
    lab.cluster.put(object.clone());
    Ok(())
}

fn reported(planned: &Planned) -> bool {
    let codes = planned.diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.into_iter().any(|code| code == Code::ForeignObject)
}

pub(super) fn two_owners(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let with = |change: &dyn Fn(&mut Settings)| {
        let mut settings = case.settings.clone();
        change(&mut settings);
        settings
    };
    let owner = |name: &str| name.parse::<Owner>().map_err(|error| error.to_string());
    let (a, b) = (owner("owner-a")?, owner("owner-b")?);
    let owners = [
        with(&|settings| settings.owner = a.clone()),
        with(&|settings| settings.owner = b.clone()),
    ];
    let scopes =
        NAMESPACES.map(|namespace| with(&|settings| settings.scope = Scope::Namespaces([namespace.to_owned()].into())));
    for (class, [one, other]) in [("two owners", owners), ("two scopes", scopes)] {
        let lab = Lab::new(subject.adapter);
        let input = case.input();
        lab.settle(&input, &one)?;
        let ones = lab.objects();
        let planned = lab.settle(&input, &other)?;
        let taken: BTreeSet<ObjectRef> = ones.iter().map(NativeObject::reference).collect();
        let clash = class == "two owners" && !taken.is_empty();
        tally.coverage.note_if(!lab.objects().is_empty(), class);
        tally.coverage.note_if(clash, "a name that the other one has");
        let changed = ones.iter().find(|object| !lab.objects().contains(object));
        if let Some(object) = changed {
            hold!(
                false,
                "{class}: the second embedder changes {}, which the first one manages",
                object.reference()
            );
        }
        hold!(
            !clash || reported(&planned),
            "{class}: the first embedder has names that the second one needs, but no `ForeignObject` is reported"
        );
        expect_empty(
            &lab.plan(&input, &one)?.plan,
            "after the other embedder applied its plan",
        )?;
        // Without any SMI object, the first embedder deletes its own objects and no others.
        let without = released(&case.documents);
        let others: Vec<NativeObject> = lab
            .objects()
            .into_iter()
            .filter(|object| !ones.contains(object))
            .collect();
        lab.settle(&Input::new(without), &one)?;
        let left = lab.objects();
        let differ = differing(&left, &others);
        hold!(
            differ.is_empty(),
            "{class}: after the first embedder deleted its objects, these should not remain, or not be changed: {}",
            lab::named(&differ)
        );
    }
    Ok(())
}
