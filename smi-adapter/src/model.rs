//! What the objects of a snapshot come to: [`Policy`] by policy.
//!
//! [`resolve`](crate::resolve::resolve) builds these. So that an adapter's translation can be tested by itself, there are
//! builders as well; they keep what the types promise, or return [`ModelError`].
//!
//! ```
//! use smi_adapter::adapter::Translation;
//! use smi_adapter::diagnostic::{Code, Diagnostic};
//! use smi_adapter::model::route::{Backend, PortRoute, PortSplit, Root, ServiceRoute};
//! use smi_adapter::model::{ModelError, Policy};
//! use smi_adapter::object::{ObjectKey, ObjectRef};
//!
//! /// The translation for a mesh without integers above 100.
//! fn translate(policy: &Policy) -> Translation {
//!     let mut out = Translation::default();
//!     let Policy::Route(route) = policy else { return out };
//!     for (port, split) in route.ports().iter().flat_map(|port| port.splits().map(move |split| (port, split))) {
//!         if split.backends().iter().any(|backend| backend.weight() > 100) {
//!             let object = ObjectRef::split(split.key().clone());
//!             let why = "this mesh has no weights above 100";
//!             let limit = Diagnostic::new(Code::Inexpressible, object, "spec.backends".into(), why);
//!             out.report(limit.on_port(port.port()));
//!         }
//!     }
//!     out
//! }
//!
//! let canary = |heavy| {
//!     let backends = [Backend::new("web-v1", heavy)?, Backend::new("web-v2", 10)?];
//!     let split = PortSplit::new(ObjectKey::new("shop", "canary"), backends)?;
//!     let port = PortRoute::new(80)?.with_name("http".to_owned()).with_default(split);
//!     let root = Root::Service(ObjectKey::new("shop", "web"));
//!     Ok::<Policy, ModelError>(ServiceRoute::new(root, [port])?.into())
//! };
//! // Weights have no common divisor: 900 and 10 are 90 and 1.
//! assert!(translate(&canary(900)?).diagnostics.is_empty());
//! assert_eq!(translate(&canary(999)?).diagnostics.len(), 1);
//! assert!(canary(0).is_err());
//! # Ok::<(), ModelError>(())
//! ```

pub mod access;
mod error;
pub mod route;

pub use access::{NamespaceBaseline, WorkloadAccess};
pub use error::ModelError;
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

impl From<ServiceRoute> for Policy {
    fn from(route: ServiceRoute) -> Self {
        Self::Route(route)
    }
}

impl From<WorkloadAccess> for Policy {
    fn from(access: WorkloadAccess) -> Self {
        Self::Access(access)
    }
}

impl From<NamespaceBaseline> for Policy {
    fn from(baseline: NamespaceBaseline) -> Self {
        Self::Baseline(baseline)
    }
}

#[cfg(test)]
mod tests;
