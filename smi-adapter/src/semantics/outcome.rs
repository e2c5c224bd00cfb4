//! Outcomes: everything that can come of one step of a trace, as data. The words follow from it.

use crate::query::{Authorization, Distribution};
use crate::settings::ENFORCE_LABEL;
use std::fmt::{self, Display};

/// The outcome of one step: of a clause of the specification, for one object.
///
/// Reasons (`why`) are texts for people: lower case, without a period, values of users in backticks. The rule of the
/// [`Step`](super::Step) names the clause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Traffic to the service goes nowhere.
    Nowhere {
        /// The reason.
        why: String,
    },
    /// The traffic is UDP, which is never split: it goes to the service itself (T21).
    Udp,
    /// No split takes the traffic: it goes to the service itself (T13).
    Untaken,
    /// No split of the service counts, since its namespace is out of scope (T2).
    OutOfScope {
        /// The namespace.
        namespace: String,
    },
    /// The split takes the traffic (T29).
    Takes {
        /// Where the traffic goes.
        distribution: Distribution,
    },
    /// The split does not take the traffic, so the next in order decides (T29).
    PassedOver {
        /// The reason.
        why: String,
    },
    /// The split has no matches, and another without matches comes first (T29).
    Preceded {
        /// The name of the other.
        by: String,
    },
    /// The split names a root that is not a service of its own namespace (T3).
    RootElsewhere {
        /// The root as the split names it.
        service: String,
        /// The namespace of the split.
        namespace: String,
    },
    /// The object cannot be read, or came more than once (I1).
    Unreadable {
        /// The reason.
        why: String,
    },
    /// A reference in the matches of the split leads to no route group (T16, T17).
    UnknownReference {
        /// The name in the reference.
        name: String,
        /// The reason.
        why: String,
    },
    /// The route, route group or identity binding matches nothing.
    MatchesNothing {
        /// The reason.
        why: String,
    },
    /// The request fulfils a match of the route group (S15).
    Fulfilled {
        /// The position of the match in the group, from 0.
        index: usize,
        /// Its name, which may be empty.
        name: String,
    },
    /// The request does not fulfil a match of the route group.
    NotFulfilled {
        /// The position of the match in the group, from 0.
        index: usize,
        /// Its name, which may be empty.
        name: String,
        /// The reason.
        why: String,
    },
    /// The backend has a weight of zero (T9).
    ZeroWeight,
    /// The backend is absent, so the root stands in for it (T25).
    Absent {
        /// Its weight, in units of 10⁻⁹.
        nanos: u128,
        /// The reason.
        why: String,
    },
    /// The backend lacks the port that is called (T20).
    LacksPort {
        /// Its weight, in units of 10⁻⁹.
        nanos: u128,
        /// The number of the port.
        port: u16,
    },
    /// The backend gets a share (T8).
    TakesPart {
        /// Its weight, in units of 10⁻⁹.
        nanos: u128,
        /// Whether it is the root itself, which gets its share by its own endpoints (T28).
        is_root: bool,
    },
    /// The root gets the shares of absent backends (T25).
    StandsIn {
        /// Their weights together, in units of 10⁻⁹.
        nanos: u128,
    },
    /// Another reading of the request has another answer (S5, S17).
    OtherReading {
        /// The path as it is rewritten; `None` if it is read as received.
        path: Option<String>,
        /// Whether repeated header lines are joined.
        joined: bool,
        /// The answer under this reading.
        answer: Answer,
    },
    /// The namespace is enforced (A2).
    Enforced {
        /// The reason.
        by: EnforcedBy,
    },
    /// The namespace is not enforced (A2).
    NotEnforced {
        /// The reason.
        because: ReleasedBy,
    },
    /// Nothing is known of the workload, so nothing is known to be granted.
    Unknown {
        /// The reason.
        why: String,
    },
    /// The traffic target allows the query (A3).
    Allows,
    /// The traffic target allows the query where the mesh does (A11, A13, A14).
    MayAllow {
        /// The reason.
        why: String,
    },
    /// The traffic target does not allow the query.
    DoesNotAllow {
        /// The reason.
        why: String,
    },
    /// A source of the traffic target names no caller (A26).
    UnknownSource {
        /// The position of the source, from 0.
        index: usize,
        /// The reason.
        why: String,
    },
    /// A rule of the traffic target selects a match that is not in its route group (A8).
    UnknownMatch {
        /// The name of the match.
        name: String,
        /// The name of the route group.
        group: String,
    },
    /// The port is one of the route (A11).
    PortListed {
        /// The number of the port.
        port: u16,
    },
    /// The port is not one of the route (A11).
    PortNotListed {
        /// The number of the port.
        port: u16,
    },
    /// The request is a health check that the workload declares (A38).
    HealthCheck,
    /// The answer to the query.
    Decided {
        /// The answer.
        authorization: Authorization,
    },
}

/// An answer under one reading of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Where the request goes.
    Route(Distribution),
    /// Whether the request is allowed.
    Authorization(Authorization),
}

/// Why a namespace is enforced (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnforcedBy {
    /// Its label.
    Label,
    /// [`Enforcement::All`](crate::settings::Enforcement::All).
    Setting,
    /// A traffic target for it.
    Target,
    /// Objects that enforce it already.
    Observed,
}

/// Why a namespace is not enforced (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleasedBy {
    /// The scope of the settings, which does not contain it.
    Scope,
    /// [`Enforcement::Off`](crate::settings::Enforcement::Off).
    Off,
    /// The snapshot, which does not [cover](crate::snapshot::Snapshot#coverage) workloads.
    Coverage,
    /// Its label.
    Label,
    /// The exceptions of [`Enforcement::All`](crate::settings::Enforcement::All).
    Exception,
    /// Nothing enforces it.
    NoTarget,
}

impl From<Distribution> for Answer {
    fn from(distribution: Distribution) -> Self {
        Self::Route(distribution)
    }
}

impl From<Authorization> for Answer {
    fn from(authorization: Authorization) -> Self {
        Self::Authorization(authorization)
    }
}

/// Writes what is said of the object: lower case, without a period, values of users in backticks.
impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { why } => write!(f, "goes nowhere: {why}"),
            Self::Udp => f.write_str("UDP is never split: goes to the service itself"),
            Self::Untaken => f.write_str("no split takes the traffic: it goes to the service itself"),
            Self::OutOfScope { namespace } => {
                write!(f, "no split of it counts: namespace `{namespace}` is out of scope")
            }
            Self::Takes { distribution } => write!(f, "takes the traffic: it goes to {distribution}"),
            Self::PassedOver { why } => write!(f, "is passed over: {why}"),
            Self::Preceded { by } => write!(f, "does not count: `{by}` has no matches either and comes first"),
            Self::RootElsewhere { service, namespace } => {
                write!(
                    f,
                    "does not count: `{service}` is not a service of namespace `{namespace}`"
                )
            }
            Self::Unreadable { why } => write!(f, "does not count: {why}"),
            Self::UnknownReference { name, why } => write!(f, "the reference to `{name}` matches nothing: {why}"),
            Self::MatchesNothing { why } => write!(f, "matches nothing: {why}"),
            Self::Fulfilled { index, name } => write!(f, "match `{name}` (`matches[{index}]`) is fulfilled"),
            Self::NotFulfilled { index, name, why } => {
                write!(f, "match `{name}` (`matches[{index}]`) is not fulfilled: {why}")
            }
            Self::ZeroWeight => f.write_str("gets nothing: its weight is `0`"),
            Self::Absent { nanos, why } => write!(f, "is absent, with weight `{}`: {why}", decimal(*nanos)),
            Self::LacksPort { nanos, port } => {
                write!(
                    f,
                    "is left out, with weight `{}`: it has no TCP port {port}",
                    decimal(*nanos)
                )
            }
            Self::TakesPart { nanos, is_root } => {
                let whose = if *is_root { ", by its own endpoints" } else { "" };
                write!(f, "takes part with weight `{}`{whose}", decimal(*nanos))
            }
            Self::StandsIn { nanos } => {
                let weight = decimal(*nanos);
                write!(
                    f,
                    "takes part with weight `{weight}`, in the place of the absent backends"
                )
            }
            Self::OtherReading { path, joined, answer } => other_reading(f, path.as_deref(), *joined, answer),
            Self::Enforced { by } => write!(f, "is enforced: {by}"),
            Self::NotEnforced { because } => write!(f, "is not enforced: {because}"),
            Self::Unknown { why } => write!(f, "nothing is known to be granted: {why}"),
            Self::Allows => f.write_str("allows it"),
            Self::MayAllow { why } => write!(f, "allows it where the mesh does: {why}"),
            Self::DoesNotAllow { why } => write!(f, "does not allow it: {why}"),
            Self::UnknownSource { index, why } => write!(f, "`sources[{index}]` matches no caller: {why}"),
            Self::UnknownMatch { name, group } => {
                write!(f, "selects nothing by `{name}`, which is not a match of `{group}`")
            }
            Self::PortListed { port } => write!(f, "port `{port}` is one of its ports"),
            Self::PortNotListed { port } => write!(f, "port `{port}` is not one of its ports"),
            Self::HealthCheck => f.write_str("the request is a health check that it declares"),
            Self::Decided { authorization } => write!(f, "the traffic is {authorization}"),
        }
    }
}

fn other_reading(f: &mut fmt::Formatter<'_>, path: Option<&str>, joined: bool, answer: &Answer) -> fmt::Result {
    let lines = "repeated header lines are joined with `,`";
    match (path, joined) {
        (Some(path), true) => write!(f, "where the path is rewritten to `{path}` and {lines}, it {answer}"),
        (Some(path), false) => write!(f, "where the path is rewritten to `{path}`, it {answer}"),
        (None, _) => write!(f, "where {lines}, it {answer}"),
    }
}

/// Writes how the answer goes on in a sentence about the request.
impl Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(distribution) => write!(f, "goes to {distribution}"),
            Self::Authorization(authorization) => write!(f, "is {authorization}"),
        }
    }
}

impl Display for EnforcedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label => write!(f, "its label `{ENFORCE_LABEL}` is `true`"),
            Self::Setting => f.write_str("every namespace is that is not excepted"),
            Self::Target => f.write_str("there is a traffic target for it"),
            Self::Observed => f.write_str("objects managed by us enforce it already"),
        }
    }
}

impl Display for ReleasedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope => f.write_str("it is out of scope"),
            Self::Off => f.write_str("enforcement is off"),
            Self::Coverage => f.write_str("the snapshot does not cover workloads"),
            Self::Label => write!(f, "its label `{ENFORCE_LABEL}` is `false`"),
            Self::Exception => f.write_str("it is excepted"),
            Self::NoTarget => f.write_str("there is no traffic target for it"),
        }
    }
}

/// A weight as users write it.
fn decimal(nanos: u128) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
