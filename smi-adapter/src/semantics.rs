//! The reference semantics: where the specification says that traffic goes, and what it allows.
//!
//! [`decide`] and [`authorize`] answer for one request or connection, straight from the specification's
//! words: one function per clause, slow and obvious. They share with the translation for meshes only the
//! reading of objects and the dialect of regular expressions, so that each can be held against the other.
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

pub use access::{authorize, is_enforced};
pub use outcome::{Answer, EnforcedBy, Outcome, ReleasedBy};
pub use trace::{Step, Trace};

use crate::probe::{Destination, Distribution, Probe, Request, Routing, Target, Traffic, Verdict};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use call::Call;
use readings::Answers;
use std::collections::BTreeSet;

/// Decides where the traffic of `probe` goes, and says why.
///
/// A service that nobody splits gets its traffic itself (T35). UDP is never split. Where meshes may read
/// the request in several ways (S5, S17), the verdict holds the answers of all of them, and the trace tells
/// the request as received, then what the other readings change.
///
/// ```
/// use smi_adapter::object::ObjectKey;
/// use smi_adapter::probe::{Destination, Probe, Traffic};
/// use smi_adapter::semantics::decide;
/// use smi_adapter::{settings::Settings, snapshot::Snapshot};
///
/// let to = Destination::Service { key: ObjectKey::new("shop", "web"), port: 80 };
/// let probe = Probe { from: None, to, traffic: Traffic::Tcp };
/// let (verdict, trace) = decide(&Snapshot::default(), &Settings::default(), &probe);
/// assert_eq!(verdict.route.to_string(), "nowhere");
/// assert_eq!(trace.to_string(), "Service shop/web: goes nowhere: there is none (I3)\n");
/// ```
#[must_use]
pub fn decide(snapshot: &Snapshot, settings: &Settings, probe: &Probe) -> (Verdict, Trace) {
    let Destination::Service { key, port } = &probe.to;
    let call = Call {
        snapshot,
        settings,
        root: key,
        port: *port,
    };
    let mut trace = Trace::default();
    let routing = match (
        destination::reachable(snapshot, key, *port, &probe.traffic),
        &probe.traffic,
    ) {
        (Err(reason), _) => {
            trace.note(reason.rule, call.root_ref(), Outcome::Nowhere { why: reason.why });
            Routing::Exactly(Distribution::all_to(Target::Nowhere))
        }
        (Ok(()), Traffic::Udp) => {
            trace.note("T21", call.root_ref(), Outcome::Udp);
            Routing::Exactly(call.own_endpoints())
        }
        (Ok(()), Traffic::Tcp) => Routing::Exactly(split::route(&call, None, &mut trace)),
        (Ok(()), Traffic::Http(request)) => routings(&call, request, &mut trace),
    };
    (Verdict::new(routing), trace)
}

/// S5, S17: the answers under every reading of the request that meshes use.
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
