//! `specs.smi-spec.io/v1alpha3`.

use crate::object::Version;
use crate::specs::{self, HTTPRouteGroupSpec};
use crate::wire::wire;

wire! {
    /// A group of HTTP matches as `v1alpha3` has it on the wire.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha3",
    /// The matches, any of which a request may fulfil.
    spec: Option<HTTPRouteGroupSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<HTTPRouteGroup> for specs::HTTPRouteGroup {
    fn from(wire: HTTPRouteGroup) -> Self {
        Self {
            version: Version::V1Alpha3,
            metadata: wire.metadata,
            matches: wire.spec.map(|spec| spec.matches),
        }
    }
}
