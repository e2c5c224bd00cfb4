//! Access control: the grants of every workload in an enforced namespace.

mod backends;
mod by_labels;
mod common;
mod destinations;
mod enforced;
mod overlap;
mod ports;
mod subjects;
mod target;
mod workloads;

pub(crate) use backends::report_unreachable;
pub(crate) use destinations::Destinations;
pub(crate) use enforced::{Enforced, candidates, report_target, report_untouched, state};
pub(crate) use overlap::Overlap;
pub(crate) use target::{Target, read};
pub(crate) use workloads::{Owned, Workloads};

use super::Report;
use super::view::View;
use crate::model::{Model, NamespaceBaseline};
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use overlap::Shared;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Adds the policies of access control to a model, and returns the objects that targets refer to.
///
/// `already_enforced` are the namespaces that objects managed by us already enforce (A2).
pub(super) fn policies(
    view: View<'_>,
    already_enforced: &BTreeSet<SmolStr>,
    model: &mut Model,
    report: &mut Report,
) -> BTreeSet<ObjectRef> {
    let mut used = BTreeSet::new();
    let mut by_namespace: BTreeMap<SmolStr, Destinations> = BTreeMap::new();
    for (key, target) in view.all().targets() {
        let (target, references) = read(view, key, target, report);
        used.extend(references);
        if let Some(target) = target {
            let destinations = by_namespace.entry(target.namespace().into()).or_default();
            destinations.add(&Arc::new(target));
        }
    }
    let mut states: BTreeMap<SmolStr, Enforced> = BTreeMap::new();
    for namespace in enforced::candidates(view, already_enforced) {
        let state = state(view, &namespace, already_enforced.contains(&namespace), report);
        states.extend(state.map(|state| (namespace, state)));
    }
    let mut matched = BTreeSet::new();
    let none = Destinations::default();
    for (namespace, state) in &states {
        let destinations = by_namespace.get(namespace);
        match state {
            Enforced::Untouched => report_untouched(namespace, destinations, report),
            Enforced::Yes => matched.extend(enforce(view, namespace, destinations.unwrap_or(&none), model, report)),
        }
    }
    for target in by_namespace.values().flat_map(Destinations::targets) {
        let state = states.get(target.namespace()).copied();
        report_target(view, target, state, matched.contains(&target.key), report);
    }
    used
}

/// Adds the policies of an enforced namespace, and returns the targets of which some pod is the destination.
fn enforce(
    view: View<'_>,
    namespace: &str,
    destinations: &Destinations,
    model: &mut Model,
    report: &mut Report,
) -> BTreeSet<ObjectKey> {
    let workloads = Workloads::new(view, namespace);
    model.insert(baseline(namespace, &workloads));
    let mut matched = BTreeSet::new();
    let groups = workloads.overlapping();
    let mut shared = Shared::new();
    for group in &groups {
        let overlap = Overlap::sharing(&mut shared, view, group, destinations, report);
        matched.extend(overlap.matched);
        for access in overlap.policies {
            model.insert(access);
        }
    }
    for route in model.routes_in(namespace) {
        report_unreachable(view, model, route, &workloads, report);
    }
    matched
}

/// Returns the denial of everything that no target allows in an enforced namespace.
pub(crate) fn baseline(namespace: &str, workloads: &Workloads) -> NamespaceBaseline {
    NamespaceBaseline {
        namespace: namespace.into(),
        unselectable: workloads.unselectable(),
    }
}

#[cfg(test)]
mod tests;
