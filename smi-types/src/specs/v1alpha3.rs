//! `specs.smi-spec.io/v1alpha3`.

use crate::specs::{self, HTTPRouteGroupSpec, PortsSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a group of HTTP matches in `v1alpha3`.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha3",
    /// The matches, of which any one suffices.
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

wire! {
    /// The wire form of a TCP route in `v1alpha3`.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha3",
    /// The ports. This version does not define them, but ports that an object has are read.
    spec: Option<PortsSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TCPRoute> for specs::TCPRoute {
    fn from(wire: TCPRoute) -> Self {
        Self {
            version: Version::V1Alpha3,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
