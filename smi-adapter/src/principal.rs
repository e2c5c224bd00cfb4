//! Principals: the authenticated identities of clients.

use crate::object::SmolStr;
use std::fmt::{self, Display};

/// The authenticated identity of a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A service account of the mesh's own trust domain.
    Account(Identity),
    /// Another SPIFFE ID, beginning with `spiffe://`: of another trust domain, or of another form.
    Spiffe(String),
}

/// The identity of a workload in the mesh: the service account that its pods run as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Namespace of the service account.
    pub namespace: SmolStr,
    /// Name of the service account.
    pub service_account: SmolStr,
}

/// Writes `ServiceAccount shop/web`, or the SPIFFE ID.
impl Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(Identity {
                namespace,
                service_account,
            }) => write!(f, "ServiceAccount {namespace}/{service_account}"),
            Self::Spiffe(id) => f.write_str(id),
        }
    }
}
