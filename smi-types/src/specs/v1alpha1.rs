//! `specs.smi-spec.io/v1alpha1`.

use crate::specs::{self, HTTPMatch, PortsSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a group of HTTP matches in `v1alpha1`.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha1",
    /// The matches, of which any one suffices.
    matches: Vec<HTTPMatch>, read "crate::wire::objects"
}

impl From<HTTPRouteGroup> for specs::HTTPRouteGroup {
    fn from(wire: HTTPRouteGroup) -> Self {
        Self {
            version: Version::V1Alpha1,
            metadata: wire.metadata,
            matches: Some(wire.matches),
        }
    }
}

wire! {
    /// The wire form of a TCP route in `v1alpha1`.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha1",
    /// The ports. This version does not define them, but ports that an object has are read.
    spec: Option<PortsSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TCPRoute> for specs::TCPRoute {
    fn from(wire: TCPRoute) -> Self {
        Self {
            version: Version::V1Alpha1,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
