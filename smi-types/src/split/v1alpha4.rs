//! `split.smi-spec.io/v1alpha4`.

use crate::split::{self, Spec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a traffic split in `v1alpha4`.
    TrafficSplit("trafficsplits") = "split.smi-spec.io" / "v1alpha4",
    /// The root service, its backends, and the requests that are split.
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
