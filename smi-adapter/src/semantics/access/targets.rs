//! Traffic targets: the queries that each allows.

use super::case::Case;
use super::in_force::InForce;
use super::{enforcement, layers, ports, subjects};
use crate::object::ObjectKey;
use crate::semantics::destination;
use crate::semantics::outcome::Outcome;
use crate::semantics::request::Seen;
use crate::semantics::trace::{Reason, Trace};
use smi_types::access::TrafficTarget;

/// Records the targets of the namespace that are defined more than once or cannot be read (I1).
pub(super) fn unreadable(case: &Case<'_>, trace: &mut Trace) {
    let undecodable = case.snapshot.undecodable().map(|diagnostic| &diagnostic.object);
    for object in undecodable.chain(case.snapshot.duplicates()) {
        if enforcement::is_called_target(object) && object.key.namespace == case.namespace() {
            let Reason { rule, why } = destination::missing(case.snapshot, object);
            trace.record(rule, object.clone(), Outcome::DoesNotAllow { why });
        }
    }
}

/// Returns `Ok` if the query is from a source of the target to its destination and its rules match the traffic (A3).
/// The value is the reason if the target leaves the query open.
pub(super) fn allows(
    case: &Case<'_>,
    key: &ObjectKey,
    target: &TrafficTarget,
    seen: Option<&Seen<'_>>,
    trace: &mut Trace,
) -> Result<Option<Reason>, Reason> {
    let target = InForce::new(case, key, target)?;
    target.destination.is_reached(case, trace)?;
    subjects::is_source(case, &target, trace)?;
    layers::allow(case, &target, seen, trace)?;
    Ok(ports::left_open(case, &target))
}
