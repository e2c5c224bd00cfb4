//! Queries and their answers: a request or connection, the endpoints that receive it, and the decision to allow it.
//!
//! The [reference semantics](crate::semantics) answers them by the specification, and a model of a mesh by native objects.

mod distribution;

pub use distribution::{Distribution, Endpoint, Share};

use crate::object::{ObjectKey, ObjectRef};
use crate::principal::{Identity, Principal};
use std::fmt::{self, Display};

/// One request or connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingQuery {
    /// Who sends it; `None` is a peer without identity.
    pub from: Option<Identity>,
    /// Whom the client calls.
    pub to: Destination,
    /// What it sends.
    pub traffic: Traffic,
}

/// One request or connection that reaches a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessQuery {
    /// Who sends it; `None` is a peer without identity.
    pub from: Option<Principal>,
    /// The pod that it reaches, or the object whose template that pod is made from.
    pub to: ObjectRef,
    /// The port that it reaches, as the workload listens on it.
    pub port: u16,
    /// What is sent.
    pub traffic: Traffic,
}

/// Whether an access query is allowed, by the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authorization {
    /// A traffic target allows it, or the workload is in no enforced namespace (A2).
    Allow,
    /// No traffic target allows it (A2).
    Deny,
    /// The specification leaves room that meshes use.
    Either {
        /// The rule that leaves it open: `A11`, `A13`, `A14`, `A38`, `S5` or `S17`.
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

/// Whom a client calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A port of a service.
    Service {
        /// The service.
        key: ObjectKey,
        /// The port's number at the service, not the pods' target port.
        port: u16,
    },
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traffic {
    /// Bytes over TCP that are no HTTP.
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
    /// The path, with the query if there is one.
    pub path: String,
    /// Name and value of every header line, in order. The authority is the line `host` (S11); where there
    /// is none, a filter on it matches nothing.
    pub headers: Vec<(String, String)>,
}

/// Where traffic goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routing {
    /// To these services, in these shares.
    Exactly(Distribution),
    /// To any of these, since the specification leaves room that meshes use.
    Either {
        /// The rule that leaves it open: `S5` or `S17`.
        rule: &'static str,
        /// The answers that count as right; at least two, sorted.
        of: Vec<Distribution>,
    },
}

impl Routing {
    /// Whether `distribution` is a right answer.
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
