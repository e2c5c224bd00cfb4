//! `access.smi-spec.io/v1alpha1`.

use crate::access::{self, Rule, Subject, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a traffic target in `v1alpha1`, which has no `spec`.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha1",
    /// The identity of the pods that may be called.
    destination: Option<Subject>, read "crate::wire::object", skip Option::is_none;
    /// The callers that are allowed.
    sources: Vec<Subject>, read "crate::wire::objects";
    /// The traffic that is allowed.
    specs: Vec<Rule>, read "crate::wire::objects"
}

impl From<TrafficTarget> for access::TrafficTarget {
    fn from(wire: TrafficTarget) -> Self {
        Self {
            version: Version::V1Alpha1,
            metadata: wire.metadata,
            spec: Some(TargetSpec {
                destination: wire.destination,
                rules: wire.specs,
                sources: wire.sources,
            }),
        }
    }
}
