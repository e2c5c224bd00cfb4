//! The reference semantics: the routing and the authorization of one request or connection by the specification.
//!
//! [`route`] and [`authorize`] follow the wording of the specification directly: one function per clause, slow and
//! obvious. They share only the decoding of objects and the dialect of regular expressions with the translation to
//! meshes, so that each can verify the other.
//!
//! Deliberately absent: caches and diagnostics.

mod access;
mod backends;
mod call;
mod destination;
mod outcome;
mod path;
mod readings;
mod request;
mod split;
mod trace;
mod unknown;

pub use access::{authorize, is_enforced};
pub use outcome::{Answer, EnforcedBy, Outcome, ReleasedBy};
pub use trace::{Step, Trace};

use crate::query::{Destination, Distribution, Endpoint, Request, Routing, RoutingQuery, Traffic};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use call::Call;
use readings::Answers;
use std::collections::BTreeSet;

/// Returns the destination of the traffic of `query`, and the trace of the decision.
///
/// A service that no split names receives its own traffic (T35). UDP is never split. If meshes may read the request in
/// several ways (S5, S17), the routing contains the answers of all readings, and the trace explains the request as
/// received, then the answers of the other readings that differ.
///
/// ```
/// use smi_adapter::object::ObjectKey;
/// use smi_adapter::query::{Destination, RoutingQuery, Traffic};
/// use smi_adapter::semantics::route;
/// use smi_adapter::{settings::Settings, snapshot::Snapshot};
///
/// let to = Destination::Service { key: ObjectKey::new("shop", "web"), port: 80 };
/// let query = RoutingQuery { from: None, to, traffic: Traffic::Tcp };
/// let (routing, trace) = route(&Snapshot::default(), &Settings::default(), &query);
/// assert_eq!(routing.to_string(), "nowhere");
/// assert_eq!(trace.to_string(), "Service shop/web: traffic to it goes nowhere because it does not exist (I3)\n");
/// ```
#[must_use]
pub fn route(snapshot: &Snapshot, settings: &Settings, query: &RoutingQuery) -> (Routing, Trace) {
    let Destination::Service { key, port } = &query.to;
    let call = Call {
        snapshot,
        settings,
        root: key,
        port: *port,
    };
    let mut trace = Trace::default();
    let routing = match (
        destination::reachable(snapshot, key, *port, &query.traffic),
        &query.traffic,
    ) {
        (Err(reason), _) => {
            trace.record(reason.rule, call.root_ref(), Outcome::Nowhere { why: reason.why });
            Routing::Exactly(Distribution::all_to(Endpoint::Nowhere))
        }
        (Ok(()), Traffic::Udp) => {
            trace.record("T21", call.root_ref(), Outcome::Udp);
            Routing::Exactly(call.own_endpoints())
        }
        (Ok(()), Traffic::Tcp) => Routing::Exactly(split::route(&call, None, &mut trace)),
        (Ok(()), Traffic::Http(request)) => routings(&call, request, &mut trace),
    };
    (routing, trace)
}

/// Collects the answers under every reading of the request that meshes use (S5, S17).
fn routings(call: &Call<'_>, request: &Request, trace: &mut Trace) -> Routing {
    let answers = readings::all(request, &call.root_ref(), trace, |seen, trace| {
        split::route(call, Some(seen), trace)
    });
    let Answers { first, others, rule } = answers;
    if others.is_empty() {
        return Routing::Exactly(first);
    }
    let of: BTreeSet<Distribution> = others.into_iter().chain([first]).collect();
    Routing::Either {
        rule,
        of: of.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
