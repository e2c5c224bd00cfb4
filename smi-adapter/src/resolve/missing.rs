//! Messages about objects that are referred to and missing, with the reason as far as it is known.

use super::view::View;
use crate::object::{Kind, ObjectKey, ObjectRef};
use k8s_openapi::api::core::v1::Service;

/// Returns the message about a route or route group that cannot be used.
pub(super) fn unusable(view: View<'_>, route: &ObjectRef) -> String {
    let ObjectKey { namespace, name } = &route.key;
    let kind = &route.kind;
    if view.has(route) {
        return format!("{kind} `{name}` cannot be used, because of an error that is reported on it");
    }
    let missing = format!("no {kind} `{name}` is known in namespace `{namespace}`");
    let group = (*kind == Kind::HttpRouteGroup).then(|| group_with_match(view, &route.key));
    if let Some(group) = group.flatten() {
        return format!(
            "{missing}; `{name}` is a match of {kind} `{group}`: refer to the group, and in a traffic target select the match below `matches`"
        );
    }
    match view.elsewhere(kind, &route.key) {
        Some(other) => format!("{missing}, but in namespace `{other}`; a reference cannot leave its namespace"),
        None => missing,
    }
}

/// Returns the reason that a service cannot be used, as the predicate of a message about it.
pub(super) fn service(view: View<'_>, key: &ObjectKey) -> String {
    if view.service(key).is_some_and(is_external_name) {
        return "is of type ExternalName".to_owned();
    }
    if view.has(&ObjectRef::service(key.clone())) {
        return "cannot be used, because of an error that is reported on it".to_owned();
    }
    let missing = format!("is not known in namespace `{}`", key.namespace);
    match view.elsewhere(&Kind::Service, key) {
        Some(other) => format!("{missing}, but in namespace `{other}`"),
        None => missing,
    }
}

/// The maximum number of route groups whose matches are searched, for a hint in a message.
const MAX_GROUPS: usize = 1_000;

/// Returns the name of a route group of the namespace with a match of this name.
fn group_with_match<'a>(view: View<'a>, name: &'a ObjectKey) -> Option<&'a str> {
    let mut groups = view.groups_in(&name.namespace).take(MAX_GROUPS);
    let (key, _) = groups.find(|(_, group)| group.matches().iter().any(|matching| matching.name == name.name))?;
    Some(&key.name)
}

pub(super) fn is_external_name(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.type_.as_deref()) == Some("ExternalName")
}
