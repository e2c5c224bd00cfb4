//! Enforcement: the namespaces in which all traffic is denied unless a traffic target allows it (A2).

use crate::object::{Kind, ObjectRef};
use crate::semantics::outcome::{EnforcedBy, ReleasedBy};
use crate::settings::{ENFORCE_LABEL, Enforcement, SYSTEM_NAMESPACES, Settings};
use crate::snapshot::Snapshot;
use smi_types::access::TrafficTarget;

/// Returns `true` if `namespace` is enforced: all traffic is denied unless a traffic target allows it (A2).
///
/// ```
/// use smi_adapter::semantics::is_enforced;
/// use smi_adapter::settings::{Enforcement, Settings};
/// use smi_adapter::snapshot::Snapshot;
///
/// let mut settings = Settings::default();
/// let mut snapshot = Snapshot::default();
/// snapshot.cover_workloads();
/// assert!(!is_enforced(&snapshot, &settings, "shop"));
/// settings.enforcement = Enforcement::All { except: ["legacy".to_owned()].into() };
/// assert!(is_enforced(&snapshot, &settings, "shop"));
/// assert!(!is_enforced(&snapshot, &settings, "legacy"));
/// assert!(!is_enforced(&snapshot, &settings, "kube-system"));
/// ```
#[must_use]
pub fn is_enforced(snapshot: &Snapshot, settings: &Settings, namespace: &str) -> bool {
    of(snapshot, settings, namespace).is_ok()
}

/// Returns the reason that a namespace is enforced, or the reason that it is not.
pub(super) fn of(snapshot: &Snapshot, settings: &Settings, namespace: &str) -> Result<EnforcedBy, ReleasedBy> {
    if !settings.scope.contains(namespace) {
        return Err(ReleasedBy::Scope);
    }
    if settings.enforcement == Enforcement::Off {
        return Err(ReleasedBy::Off);
    }
    if !snapshot.covers_workloads() {
        return Err(ReleasedBy::Coverage);
    }
    match label(snapshot, namespace) {
        Some("true") => return Ok(EnforcedBy::Label),
        Some("false") => return Err(ReleasedBy::Label),
        // Any other value counts as no label.
        Some(_) | None => {}
    }
    match &settings.enforcement {
        Enforcement::All { except } if SYSTEM_NAMESPACES.contains(&namespace) || except.contains(namespace) => {
            Err(ReleasedBy::Exception)
        }
        Enforcement::All { .. } => Ok(EnforcedBy::Setting),
        Enforcement::Targets | Enforcement::Off => {
            if holds_target(snapshot, settings, namespace) {
                Ok(EnforcedBy::Target)
            } else if snapshot.enforced().any(|enforced| enforced == namespace) {
                Ok(EnforcedBy::Observed)
            } else {
                Err(ReleasedBy::NoTarget)
            }
        }
    }
}

/// Returns the value of the label of a namespace. A namespace that is defined twice or cannot be read has none (I1).
fn label<'s>(snapshot: &'s Snapshot, namespace: &str) -> Option<&'s str> {
    let labels = snapshot.namespace(namespace)?.metadata.labels.as_ref()?;
    labels.get(ENFORCE_LABEL).map(String::as_str)
}

/// Returns `true` if a target enforces the namespace. The target may be invalid or undecodable, because a broken target
/// must not open the namespace.
fn holds_target(snapshot: &Snapshot, settings: &Settings, namespace: &str) -> bool {
    let in_scope = |other: &str| settings.scope.contains(other);
    let mut targets = snapshot.targets().filter(|(key, _)| in_scope(&key.namespace));
    let undecodable = snapshot.undecodable().map(|diagnostic| &diagnostic.object);
    let mut unreadable = undecodable.chain(snapshot.duplicates());
    targets.any(|(key, target)| enforces(&key.namespace, target, settings) == namespace)
        || unreadable.any(|object| is_called_target(object) && object.key.namespace == namespace)
}

/// Returns `true` if the kind of an unreadable object is called `TrafficTarget`, in any API group: its author may have
/// written a wrong group (A2).
pub(super) fn is_called_target(object: &ObjectRef) -> bool {
    object.kind.name() == Kind::TrafficTarget.name()
}

/// Returns the namespace that a target enforces: its own or, with the opt-in, that of its destination (A22).
fn enforces<'t>(own: &'t str, target: &'t TrafficTarget, settings: &Settings) -> &'t str {
    let destination = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
    match destination.map(|destination| destination.namespace.as_str()) {
        Some(named) if settings.foreign_destinations && !named.is_empty() => named,
        _ => own,
    }
}
