//! Queries and their answers: a request or connection, the endpoints that receive it, and the decision to allow it.
//!
//! The [reference semantics](crate::semantics) derives the answers from the specification, and a model of a mesh
//! derives them from native objects.

mod distribution;

pub use distribution::{Distribution, Endpoint, Share};

use crate::object::{ObjectKey, ObjectRef};
use crate::principal::{Identity, Principal};
use std::fmt::{self, Display};

/// One request or connection from a client to a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingQuery {
    /// The identity of the client; `None` for a client without identity.
    pub from: Option<Identity>,
    /// The destination that the client calls.
    pub to: Destination,
    /// The traffic that the client sends.
    pub traffic: Traffic,
}

/// One request or connection that reaches a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessQuery {
    /// The principal of the client; `None` for a client without identity.
    pub from: Option<Principal>,
    /// The pod that the traffic reaches, or the object whose template the pod is created from.
    pub to: ObjectRef,
    /// The port that the traffic reaches, as the workload listens on it.
    pub port: u16,
    /// The traffic that is sent.
    pub traffic: Traffic,
}

/// The decision on an access query, by the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authorization {
    /// The query is allowed: a traffic target allows it, or the workload's namespace is not enforced (A2).
    Allow,
    /// The query is denied: no traffic target allows it (A2).
    Deny,
    /// The query may be allowed or denied: the specification leaves it open, and meshes differ.
    Either {
        /// The rule that leaves the decision open: `A11`, `A13`, `A14`, `A38`, `S5` or `S17`.
        rule: &'static str,
    },
}

impl Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("allowed"),
            Self::Deny => f.write_str("denied"),
            Self::Either { rule } => write!(f, "allowed or denied (meshes differ here, {rule})"),
        }
    }
}

/// A destination that a client calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A port of a service.
    Service {
        /// The service.
        key: ObjectKey,
        /// The number of the port at the service, not the target port of the pods.
        port: u16,
    },
}

/// Traffic that a client sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traffic {
    /// Bytes over TCP that are not HTTP.
    Tcp,
    /// UDP datagrams.
    Udp,
    /// An HTTP request, of any version of the protocol.
    Http(Request),
}

/// An HTTP request, as the client sends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// The method. Case matters (S8).
    pub method: String,
    /// The path, including any query.
    pub path: String,
    /// The name and value of every header line, in order. The authority is the line `host` (S11). Without that line, a
    /// filter on `host` matches nothing.
    pub headers: Vec<(String, String)>,
}

/// The answer to a routing query: the endpoints that receive the traffic, and their shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// The traffic goes to these endpoints, in these shares.
    Exactly(Distribution),
    /// Any of these distributions is correct: the specification leaves it open, and meshes differ.
    Either {
        /// The rule that leaves the answer open: `S5` or `S17`.
        rule: &'static str,
        /// The correct distributions; at least two, sorted.
        of: Vec<Distribution>,
    },
}

impl Routing {
    /// Returns `true` if `distribution` is a correct answer.
    #[must_use]
    pub fn allows(&self, distribution: &Distribution) -> bool {
        match self {
            Self::Exactly(only) => only == distribution,
            Self::Either { of, .. } => of.contains(distribution),
        }
    }
}

impl Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(distribution) => distribution.fmt(f),
            Self::Either { rule, of } => {
                let answers: Vec<String> = of.iter().map(Distribution::to_string).collect();
                write!(f, "{} (meshes differ here, {rule})", answers.join("; or "))
            }
        }
    }
}
