//! What the objects of a snapshot come to: [`Policy`] by policy.
//!
//! Only [`resolve`](crate::resolve::resolve) builds these, so what they promise always holds.

pub mod route;

pub use route::ServiceRoute;

use crate::object::{ObjectKey, ObjectRef};
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
}

impl PolicyKey {
    /// The namespace that all native objects of the policy are in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        let Self::Route(key) = self;
        &key.namespace
    }
}

/// Writes `route/shop/web`.
impl Display for PolicyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Route(key) = self;
        write!(f, "route/{key}")
    }
}

/// The unit of meaning and of translation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Where the traffic of one root service goes: every traffic split on it, merged.
    Route(ServiceRoute),
}

impl Policy {
    /// What the policy is about.
    #[must_use]
    pub fn key(&self) -> PolicyKey {
        let Self::Route(route) = self;
        PolicyKey::Route(route.root().key())
    }

    /// The SMI objects that have a part in it, sorted.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<ObjectRef> {
        let Self::Route(route) = self;
        route.sources()
    }
}
