//! Enforcement: the namespaces in which all traffic is denied unless a target allows it (A2).

use super::super::Report;
use super::target::Target;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{Kind, ObjectRef};
use crate::settings::{ENFORCE_LABEL, Enforcement, SYSTEM_NAMESPACES, Settings};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use std::collections::BTreeSet;

/// Returns the enforced namespaces in scope.
pub(super) fn namespaces(
    snapshot: &Snapshot,
    settings: &Settings,
    already_enforced: &BTreeSet<String>,
    report: &mut Report,
) -> BTreeSet<String> {
    let mut candidates = already_enforced.clone();
    let except: &BTreeSet<String> = match &settings.enforcement {
        Enforcement::Off => return BTreeSet::new(),
        Enforcement::Targets => &BTreeSet::new(),
        Enforcement::All { except } => except,
    };
    candidates.extend(with_targets(snapshot, settings));
    if let Enforcement::All { .. } = settings.enforcement {
        candidates.extend(known(snapshot));
        candidates.retain(|name| !except.contains(name) && !SYSTEM_NAMESPACES.contains(&name.as_str()));
    }
    for namespace in snapshot.namespaces() {
        let name = namespace.metadata.name.clone().unwrap_or_default();
        let label = namespace
            .metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(ENFORCE_LABEL));
        match label.map(String::as_str) {
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
    candidates.retain(|name| settings.scope.contains(name));
    candidates
}

/// Returns the namespaces whose access control is left as it is because the snapshot does not cover workloads.
///
/// They are moved out of `enforced`, and those that are already enforced are added.
pub(super) fn not_covered(
    snapshot: &Snapshot,
    settings: &Settings,
    already_enforced: &BTreeSet<String>,
    enforced: &mut BTreeSet<String>,
) -> BTreeSet<String> {
    if snapshot.covers_workloads() || settings.enforcement == Enforcement::Off {
        return BTreeSet::new();
    }
    let in_scope = already_enforced.iter().filter(|name| settings.scope.contains(name));
    let mut untouched = std::mem::take(enforced);
    untouched.extend(in_scope.cloned());
    untouched
}

/// Reports the untouched namespaces on their targets or, if a namespace has none, on the namespace itself.
pub(super) fn report_untouched(untouched: &BTreeSet<String>, targets: &[Target], report: &mut Report) {
    for namespace in untouched {
        let message = format!(
            "not every workload is known, so access control of namespace `{namespace}` is neither written, compared nor deleted"
        );
        let own = targets
            .iter()
            .filter(|target| target.in_force && target.namespace() == namespace);
        let on = |object| Diagnostic::new(Code::WorkloadsNotCovered, object, FieldPath::root(), message.as_str());
        let object = ObjectRef::namespace(namespace);
        let mut all: Vec<Diagnostic> = own
            .map(|target| on(target.object()).caused_by(object.clone()))
            .collect();
        if all.is_empty() {
            all.push(on(object));
        }
        report.extend(all);
    }
}

/// Returns the namespaces of targets. The targets may be invalid or undecodable.
fn with_targets(snapshot: &Snapshot, settings: &Settings) -> BTreeSet<String> {
    let objects = snapshot.scoped(settings);
    let unread = objects
        .undecodable()
        .map(|diagnostic| &diagnostic.object)
        .chain(objects.duplicates())
        // Also one in another API group, which is probably meant as a target.
        .filter(|object| object.kind.name() == Kind::TrafficTarget.name())
        .map(|object| object.key.namespace.clone());
    let read = objects.targets().map(|(key, target)| {
        let destination = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
        // With the opt-in of A22, a target enforces the namespace of its destination.
        let foreign = destination
            .filter(|_| settings.foreign_destinations)
            .map(|subject| &subject.namespace);
        foreign
            .filter(|namespace| !namespace.is_empty())
            .unwrap_or(&key.namespace)
            .clone()
    });
    unread.chain(read).collect()
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
