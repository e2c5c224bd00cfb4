//! The reference semantics: where the specification says that traffic goes, and what it allows.
//!
//! [`decide`] and [`authorize`] answer for one request or connection, straight from the specification's
//! words: one function per clause, slow and obvious. They share with the translation for meshes only the
//! reading of objects and the dialect of regular expressions, so that each can be held against the other.
//!
//! Deliberately absent: caches and diagnostics.

mod access;
mod backends;
mod destination;
mod path;
mod readings;
mod request;
mod split;

pub use access::{authorize, is_enforced};

use crate::object::{ObjectKey, ObjectRef};
use crate::probe::{Destination, Distribution, Probe, Request, Routing, Target, Traffic, Verdict};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use readings::Answers;
use std::collections::BTreeSet;
use std::fmt::{self, Display};

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
    let routing = match (destination::reachable(&call, &probe.traffic), &probe.traffic) {
        (Err(reason), _) => {
            trace.note(reason.rule, call.root_ref(), format!("goes nowhere: {}", reason.why));
            Routing::Exactly(Distribution::all_to(Target::Nowhere))
        }
        (Ok(()), Traffic::Udp) => {
            trace.note("T21", call.root_ref(), "UDP is never split: goes to the service itself");
            Routing::Exactly(call.own_endpoints())
        }
        (Ok(()), Traffic::Tcp) => Routing::Exactly(split::route(&call, None, &mut trace)),
        (Ok(()), Traffic::Http(request)) => routings(&call, request, &mut trace),
    };
    (Verdict::new(routing), trace)
}

/// What is called, and in which world.
struct Call<'a> {
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    /// The service that the client calls: the root, if somebody splits it (T2).
    root: &'a ObjectKey,
    /// The port's number at that service.
    port: u16,
}

impl Call<'_> {
    fn root_ref(&self) -> ObjectRef {
        ObjectRef::service(self.root.clone())
    }

    fn target(&self, key: ObjectKey) -> Target {
        Target::Service { key, port: self.port }
    }

    /// The root's own endpoints, by its own selector (T13, T35).
    fn own_endpoints(&self) -> Distribution {
        Distribution::all_to(self.target(self.root.clone()))
    }
}

/// S5, S17: the answers under every reading of the request that meshes use.
fn routings(call: &Call<'_>, request: &Request, trace: &mut Trace) -> Routing {
    let answers = readings::all(request, (&call.root_ref(), "goes to"), trace, |seen, trace| {
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

/// Why a clause does not hold.
struct Reason {
    rule: &'static str,
    why: String,
}

impl Reason {
    fn new(rule: &'static str, why: impl Into<String>) -> Self {
        Self { rule, why: why.into() }
    }
}

/// Why traffic goes where it goes, or is allowed or denied, in the order in which that was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Step>);

/// One thing that was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule that decided, such as `T20`.
    pub rule: &'static str,
    /// What was looked at.
    pub object: ObjectRef,
    /// What came of it: lower case, without a period, values of users in backticks.
    pub outcome: String,
}

impl Trace {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    fn note(&mut self, rule: &'static str, object: ObjectRef, outcome: impl Into<String>) {
        self.0.push(Step {
            rule,
            object,
            outcome: outcome.into(),
        });
    }
}

/// Writes a line for each step.
impl Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

/// Writes `TrafficSplit shop/canary: does not match the request (T12)`.
impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.object, self.outcome, self.rule)
    }
}

#[cfg(test)]
mod tests;
