//! `specs.smi-spec.io/v1alpha3`.

use crate::specs::{self, HTTPRouteGroupSpec, PortsSpec};
use crate::version::Version;
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

wire! {
    /// TCP traffic as `v1alpha3` has it on the wire.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha3",
    /// Which ports are meant; this version cannot say it, and what stands here all the same is read.
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
