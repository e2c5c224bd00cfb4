//! Access control: which queries the specification allows (A1–A38).

mod bindings;
mod case;
mod conversion;
mod enforcement;
mod health;
mod in_force;
mod layers;
mod ports;
mod routes;
mod spiffe;
mod subjects;
mod targets;

pub use enforcement::is_enforced;

use super::destination;
use super::outcome::Outcome;
use super::readings::{self, Answers};
use super::request::Seen;
use super::trace::{Reason, Trace};
use crate::object::ObjectRef;
use crate::query::{AccessQuery, Authorization, Traffic};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use case::Case;

/// Decides whether `query` is allowed, and says why.
///
/// The pod or template that it reaches is judged by its own labels and service account (A18), and by the
/// namespace in which it lies. In a namespace that is not enforced everything is allowed (A2), and none is where the
/// snapshot does not [cover](Snapshot#coverage) workloads. Where nothing
/// is known of what is reached, nothing is known to be granted: in an enforced namespace that is denied.
///
/// ```
/// use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
/// use smi_adapter::query::{Authorization, AccessQuery, Traffic};
/// use smi_adapter::semantics::authorize;
/// use smi_adapter::{settings::Settings, snapshot::Snapshot};
///
/// let to = ObjectRef::new(Kind::POD, ObjectKey::new("shop", "api-1"));
/// let query = AccessQuery { from: None, to, port: 8080, traffic: Traffic::Tcp };
/// let mut snapshot = Snapshot::default();
/// assert_eq!(authorize(&snapshot, &Settings::default(), &query).0, Authorization::Allow);
///
/// snapshot.cover_workloads();
/// snapshot.insert_enforced("shop");
/// let (access, trace) = authorize(&snapshot, &Settings::default(), &query);
/// assert_eq!(access, Authorization::Deny);
/// assert_eq!(
///     trace.to_string(),
///     "Namespace shop: is enforced: objects managed by us enforce it already (A2)\n\
///      Pod shop/api-1: nothing is known to be granted: there is none (I3)\n\
///      Pod shop/api-1: the traffic is denied (A2)\n"
/// );
/// ```
#[must_use]
pub fn authorize(snapshot: &Snapshot, settings: &Settings, query: &AccessQuery) -> (Authorization, Trace) {
    let mut trace = Trace::default();
    let namespace = &query.to.key.namespace;
    let enforcement = enforcement::of(snapshot, settings, namespace);
    let is_enforced = enforcement.is_ok();
    let outcome = match enforcement {
        Ok(by) => Outcome::Enforced { by },
        Err(because) => Outcome::NotEnforced { because },
    };
    trace.record("A2", ObjectRef::namespace(namespace), outcome);
    let access = if !is_enforced {
        Authorization::Allow
    } else if let Some(workload) = snapshot.workload(&query.to) {
        let case = Case {
            snapshot,
            settings,
            query,
            workload,
        };
        judge(&case, &mut trace)
    } else {
        let Reason { rule, why } = destination::missing(snapshot, &query.to);
        trace.record(rule, query.to.clone(), Outcome::Unknown { why });
        Authorization::Deny
    };
    let rule = match access {
        Authorization::Allow if is_enforced => "A1",
        Authorization::Allow | Authorization::Deny => "A2",
        Authorization::Either { rule } => rule,
    };
    trace.record(rule, query.to.clone(), Outcome::Decided { authorization: access });
    (access, trace)
}

/// A38: what policy says; but where it denies, a health check is left open.
fn judge(case: &Case<'_>, trace: &mut Trace) -> Authorization {
    let access = policy(case, trace);
    if access == Authorization::Deny && health::is_asked(case) {
        trace.record("A38", case.query.to.clone(), Outcome::HealthCheck);
        return Authorization::Either { rule: "A38" };
    }
    access
}

/// A37: an HTTP request is judged under every reading of it (S5, S17), anything else by its port.
fn policy(case: &Case<'_>, trace: &mut Trace) -> Authorization {
    let Traffic::Http(request) = &case.query.traffic else {
        return union(case, None, trace);
    };
    let answers = readings::all(request, &case.query.to, trace, |seen, trace| {
        union(case, Some(seen), trace)
    });
    let Answers { first, others, rule } = answers;
    if others.is_empty() {
        first
    } else {
        Authorization::Either { rule }
    }
}

/// A1, A2: what any traffic target allows is allowed, and nothing else.
///
/// `seen` is the request, or nothing where the traffic is no HTTP. All targets that leave the query open do
/// so by the same rule: a Service targets the port (A13, A14) or nothing names it (A11), and A13 is about raw
/// bytes, A14 about requests.
fn union(case: &Case<'_>, seen: Option<&Seen<'_>>, trace: &mut Trace) -> Authorization {
    targets::unreadable(case, trace);
    let mut access = Authorization::Deny;
    for (key, target) in in_force::of_namespace(case) {
        let object = ObjectRef::target(key.clone());
        match targets::allows(case, key, target, seen, trace) {
            Err(Reason { rule, why }) => trace.record(rule, object, Outcome::DoesNotAllow { why }),
            Ok(Some(Reason { rule, why })) => {
                trace.record(rule, object, Outcome::MayAllow { why });
                if access == Authorization::Deny {
                    access = Authorization::Either { rule };
                }
            }
            Ok(None) => {
                trace.record("A3", object, Outcome::Allows);
                access = Authorization::Allow;
            }
        }
    }
    access
}
