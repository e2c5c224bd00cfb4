//! Violations: the rules that single objects break. Resolution reports them first, so that no later step reports them
//! again.

use super::view::View;
use super::{ParsedRoot, Report, duplicate};
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::settings::UnknownFields;
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use smi_types::validate::{Rule, ignored_fields, with_unknown};
use smi_types::{FieldPath, Version, Violation};

/// Reports the violations of every object in scope, except route groups: their violations are found where their patterns
/// are parsed.
pub(super) fn of_objects(view: View<'_>, report: &mut Report) {
    let objects = view.all();
    objects
        .tcp_routes()
        .for_each(|(key, route)| of_tcp_route(view, key, route, report));
    objects
        .udp_routes()
        .for_each(|(key, route)| of_udp_route(view, key, route, report));
    objects
        .targets()
        .for_each(|(key, target)| of_target(view, key, target, report));
    objects
        .bindings()
        .for_each(|(key, binding)| of_binding(view, key, binding, report));
    objects
        .splits()
        .for_each(|(key, split)| of_split(view, key, split, report));
}

/// Reports what makes one object invalid or unreadable. The violations of a route group are found elsewhere.
pub(crate) fn of_object(view: View<'_>, object: &ObjectRef, report: &mut Report) {
    let ObjectRef { kind, key } = object;
    let objects = view.all();
    if !objects.has(object) {
        return;
    }
    report.extend(view.undecodable_of(object).iter().cloned());
    report.extend(view.duplicate(object).map(duplicate));
    match kind {
        Kind::TrafficSplit => objects.split(key).map(|split| of_split(view, key, split, report)),
        Kind::TcpRoute => objects
            .tcp_route(key)
            .map(|route| of_tcp_route(view, key, route, report)),
        Kind::UdpRoute => objects
            .udp_route(key)
            .map(|route| of_udp_route(view, key, route, report)),
        Kind::TrafficTarget => objects.target(key).map(|target| of_target(view, key, target, report)),
        Kind::IdentityBinding => objects
            .binding(key)
            .map(|binding| of_binding(view, key, binding, report)),
        _ => None,
    };
}

fn of_tcp_route(view: View<'_>, key: &ObjectKey, route: &TCPRoute, report: &mut Report) {
    let object = ObjectRef::new(Kind::TcpRoute, key.clone());
    report.extend(of(view, &object, route.version, route.violations()));
}

fn of_udp_route(view: View<'_>, key: &ObjectKey, route: &UDPRoute, report: &mut Report) {
    let object = ObjectRef::new(Kind::UdpRoute, key.clone());
    report.extend(of(view, &object, route.version, route.violations()));
}

fn of_target(view: View<'_>, key: &ObjectKey, target: &TrafficTarget, report: &mut Report) {
    let mut violations = target.violations();
    let foreign = view.settings.foreign_destinations;
    violations.retain(|violation| violation.rule != Rule::DestinationNamespace || !foreign);
    let object = ObjectRef::target(key.clone());
    report.extend(of(view, &object, target.version, violations));
}

fn of_binding(view: View<'_>, key: &ObjectKey, binding: &IdentityBinding, report: &mut Report) {
    let object = ObjectRef::new(Kind::IdentityBinding, key.clone());
    report.extend(of(view, &object, binding.version, binding.violations()));
}

fn of_split(view: View<'_>, key: &ObjectKey, split: &TrafficSplit, report: &mut Report) {
    let object = ObjectRef::split(key.clone());
    let violations = of(view, &object, split.version, split.violations());
    report.extend(violations.into_iter().map(|diagnostic| limited(diagnostic, split)));
    let service = split.spec.as_ref().map(|spec| spec.service.as_str());
    let namespace = &key.namespace;
    if let Some(service) = service.filter(|service| service.contains('.'))
        && ParsedRoot::new(service, namespace, &view.settings.cluster_domain) == ParsedRoot::UnderDomain
    {
        let message = format!(
            "`{service}` is not a service of namespace `{namespace}`; a split has an effect only in its own namespace"
        );
        report.add(Code::RootNamespace, &object, "spec.service".into(), message);
    }
}

/// Returns the diagnostics of the violations of one object, and of its unknown fields (I8).
pub(super) fn of(view: View<'_>, object: &ObjectRef, version: Version, violations: Vec<Violation>) -> Vec<Diagnostic> {
    let kind = object.kind.name();
    let unknown = view.unknown_fields(object);
    let (restricting, read_past): (_, &[FieldPath]) = match view.settings.unknown_fields {
        UnknownFields::Restrict => (unknown, &[]),
        UnknownFields::Ignore => (&[], unknown),
    };
    let diagnostic = |violation| Diagnostic::from_violation(object.clone(), violation);
    let violations = with_unknown(violations, restricting, kind, version);
    let mut all: Vec<Diagnostic> = violations.into_iter().map(diagnostic).collect();
    all.extend(ignored_fields(view.ignored_fields(object), kind).map(diagnostic));
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
