//! What the objects of a snapshot come to: [`Policy`] by policy.
//!
//! Only [`resolve`](crate::resolve::resolve) builds these, so what they promise always holds.

pub mod access;
pub mod route;

pub use access::{NamespaceBaseline, WorkloadAccess};
pub use route::ServiceRoute;

use crate::object::{ObjectKey, ObjectRef};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

/// All policies of a snapshot. Each is independent of every other, and no native object serves two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub(crate) policies: BTreeMap<PolicyKey, Policy>,
}

impl Model {
    /// The policies, sorted by key.
    pub fn policies(&self) -> impl Iterator<Item = (&PolicyKey, &Policy)> {
        self.policies.iter()
    }

    /// Where the traffic of every root service goes, sorted by root.
    pub fn routes(&self) -> impl Iterator<Item = &ServiceRoute> {
        self.policies.values().filter_map(|policy| match policy {
            Policy::Route(route) => Some(route),
            _ => None,
        })
    }

    /// Who may talk to every workload of an enforced namespace, sorted by workload.
    pub fn accesses(&self) -> impl Iterator<Item = &WorkloadAccess> {
        self.policies.values().filter_map(|policy| match policy {
            Policy::Access(access) => Some(access),
            _ => None,
        })
    }

    /// The policy with `key`.
    #[must_use]
    pub fn policy(&self, key: &PolicyKey) -> Option<&Policy> {
        self.policies.get(key)
    }
}

/// What a policy is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyKey {
    /// A root service, or another host that a split in a namespace names as its root.
    Route(ObjectKey),
    /// A workload of an enforced namespace.
    Access(ObjectRef),
    /// An enforced namespace.
    Baseline(String),
}

impl PolicyKey {
    /// The namespace that all native objects of the policy are in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Self::Route(key) => &key.namespace,
            Self::Access(workload) => &workload.key.namespace,
            Self::Baseline(namespace) => namespace,
        }
    }

    /// Whether it is about access control.
    #[must_use]
    pub const fn is_access(&self) -> bool {
        matches!(self, Self::Access(_) | Self::Baseline(_))
    }
}

/// Writes `route/shop/web`, `access/shop/Deployment/web` or `baseline/shop`.
impl Display for PolicyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(key) => write!(f, "route/{key}"),
            Self::Access(ObjectRef { key, kind }) => write!(f, "access/{}/{kind}/{}", key.namespace, key.name),
            Self::Baseline(namespace) => write!(f, "baseline/{namespace}"),
        }
    }
}

/// Serialises as its text.
impl Serialize for PolicyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The unit of meaning and of translation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Where the traffic of one root service goes: every traffic split on it, merged.
    Route(ServiceRoute),
    /// Who may talk to one workload of an enforced namespace.
    Access(WorkloadAccess),
    /// That everything else in one enforced namespace is denied.
    Baseline(NamespaceBaseline),
}

impl Policy {
    /// What the policy is about.
    #[must_use]
    pub fn key(&self) -> PolicyKey {
        match self {
            Self::Route(route) => PolicyKey::Route(route.root().key()),
            Self::Access(access) => PolicyKey::Access(access.workload().clone()),
            Self::Baseline(baseline) => PolicyKey::Baseline(baseline.namespace().to_owned()),
        }
    }

    /// The objects that have a part in it, sorted: SMI objects, the workload, the namespace.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<ObjectRef> {
        match self {
            Self::Route(route) => route.sources(),
            Self::Access(access) => access.sources(),
            Self::Baseline(baseline) => BTreeSet::from([ObjectRef::namespace(baseline.namespace())]),
        }
    }
}
