//! Access control: the authorization of queries by the specification (A1–A38).

mod bindings;
mod case;
mod conversion;
mod enforcement;
mod health;
mod in_force;
mod layers;
mod named;
mod ports;
mod routes;
mod rules;
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

/// Returns the authorization of `query`, and the trace of the decision.
///
/// The authorization depends on the labels and the service account of the pod or template that the query reaches (A18),
/// and on its namespace. In a namespace that is not enforced, everything is allowed (A2). No namespace is enforced if
/// the snapshot does not [cover](Snapshot#coverage) workloads. An unknown workload has no known grants, so a query to
/// it is denied in an enforced namespace.
///
/// ```
/// use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
/// use smi_adapter::query::{Authorization, AccessQuery, Traffic};
/// use smi_adapter::semantics::authorize;
/// use smi_adapter::{settings::Settings, snapshot::Snapshot};
///
/// let to = ObjectRef::new(Kind::Pod, ObjectKey::new("shop", "api-1"));
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
///     "Namespace shop: is enforced because objects managed by us already enforce it (A2)\n\
///      Pod shop/api-1: has no known grants because it does not exist (I3)\n\
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
    let authorization = if !is_enforced {
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
    let rule = match authorization {
        Authorization::Allow if is_enforced => "A1",
        Authorization::Allow | Authorization::Deny => "A2",
        Authorization::Either { rule } => rule,
    };
    trace.record(rule, query.to.clone(), Outcome::Decided { authorization });
    (authorization, trace)
}

/// Returns the authorization by policy, except that a denied health check is left open (A38).
fn judge(case: &Case<'_>, trace: &mut Trace) -> Authorization {
    let access = policy(case, trace);
    if access == Authorization::Deny && health::is_check(case) {
        trace.record("A38", case.query.to.clone(), Outcome::HealthCheck);
        return Authorization::Either { rule: "A38" };
    }
    access
}

/// Returns the authorization by policy (A37): HTTP requests under every reading (S5, S17), other traffic by its port.
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

/// Returns the union of all traffic targets: a query is allowed if and only if one of them allows it (A1, A2).
///
/// `seen` is the request; `None` if the traffic is not HTTP. All targets that leave the query open do so by the same
/// rule: either a Service targets the port (A13 for raw bytes, A14 for requests), or nothing names it (A11).
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
