//! Violations: the rules that single objects break. Resolution reports them first, so that no later step reports them
//! again.

use super::Report;
use crate::diagnostic::Diagnostic;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use smi_types::Violation;
use smi_types::split::TrafficSplit;
use smi_types::validate::Rule;

/// Reports the violations of every object in scope.
pub(super) fn of_objects(snapshot: &Snapshot, settings: &Settings, report: &mut Report) {
    for (object, violations) in of_others(snapshot, settings) {
        let permitted = |rule: Rule| rule == Rule::DestinationNamespace && settings.foreign_destinations;
        for violation in violations.into_iter().filter(|violation| !permitted(violation.rule)) {
            report.push(Diagnostic::from_violation(object.clone(), violation));
        }
    }
    for (key, split) in snapshot.splits().filter(|(key, _)| in_scope(settings, key)) {
        for violation in split.violations() {
            let diagnostic = Diagnostic::from_violation(ObjectRef::split(key.clone()), violation);
            report.push(limited(diagnostic, split));
        }
    }
}

fn in_scope(settings: &Settings, key: &ObjectKey) -> bool {
    settings.scope.contains(&key.namespace)
}

/// Returns the objects other than splits, with their violations.
fn of_others(snapshot: &Snapshot, settings: &Settings) -> impl Iterator<Item = (ObjectRef, Vec<Violation>)> {
    let in_scope = |key: &ObjectKey| in_scope(settings, key);
    let of = |kind: Kind, key: &ObjectKey| ObjectRef::new(kind, key.clone());
    let groups = snapshot
        .groups()
        .filter(move |(key, _)| in_scope(key))
        .map(move |(key, group)| (of(Kind::HTTP_ROUTE_GROUP, key), group.violations()));
    let tcp = snapshot
        .tcp_routes()
        .filter(move |(key, _)| in_scope(key))
        .map(move |(key, route)| (of(Kind::TCP_ROUTE, key), route.violations()));
    let udp = snapshot
        .udp_routes()
        .filter(move |(key, _)| in_scope(key))
        .map(move |(key, route)| (of(Kind::UDP_ROUTE, key), route.violations()));
    let targets = snapshot
        .targets()
        .filter(move |(key, _)| in_scope(key))
        .map(move |(key, target)| (of(Kind::TRAFFIC_TARGET, key), target.violations()));
    let bindings = snapshot
        .bindings()
        .filter(move |(key, _)| in_scope(key))
        .map(move |(key, binding)| (of(Kind::IDENTITY_BINDING, key), binding.violations()));
    groups.chain(tcp).chain(udp).chain(targets).chain(bindings)
}

/// Limits a diagnostic on a split to the backend that it concerns. An invalid weight makes the whole split inert.
fn limited(diagnostic: Diagnostic, split: &TrafficSplit) -> Diagnostic {
    let of_backend = matches!(
        diagnostic.rule,
        Some(Rule::BackendName | Rule::BackendRepeated | Rule::WeightMissing | Rule::WeightFraction)
    );
    let index = diagnostic.field.index_in("backends").filter(|_| of_backend);
    let backends = split.spec.as_ref().map(|spec| &spec.backends);
    match index.and_then(|index| backends?.get(index)) {
        Some(backend) => diagnostic.on_backend(&backend.service),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests;
