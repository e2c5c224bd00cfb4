//! `access.smi-spec.io/v1alpha3`.

use crate::access::{self, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// A permission as `v1alpha3` has it on the wire.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha3",
    /// What is allowed.
    spec: Option<TargetSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TrafficTarget> for access::TrafficTarget {
    fn from(wire: TrafficTarget) -> Self {
        Self {
            version: Version::V1Alpha3,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
