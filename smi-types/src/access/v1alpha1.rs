//! `access.smi-spec.io/v1alpha1`.

use crate::access::{self, Rule, Subject, TargetSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// A permission as `v1alpha1` has it on the wire: without `spec`.
    TrafficTarget("traffictargets") = "access.smi-spec.io" / "v1alpha1",
    /// Whose pods may be talked to.
    destination: Option<Subject>, read "crate::wire::object", skip Option::is_none;
    /// Who may send.
    sources: Vec<Subject>, read "crate::wire::objects";
    /// What may be sent.
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
