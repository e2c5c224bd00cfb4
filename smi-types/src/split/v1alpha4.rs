//! `split.smi-spec.io/v1alpha4`.

use crate::split::{self, Spec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// A traffic split as `v1alpha4` has it on the wire.
    TrafficSplit("trafficsplits") = "split.smi-spec.io" / "v1alpha4",
    /// What is split, and where it goes.
    spec: Option<Spec>, read "crate::wire::object", skip Option::is_none
}

impl From<TrafficSplit> for split::TrafficSplit {
    fn from(wire: TrafficSplit) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
