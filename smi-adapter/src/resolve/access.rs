//! Access control: the grants of every workload in an enforced namespace.

mod backends;
mod by_labels;
mod common;
mod destinations;
mod enforced;
mod granted;
mod ports;
mod subjects;
mod target;
mod workloads;

use super::Report;
use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Model, NamespaceBaseline};
use crate::object::ObjectRef;
use destinations::Destinations;
use enforced::Enforced;
use granted::Granted;
use smi_types::FieldPath;
use std::collections::BTreeSet;
use workloads::Workloads;

/// Adds the policies of access control to a model, and returns the objects that targets refer to.
///
/// `already_enforced` are the namespaces that objects managed by us already enforce (A2).
pub(super) fn policies(
    view: View<'_>,
    already_enforced: &BTreeSet<String>,
    model: &mut Model,
    report: &mut Report,
) -> BTreeSet<ObjectRef> {
    let mut used = BTreeSet::new();
    let targets = target::all(view, &mut used, report);
    let destinations = Destinations::by_namespace(&targets);
    let enforced = enforced::namespaces(view, already_enforced, report);
    for (namespace, destinations) in &destinations {
        if !enforced.contains_key(*namespace) {
            report_released(namespace, destinations, report);
        }
    }
    let none = Destinations::default();
    for (namespace, state) in &enforced {
        let destinations = destinations.get(namespace.as_str()).unwrap_or(&none);
        if *state == Enforced::Untouched {
            enforced::report_untouched(namespace, destinations.targets(), report);
            continue;
        }
        let workloads = Workloads::new(view.snapshot, namespace);
        model.insert(NamespaceBaseline {
            namespace: namespace.clone(),
            unselectable: workloads.unselectable(),
        });
        let granted = Granted::new(destinations, &workloads);
        granted.report_destinations(view, report);
        granted.report_ports(report);
        for access in granted.policies(view, report) {
            model.insert(access);
        }
        for route in model.routes_in(namespace) {
            backends::report_unreachable(model, route, &workloads, report);
        }
    }
    used
}

/// Reports the targets of a namespace that is not enforced.
fn report_released(namespace: &str, destinations: &Destinations<'_>, report: &mut Report) {
    for target in destinations.targets().filter(|target| target.in_force) {
        let message = format!("namespace `{namespace}` is not enforced, so all traffic is allowed there");
        let diagnostic = Diagnostic::new(Code::NamespaceReleased, target.object(), FieldPath::root(), message);
        report.push(diagnostic.caused_by(ObjectRef::namespace(namespace)));
    }
}

#[cfg(test)]
mod tests;
