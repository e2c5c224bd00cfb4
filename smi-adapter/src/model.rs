//! The resolved meaning of a snapshot: a map of independent [policies](Policy).
//!
//! [`resolve`](crate::resolve::resolve) creates policies. To test the translation of an adapter by itself, create them
//! with builders, which keep the invariants of the types or return [`ModelError`].
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
//!     let port = PortRoute::new(80)?.with_name("http").with_default(split);
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

use crate::object::{ObjectKey, ObjectRef, SmolStr};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

/// All policies of a snapshot. They are independent of each other, and no native object belongs to two of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    policies: BTreeMap<PolicyKey, Box<Policy>>,
}

impl Model {
    pub(crate) fn insert(&mut self, policy: impl Into<Policy>) {
        let policy = policy.into();
        self.policies.insert(policy.key(), Box::new(policy));
    }

    pub(crate) fn remove(&mut self, key: &PolicyKey) {
        self.policies.remove(key);
    }

    /// Returns the policies, sorted by key.
    pub fn policies(&self) -> impl Iterator<Item = (&PolicyKey, &Policy)> {
        self.policies.iter().map(|(key, policy)| (key, &**policy))
    }

    /// Returns the routes of root services, sorted by root.
    pub fn routes(&self) -> impl Iterator<Item = &ServiceRoute> {
        self.policies.values().filter_map(|policy| policy.route())
    }

    /// Returns the routes of the roots in a namespace.
    pub(crate) fn routes_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a ServiceRoute> {
        let first = PolicyKey::Route(ObjectKey::new(namespace, ""));
        let routes = self.policies.range(first..).map_while(|(_, policy)| policy.route());
        routes.take_while(move |route| route.root().namespace() == namespace)
    }

    /// Returns the access control of workloads in enforced namespaces, sorted by workload.
    pub fn accesses(&self) -> impl Iterator<Item = &WorkloadAccess> {
        self.policies.values().filter_map(|policy| match &**policy {
            Policy::Access(access) => Some(access),
            _ => None,
        })
    }

    /// Returns the access control of a workload.
    pub(crate) fn access(&self, workload: &ObjectRef) -> Option<&WorkloadAccess> {
        match self.policy(&PolicyKey::Access(workload.clone()))? {
            Policy::Access(access) => Some(access),
            _ => None,
        }
    }

    /// Returns the policy with `key`.
    #[must_use]
    pub fn policy(&self, key: &PolicyKey) -> Option<&Policy> {
        self.policies.get(key).map(|policy| &**policy)
    }
}

/// The subject of a policy, which identifies it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyKey {
    /// A root service, or an external host that splits of a namespace name as their root.
    Route(ObjectKey),
    /// A workload of an enforced namespace.
    Access(ObjectRef),
    /// An enforced namespace.
    Baseline(SmolStr),
}

impl PolicyKey {
    /// Returns the namespace of all native objects of the policy.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Self::Route(key) => &key.namespace,
            Self::Access(workload) => &workload.key.namespace,
            Self::Baseline(namespace) => namespace,
        }
    }

    /// Returns `true` if the policy is for access control.
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

/// Serialises as text.
impl Serialize for PolicyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The unit of meaning and of translation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// The route of one root service: every traffic split on it, merged.
    Route(ServiceRoute),
    /// The access control of one workload in an enforced namespace.
    Access(WorkloadAccess),
    /// The denial of everything else in one enforced namespace.
    Baseline(NamespaceBaseline),
}

impl Policy {
    /// Returns the subject of the policy.
    #[must_use]
    pub fn key(&self) -> PolicyKey {
        match self {
            Self::Route(route) => PolicyKey::Route(route.root().key()),
            Self::Access(access) => PolicyKey::Access(access.workload().clone()),
            Self::Baseline(baseline) => PolicyKey::Baseline(baseline.namespace.clone()),
        }
    }

    /// Returns the route, if the policy is one.
    pub(crate) fn route(&self) -> Option<&ServiceRoute> {
        match self {
            Self::Route(route) => Some(route),
            _ => None,
        }
    }

    /// Returns the objects that the policy is based on, sorted: SMI objects, the workload or the namespace.
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
