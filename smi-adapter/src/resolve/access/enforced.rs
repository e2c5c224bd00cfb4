//! Enforcement: the namespaces in which all traffic is denied unless a target allows it (A2).

use super::super::Report;
use super::super::view::View;
use super::destinations::Destinations;
use super::target::Target;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{ObjectRef, SmolStr};
use crate::settings::{ENFORCE_LABEL, Enforcement, SYSTEM_NAMESPACES};
use smi_types::FieldPath;
use std::collections::BTreeSet;

/// The state of a namespace that is to be enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enforced {
    /// Its access control is written.
    Yes,
    /// Its access control is left as it is, because the snapshot does not cover workloads.
    Untouched,
}

/// Returns the namespaces in scope that may be enforced, and some more.
pub(crate) fn candidates(view: View<'_>, already_enforced: &BTreeSet<SmolStr>) -> BTreeSet<SmolStr> {
    let mut candidates = already_enforced.clone();
    candidates.extend(view.claimed().cloned());
    let namespaces = view.all().namespaces();
    candidates.extend(namespaces.filter_map(|namespace| namespace.metadata.name.as_ref().map(SmolStr::new)));
    if matches!(view.settings.enforcement, Enforcement::All { .. }) {
        let of_workloads = view.all().workloads().map(|workload| &workload.object().key.namespace);
        let of_services = view.all().services().map(|(key, _)| &key.namespace);
        candidates.extend(of_workloads.chain(of_services).cloned());
    }
    candidates
}

/// Returns the state of a namespace; `None` if it is not enforced. Reports a label that is neither.
///
/// `is_already` is `true` if objects managed by us enforce it already.
pub(crate) fn state(view: View<'_>, name: &str, is_already: bool, report: &mut Report) -> Option<Enforced> {
    let is_enforced = match &view.settings.enforcement {
        Enforcement::Off => return None,
        Enforcement::Targets => is_already || view.is_claimed(name),
        Enforcement::All { except } => {
            let is_excepted = except.contains(name) || SYSTEM_NAMESPACES.contains(&name);
            !is_excepted && (is_already || view.is_claimed(name) || view.knows_namespace(name))
        }
    };
    if !view.settings.scope.contains(name) {
        return None;
    }
    let labels = view
        .namespace(name)
        .and_then(|namespace| namespace.metadata.labels.as_ref());
    let is_enforced = match labels.and_then(|labels| labels.get(ENFORCE_LABEL)).map(String::as_str) {
        None => is_enforced,
        Some("true") => true,
        Some("false") => false,
        Some(other) => {
            let message = format!("`{other}` is neither `true` nor `false`, so the label is ignored");
            let field = FieldPath::root().field("metadata").field("labels").field(ENFORCE_LABEL);
            report.add(Code::Invalid, &ObjectRef::namespace(name), field, message);
            is_enforced
        }
    };
    if view.covers_workloads() {
        is_enforced.then_some(Enforced::Yes)
    } else {
        // Also if the label releases it: what was written for it is not deleted.
        (is_enforced || is_already).then_some(Enforced::Untouched)
    }
}

/// Reports an untouched namespace of which no target is in force. Otherwise the targets are reported.
pub(crate) fn report_untouched(namespace: &str, targets: Option<&Destinations>, report: &mut Report) {
    let mut targets = targets.into_iter().flat_map(Destinations::targets);
    if !targets.any(|target| target.in_force) {
        report.push(untouched(ObjectRef::namespace(namespace), namespace));
    }
}

/// Returns the diagnostic on an object of an untouched namespace.
fn untouched(object: ObjectRef, namespace: &str) -> Diagnostic {
    let message = format!(
        "not every workload is known, so access control of namespace `{namespace}` is neither written, compared nor deleted"
    );
    Diagnostic::new(Code::WorkloadsNotCovered, object, FieldPath::root(), message)
}

/// Reports a target that has no effect because its namespace is not enforced or is untouched, or because no workload
/// matches its destination (A18).
pub(crate) fn report_target(
    view: View<'_>,
    target: &Target,
    state: Option<Enforced>,
    has_workload: bool,
    report: &mut Report,
) {
    if !target.in_force {
        return;
    }
    let namespace = target.namespace();
    match state {
        None => {
            let message = format!("namespace `{namespace}` is not enforced, so all traffic is allowed there");
            let diagnostic = Diagnostic::new(Code::NamespaceReleased, target.object(), FieldPath::root(), message);
            report.push(diagnostic.caused_by(ObjectRef::namespace(namespace)));
        }
        Some(Enforced::Untouched) => {
            let diagnostic = untouched(target.object(), namespace);
            report.push(diagnostic.caused_by(ObjectRef::namespace(namespace)));
        }
        Some(Enforced::Yes) if has_workload => {}
        Some(Enforced::Yes) => {
            let elsewhere = view.account_elsewhere(&target.destination.accounts, namespace);
            let elsewhere = elsewhere.map_or_else(String::new, |other| format!(", but in namespace `{other}`"));
            let message =
                format!("no workload that matches this destination is known in namespace `{namespace}`{elsewhere}");
            let (code, field) = (Code::NoDestinationWorkload, target.path("destination"));
            report.add(code, &target.object(), field, message);
        }
    }
}
