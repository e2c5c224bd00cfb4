//! Violations: the rules that single objects break. Resolution reports them first, so that no later step reports them
//! again.

use super::Report;
use crate::diagnostic::Diagnostic;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::{Scoped, Snapshot};
use smi_types::Violation;
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use smi_types::validate::Rule;

/// Reports the violations of every object in scope, except route groups: their violations are found where their patterns
/// are parsed.
pub(super) fn of_objects(snapshot: &Snapshot, settings: &Settings, report: &mut Report) {
    for (object, violations) in of_others(snapshot.scoped(settings)) {
        let permitted = |rule: Rule| rule == Rule::DestinationNamespace && settings.foreign_destinations;
        for violation in violations.into_iter().filter(|violation| !permitted(violation.rule)) {
            report.push(Diagnostic::from_violation(object.clone(), violation));
        }
    }
    for (key, split) in snapshot.scoped(settings).splits() {
        for violation in split.violations() {
            let diagnostic = Diagnostic::from_violation(ObjectRef::split(key.clone()), violation);
            report.push(limited(diagnostic, split));
        }
    }
}

/// Returns the objects other than splits and route groups, with their violations.
fn of_others(objects: Scoped<'_>) -> impl Iterator<Item = (ObjectRef, Vec<Violation>)> {
    of(Kind::TcpRoute, objects.tcp_routes(), TCPRoute::violations)
        .chain(of(Kind::UdpRoute, objects.udp_routes(), UDPRoute::violations))
        .chain(of(Kind::TrafficTarget, objects.targets(), TrafficTarget::violations))
        .chain(of(
            Kind::IdentityBinding,
            objects.bindings(),
            IdentityBinding::violations,
        ))
}

/// Returns the objects of one kind with their violations.
fn of<'a, T: 'a>(
    kind: Kind,
    objects: impl Iterator<Item = (&'a ObjectKey, &'a T)>,
    violations: fn(&T) -> Vec<Violation>,
) -> impl Iterator<Item = (ObjectRef, Vec<Violation>)> {
    objects.map(move |(key, object)| (ObjectRef::new(kind.clone(), key.clone()), violations(object)))
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
