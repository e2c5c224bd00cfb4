//! `specs.smi-spec.io/v1alpha4`.

use crate::specs::{self, HTTPRouteGroupSpec, PortsSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// The wire form of a group of HTTP matches in `v1alpha4`.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha4",
    /// The matches, of which any one suffices.
    spec: Option<HTTPRouteGroupSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<HTTPRouteGroup> for specs::HTTPRouteGroup {
    fn from(wire: HTTPRouteGroup) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            matches: wire.spec.map(|spec| spec.matches),
        }
    }
}

wire! {
    /// The wire form of a TCP route in `v1alpha4`.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha4",
    /// The ports. Absent means all ports.
    spec: Option<PortsSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TCPRoute> for specs::TCPRoute {
    fn from(wire: TCPRoute) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}

wire! {
    /// The wire form of a UDP route in `v1alpha4`.
    UDPRoute("udproutes") = "specs.smi-spec.io" / "v1alpha4",
    /// The ports. Absent means all ports.
    spec: Option<PortsSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<UDPRoute> for specs::UDPRoute {
    fn from(wire: UDPRoute) -> Self {
        Self {
            version: Version::V1Alpha4,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
