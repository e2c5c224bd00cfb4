//! Traffic targets: the queries that each allows.

use super::case::Case;
use super::in_force::InForce;
use super::{layers, ports, subjects};
use crate::object::{Kind, ObjectKey};
use crate::semantics::destination;
use crate::semantics::outcome::Outcome;
use crate::semantics::request::Seen;
use crate::semantics::trace::{Reason, Trace};
use smi_types::access::TrafficTarget;

/// I1: targets of the namespace that are there twice or cannot be read.
pub(super) fn unreadable(case: &Case<'_>, trace: &mut Trace) {
    let undecodable = case.snapshot.undecodable().map(|why| &why.object);
    for object in undecodable.chain(case.snapshot.duplicates()) {
        if object.kind == Kind::TRAFFIC_TARGET && object.key.namespace == case.namespace() {
            let Reason { rule, why } = destination::missing(case.snapshot, object);
            trace.record(rule, object.clone(), Outcome::DoesNotAllow { why });
        }
    }
}

/// A3: a target allows what one of its sources sends to its destination, if its rules describe that. It may
/// leave it open, and says why.
pub(super) fn allows(
    case: &Case<'_>,
    key: &ObjectKey,
    target: &TrafficTarget,
    seen: Option<&Seen<'_>>,
    trace: &mut Trace,
) -> Result<Option<Reason>, Reason> {
    let target = InForce::new(key, target, case.settings)?;
    subjects::is_destination(case, &target, trace)?;
    subjects::is_source(case, &target, trace)?;
    layers::allow(case, &target, seen, trace)?;
    Ok(ports::left_open(case, &target))
}
