//! Violations: the rules that single objects break. Resolution reports them first, so that no later step reports them
//! again.

use super::Report;
use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{Kind, ObjectRef};
use crate::settings::UnknownFields;
use smi_types::split::TrafficSplit;
use smi_types::validate::{Rule, ignored_fields, with_unknown};
use smi_types::{FieldPath, Version, Violation};

/// Reports the violations of every object in scope, except route groups: their violations are found where their patterns
/// are parsed.
pub(super) fn of_objects(view: View<'_>, report: &mut Report) {
    let View { snapshot, settings, .. } = view;
    let objects = snapshot.scoped(settings);
    for (key, route) in objects.tcp_routes() {
        let object = ObjectRef::new(Kind::TcpRoute, key.clone());
        report.extend(of(view, &object, route.version, route.violations()));
    }
    for (key, route) in objects.udp_routes() {
        let object = ObjectRef::new(Kind::UdpRoute, key.clone());
        report.extend(of(view, &object, route.version, route.violations()));
    }
    for (key, target) in objects.targets() {
        let mut violations = target.violations();
        violations.retain(|violation| violation.rule != Rule::DestinationNamespace || !settings.foreign_destinations);
        let object = ObjectRef::target(key.clone());
        report.extend(of(view, &object, target.version, violations));
    }
    for (key, binding) in objects.bindings() {
        let object = ObjectRef::new(Kind::IdentityBinding, key.clone());
        report.extend(of(view, &object, binding.version, binding.violations()));
    }
    for (key, split) in objects.splits() {
        let object = ObjectRef::split(key.clone());
        let violations = of(view, &object, split.version, split.violations());
        report.extend(violations.into_iter().map(|diagnostic| limited(diagnostic, split)));
    }
    for key in view.index.under_domain() {
        let split = snapshot.split(key).and_then(|split| split.spec.as_ref());
        let service = split.map(|spec| spec.service.as_str()).unwrap_or_default();
        let message = format!(
            "`{service}` is not a service of namespace `{}`; a split has an effect only in its own namespace",
            key.namespace
        );
        let object = ObjectRef::split(key.clone());
        report.add(Code::RootNamespace, &object, "spec.service".into(), message);
    }
}

/// Returns the diagnostics of the violations of one object, and of its unknown fields (I8).
pub(super) fn of(
    View { snapshot, settings, .. }: View<'_>,
    object: &ObjectRef,
    version: Version,
    violations: Vec<Violation>,
) -> Vec<Diagnostic> {
    let kind = object.kind.name();
    let unknown = snapshot.unknown_fields(object);
    let (restricting, read_past): (_, &[FieldPath]) = match settings.unknown_fields {
        UnknownFields::Restrict => (unknown, &[]),
        UnknownFields::Ignore => (&[], unknown),
    };
    let diagnostic = |violation| Diagnostic::from_violation(object.clone(), violation);
    let violations = with_unknown(violations, restricting, kind, version);
    let mut all: Vec<Diagnostic> = violations.into_iter().map(diagnostic).collect();
    all.extend(ignored_fields(snapshot.ignored_fields(object), kind).map(diagnostic));
    all.extend(read_past.iter().map(|path| {
        let message = "unknown fields are ignored by the settings, so this has no effect";
        Diagnostic::new(Code::IgnoredField, object.clone(), path.clone(), message)
    }));
    all
}

/// Limits a diagnostic on a split to the backend that it concerns. An invalid weight makes the whole split inert.
fn limited(diagnostic: Diagnostic, split: &TrafficSplit) -> Diagnostic {
    let of_backend = matches!(
        diagnostic.rule,
        Some(
            Rule::BackendName | Rule::BackendRepeated | Rule::WeightMissing | Rule::WeightFraction | Rule::UnknownField
        )
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
