//! Outcomes: the possible results of one step of a trace, as data. Their texts follow from the data.

use crate::query::{Authorization, Distribution};
use crate::settings::ENFORCE_LABEL;
use smi_types::FieldPath;
use std::fmt::{self, Display};

/// The outcome of one step: the result of one clause of the specification for one object.
///
/// Reasons (`why`) are texts for users: lower case, without a period, values in backticks. The rule of the
/// [`Step`](super::Step) names the clause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Traffic to the service goes nowhere.
    Nowhere {
        /// The reason.
        why: String,
    },
    /// The traffic is UDP, which is never split and goes to the service itself (T21).
    Udp,
    /// No split takes the traffic, which goes to the service itself (T13).
    Untaken,
    /// No split of the service counts because its namespace is out of scope (T2).
    OutOfScope {
        /// The namespace.
        namespace: String,
    },
    /// The split takes the traffic (T29).
    Takes {
        /// The destinations of the traffic.
        distribution: Distribution,
    },
    /// The split does not take the traffic, so the next split in order decides (T29).
    PassedOver {
        /// The reason.
        why: String,
    },
    /// The split has no matches, and another without matches comes first (T29).
    Preceded {
        /// The name of the other split.
        by: String,
    },
    /// The split names a root that is not a service of its own namespace (T3).
    RootElsewhere {
        /// The root, as named in the split.
        service: String,
        /// The namespace of the split.
        namespace: String,
    },
    /// The object cannot be read, or is defined more than once (I1).
    Unreadable {
        /// The reason.
        why: String,
    },
    /// A reference in the matches of the split does not refer to a route group (T16, T17), or has an unknown field
    /// (I8).
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
    /// The backend is absent, or its entry has an unknown field (I8), so the root stands in for it (T25).
    Absent {
        /// Its weight, in units of 10⁻⁹.
        nanos: u128,
        /// The reason.
        why: String,
    },
    /// The backend does not have the requested port (T20).
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
        /// Is `true` if the backend is the root itself, whose share goes to its own endpoints (T28).
        is_root: bool,
    },
    /// The root gets the shares of absent backends (T25).
    StandsIn {
        /// The sum of their weights, in units of 10⁻⁹.
        nanos: u128,
    },
    /// Another reading of the request has a different answer (S5, S17).
    OtherReading {
        /// The rewritten path; `None` if the path is read as received.
        path: Option<String>,
        /// Is `true` if repeated header lines are joined.
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
    /// The workload is unknown, so no grants for it are known.
    Unknown {
        /// The reason.
        why: String,
    },
    /// The traffic target allows the query (A3).
    Allows,
    /// The traffic target allows the query or not, depending on the mesh (A11, A13, A14).
    MayAllow {
        /// The reason.
        why: String,
    },
    /// The traffic target does not allow the query.
    DoesNotAllow {
        /// The reason.
        why: String,
    },
    /// A source of the traffic target matches no caller (A26, I8).
    UnknownSource {
        /// The position of the source, from 0.
        index: usize,
        /// The reason.
        why: String,
    },
    /// A rule of the traffic target matches nothing, whatever route it refers to (I8).
    RuleMatchesNothing {
        /// The path of the rule in the target.
        rule: FieldPath,
        /// The reason.
        why: String,
    },
    /// A rule of the traffic target selects a match that its route group does not have (A8).
    UnknownMatch {
        /// The name of the match.
        name: String,
        /// The name of the route group.
        group: String,
    },
    /// The route lists the port (A11).
    PortListed {
        /// The number of the port.
        port: u16,
    },
    /// The route does not list the port (A11).
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
    /// The destinations of the request.
    Route(Distribution),
    /// The authorization of the request.
    Authorization(Authorization),
}

/// The reason that a namespace is enforced (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnforcedBy {
    /// The label of the namespace.
    Label,
    /// [`Enforcement::All`](crate::settings::Enforcement::All).
    Setting,
    /// A traffic target that applies to the namespace.
    Target,
    /// Objects managed by us that already enforce the namespace.
    Observed,
}

/// The reason that a namespace is not enforced (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleasedBy {
    /// The scope of the settings, which does not contain the namespace.
    Scope,
    /// [`Enforcement::Off`](crate::settings::Enforcement::Off).
    Off,
    /// The snapshot, which does not [cover](crate::snapshot::Snapshot#coverage) workloads.
    Coverage,
    /// The label of the namespace.
    Label,
    /// The exceptions of [`Enforcement::All`](crate::settings::Enforcement::All).
    Exception,
    /// The absence of a traffic target or any other reason to enforce the namespace.
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

/// Writes a statement about the object: lower case, without a period, values in backticks.
impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { why } => write!(f, "traffic to it goes nowhere because {why}"),
            Self::Udp => f.write_str("UDP is never split, so it goes to the service itself"),
            Self::Untaken => f.write_str("no split takes the traffic, so it goes to the service itself"),
            Self::OutOfScope { namespace } => {
                write!(
                    f,
                    "its splits do not count because namespace `{namespace}` is out of scope"
                )
            }
            Self::Takes { distribution } => write!(f, "takes the traffic and sends it to {distribution}"),
            Self::PassedOver { why } => write!(f, "is passed over because {why}"),
            Self::Preceded { by } => write!(f, "does not count because `{by}` has no matches either and comes first"),
            Self::RootElsewhere { service, namespace } => {
                write!(
                    f,
                    "does not count because `{service}` is not a service of namespace `{namespace}`"
                )
            }
            Self::Unreadable { why } => write!(f, "does not count because {why}"),
            Self::UnknownReference { name, why } => {
                write!(f, "the reference to `{name}` matches nothing because {why}")
            }
            Self::MatchesNothing { why } => write!(f, "matches nothing because {why}"),
            Self::Fulfilled { index, name } => write!(f, "the request fulfils match `{name}` (`matches[{index}]`)"),
            Self::NotFulfilled { index, name, why } => {
                write!(
                    f,
                    "the request does not fulfil match `{name}` (`matches[{index}]`) because {why}"
                )
            }
            Self::ZeroWeight => f.write_str("gets no traffic because its weight is `0`"),
            Self::Absent { nanos, why } => {
                write!(f, "counts as absent, with weight `{}`, because {why}", decimal(*nanos))
            }
            Self::LacksPort { nanos, port } => {
                write!(
                    f,
                    "is left out, with weight `{}`, because it has no TCP port {port}",
                    decimal(*nanos)
                )
            }
            Self::TakesPart { nanos, is_root } => {
                let endpoints = if *is_root { " for its own endpoints" } else { "" };
                write!(f, "gets a share with weight `{}`{endpoints}", decimal(*nanos))
            }
            Self::StandsIn { nanos } => {
                let weight = decimal(*nanos);
                write!(f, "gets a share with weight `{weight}` in place of the absent backends")
            }
            Self::OtherReading { path, joined, answer } => other_reading(f, path.as_deref(), *joined, answer),
            Self::Enforced { by } => write!(f, "is enforced because {by}"),
            Self::NotEnforced { because } => write!(f, "is not enforced because {because}"),
            Self::Unknown { why } => write!(f, "has no known grants because {why}"),
            Self::Allows => f.write_str("allows the traffic"),
            Self::MayAllow { why } => write!(f, "may allow the traffic, depending on the mesh, because {why}"),
            Self::DoesNotAllow { why } => write!(f, "does not allow the traffic because {why}"),
            Self::UnknownSource { index, why } => write!(f, "`sources[{index}]` matches no caller because {why}"),
            Self::RuleMatchesNothing { rule, why } => write!(f, "`{rule}` matches nothing because {why}"),
            Self::UnknownMatch { name, group } => {
                write!(f, "a rule selects `{name}`, which is not a match of `{group}`")
            }
            Self::PortListed { port } => write!(f, "port `{port}` is one of its ports"),
            Self::PortNotListed { port } => write!(f, "port `{port}` is not one of its ports"),
            Self::HealthCheck => f.write_str("the request is a health check that the workload declares"),
            Self::Decided { authorization } => write!(f, "the traffic is {authorization}"),
        }
    }
}

fn other_reading(f: &mut fmt::Formatter<'_>, path: Option<&str>, joined: bool, answer: &Answer) -> fmt::Result {
    let lines = "repeated header lines are joined with `,`";
    match (path, joined) {
        (Some(path), true) => write!(
            f,
            "if the path is rewritten to `{path}` and {lines}, the request {answer}"
        ),
        (Some(path), false) => write!(f, "if the path is rewritten to `{path}`, the request {answer}"),
        (None, _) => write!(f, "if {lines}, the request {answer}"),
    }
}

/// Writes the answer as the predicate of a sentence about the request.
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
            Self::Setting => f.write_str("the settings enforce every namespace that is not an exception"),
            Self::Target => f.write_str("a traffic target applies to it"),
            Self::Observed => f.write_str("objects managed by us already enforce it"),
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
            Self::Exception => f.write_str("it is an exception in the settings"),
            Self::NoTarget => f.write_str("no traffic target applies to it"),
        }
    }
}

/// Writes a weight in the form that users write.
fn decimal(nanos: u128) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
