//! Enforcement: the namespaces in which all traffic is denied unless a target allows it (A2).

use super::super::Report;
use super::super::view::View;
use super::target::Target;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::ObjectRef;
use crate::settings::{ENFORCE_LABEL, Enforcement, SYSTEM_NAMESPACES};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// The state of a namespace that is to be enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enforced {
    /// Its access control is written.
    Yes,
    /// Its access control is left as it is, because the snapshot does not cover workloads.
    Untouched,
}

/// Returns the namespaces in scope that are to be enforced.
pub(super) fn namespaces(
    view: View<'_>,
    already_enforced: &BTreeSet<String>,
    report: &mut Report,
) -> BTreeMap<String, Enforced> {
    let View { snapshot, settings, .. } = view;
    let mut candidates = already_enforced.clone();
    candidates.extend(view.index.claimed().iter().cloned());
    match &settings.enforcement {
        Enforcement::Off => return BTreeMap::new(),
        Enforcement::Targets => {}
        Enforcement::All { except } => {
            candidates.extend(known(snapshot));
            candidates.retain(|name| !except.contains(name) && !SYSTEM_NAMESPACES.contains(&name.as_str()));
        }
    }
    for namespace in snapshot.namespaces() {
        let name = namespace.metadata.name.clone().unwrap_or_default();
        let labels = namespace.metadata.labels.as_ref();
        match labels.and_then(|labels| labels.get(ENFORCE_LABEL)).map(String::as_str) {
            None => {}
            Some("true") => _ = candidates.insert(name),
            Some("false") => _ = candidates.remove(&name),
            Some(other) => {
                let message = format!("`{other}` is neither `true` nor `false`, so the label is ignored");
                let field = FieldPath::root().field("metadata").field("labels").field(ENFORCE_LABEL);
                if settings.scope.contains(&name) {
                    report.add(Code::Invalid, &ObjectRef::namespace(&name), field, message);
                }
            }
        }
    }
    let state = if snapshot.covers_workloads() {
        Enforced::Yes
    } else {
        // Also if the label releases it: what was written for it is not deleted.
        candidates.extend(already_enforced.iter().cloned());
        Enforced::Untouched
    };
    let in_scope = candidates.into_iter().filter(|name| settings.scope.contains(name));
    in_scope.map(|name| (name, state)).collect()
}

/// Reports an untouched namespace on its targets or, if it has none, on the namespace itself.
pub(super) fn report_untouched<'a>(namespace: &str, targets: impl Iterator<Item = &'a Target>, report: &mut Report) {
    let message = format!(
        "not every workload is known, so access control of namespace `{namespace}` is neither written, compared nor deleted"
    );
    let on = |object| Diagnostic::new(Code::WorkloadsNotCovered, object, FieldPath::root(), message.as_str());
    let object = ObjectRef::namespace(namespace);
    let mut in_force = targets.filter(|target| target.in_force).peekable();
    if in_force.peek().is_none() {
        report.push(on(object));
        return;
    }
    report.extend(in_force.map(|target| on(target.object()).caused_by(object.clone())));
}

/// Returns every namespace that the snapshot contains or in which it has a workload or a service.
fn known(snapshot: &Snapshot) -> impl Iterator<Item = String> {
    let namespaces = snapshot
        .namespaces()
        .filter_map(|namespace| namespace.metadata.name.clone());
    let workloads = snapshot
        .workloads()
        .map(|workload| workload.object().key.namespace.clone());
    let services = snapshot.services().map(|(key, _)| key.namespace.clone());
    namespaces.chain(workloads).chain(services)
}
