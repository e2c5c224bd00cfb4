//! `access.smi-spec.io/v1alpha3`.

use crate::access::{self, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a traffic target in `v1alpha3`.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha3",
    /// The permission.
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
