//! Laws about the output of a plan as a whole.

use super::run::quietly;
use super::{Fault, Subject, Tally, hold};
use crate::lab::{difference, native, text};
use crate::{Case, Input};
use serde_json::{Value, json};
use smi_adapter::adapter::Feature;
use smi_adapter::manifest::NativeObject;
use smi_adapter::plan::{Observed, Planned};
use std::time::{Duration, Instant};

/// The time limit for the plans of a tiny world. It is generous, so that slow machines do not matter.
const PATIENCE: Duration = Duration::from_secs(20);

fn plan(subject: &Subject<'_>, input: &Input, case: &Case, observed: &Observed) -> Result<Planned, String> {
    subject.adapter.plan(input, &case.settings, observed)
}

pub(super) fn total(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let began = Instant::now();
    let input = case.input();
    let planned = quietly(|| plan(subject, &input, case, &Observed::default()))??;
    tally.planned(&planned);
    for feature in Feature::ALL {
        quietly(|| subject.adapter.support(feature))?;
    }
    // Any client may have written the observed objects: broken managed ones, and foreign ones.
    let broken = [
        json!(null),
        json!([]),
        json!({}),
        json!({"hosts": 1, "rules": {}, "parentRefs": [null]}),
    ];
    let mut objects = Vec::new();
    for (object, spec) in native(&planned.manifests).into_iter().zip(broken.iter().cycle()) {
        objects.push(NativeObject {
            spec: spec.clone().into(),
            ..object
        });
    }
    tally
        .coverage
        .note_if(!objects.is_empty(), "world with broken native objects of ours");
    for kind in subject.adapter.kinds().iter().chain(subject.adapter.reads()) {
        for (index, spec) in broken.iter().enumerate() {
            let metadata = json!({"namespace": "ns-a", "name": format!("of-others-{index}")});
            objects.push(NativeObject {
                kind: kind.clone(),
                metadata: serde_json::from_value(metadata).unwrap_or_default(),
                spec: spec.clone().into(),
            });
        }
    }
    let observed = Observed::new(subject.adapter.name(), &case.settings, objects);
    quietly(|| plan(subject, &input, case, &observed))??;
    let took = began.elapsed();
    hold!(
        took < PATIENCE,
        "two plans of a tiny world took {took:?}; the limit is {PATIENCE:?}"
    );
    Ok(())
}

pub(super) fn deterministic(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let once = plan(subject, &case.input(), case, &Observed::default())?;
    tally.planned(&once);
    for _ in 0..3 {
        let again = plan(subject, &case.input(), case, &Observed::default())?;
        let (once, again) = (text(&once), text(&again));
        hold!(
            once == again,
            "two plans of one snapshot differ: {}",
            difference(&once, &again)
        );
    }
    Ok(())
}

pub(super) fn order_free(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let once = plan(subject, &case.input(), case, &Observed::default())?;
    tally.planned(&once);
    let once = text(&once);
    let mut dice = case.dice();
    let mut shuffled = case.documents.clone();
    for place in 0..shuffled.len() {
        let other = place + dice.below(shuffled.len() - place);
        shuffled.swap(place, other);
    }
    let reversed: Vec<Value> = case.documents.iter().rev().cloned().collect();
    for documents in [shuffled, reversed] {
        let again = plan(subject, &Input::new(documents), case, &Observed::default())?;
        let again = text(&again);
        hold!(
            once == again,
            "the order of the input matters: {}",
            difference(&once, &again)
        );
    }
    // Observed objects, managed and foreign, in two orders.
    let whole = plan(subject, &case.input(), case, &Observed::default())?;
    let mut objects = native(&whole.manifests);
    for object in native(&whole.manifests) {
        let mut other = object;
        other.metadata.labels = None;
        other.metadata.name = other.metadata.name.as_ref().map(|name| format!("other-{name}"));
        objects.push(other);
    }
    let observed = |objects: Vec<NativeObject>| Observed::new(subject.adapter.name(), &case.settings, objects);
    let ahead = plan(subject, &case.input(), case, &observed(objects.clone()))?;
    objects.reverse();
    let back = plan(subject, &case.input(), case, &observed(objects))?;
    let (ahead, back) = (text(&ahead), text(&back));
    hold!(
        ahead == back,
        "the order of the observed objects matters: {}",
        difference(&ahead, &back)
    );
    Ok(())
}
