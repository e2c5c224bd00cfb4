//! `specs.smi-spec.io/v1alpha4`.

use crate::specs::{self, HTTPRouteGroupSpec, PortsSpec};
use crate::version::Version;
use crate::wire::wire;

wire! {
    /// A group of HTTP matches as `v1alpha4` has it on the wire.
    HTTPRouteGroup("httproutegroups") = "specs.smi-spec.io" / "v1alpha4",
    /// The matches, any of which a request may fulfil.
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
    /// TCP traffic as `v1alpha4` has it on the wire.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha4",
    /// Which ports are meant.
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
    /// UDP traffic as `v1alpha4` has it on the wire.
    UDPRoute("udproutes") = "specs.smi-spec.io" / "v1alpha4",
    /// Which ports are meant.
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
