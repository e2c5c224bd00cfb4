//! `access.smi-spec.io/v1alpha4`, a draft that is in the specification's main branch and was never released.

use crate::access::{self, BindingSpec, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a traffic target in `v1alpha4`.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha4",
    /// The permission.
    spec: Option<TargetSpec>, read "crate::wire::object", skip Option::is_none
}

wire! {
    /// The wire form of an identity binding in `v1alpha4`.
    IdentityBinding("identitybindings") = "access.smi-spec.io" / "v1alpha4",
    /// The identities.
    spec: Option<BindingSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TrafficTarget> for access::TrafficTarget {
    fn from(wire: TrafficTarget) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}

impl From<IdentityBinding> for access::IdentityBinding {
    fn from(wire: IdentityBinding) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
