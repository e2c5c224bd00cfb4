//! `specs.smi-spec.io/v1alpha2`.

use crate::object::Version;
use crate::specs::{self, HTTPMatch};
use crate::wire::wire;

wire! {
    /// A group of HTTP matches as `v1alpha2` has it on the wire.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha2",
    /// The matches, any of which a request may fulfil.
    matches: Vec<HTTPMatch>, read "crate::wire::objects"
}

impl From<HTTPRouteGroup> for specs::HTTPRouteGroup {
    fn from(wire: HTTPRouteGroup) -> Self {
        Self {
            version: Version::V1Alpha2,
            metadata: wire.metadata,
            matches: Some(wire.matches),
        }
    }
}
