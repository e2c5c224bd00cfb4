//! `access.smi-spec.io/v1alpha4`: a draft. It is in the specification's main branch and was never released.

use crate::access::{self, BindingSpec, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// A permission as `v1alpha4` has it on the wire.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha4",
    /// What is allowed.
    spec: Option<TargetSpec>, read "crate::wire::object", skip Option::is_none
}

wire! {
    /// A name for several identities as `v1alpha4` has it on the wire.
    IdentityBinding("identitybindings") = "access.smi-spec.io" / "v1alpha4",
    /// Whom it names.
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
