//! `specs.smi-spec.io/v1alpha2`.

use crate::specs::{self, HTTPMatch, PortsSpec};
use crate::version::Version;
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

wire! {
    /// TCP traffic as `v1alpha2` has it on the wire.
    TCPRoute("tcproutes") = "specs.smi-spec.io" / "v1alpha2",
    /// Which ports are meant; this version cannot say it, and what stands here all the same is read.
    spec: Option<PortsSpec>, read "crate::wire::object", skip Option::is_none
}

impl From<TCPRoute> for specs::TCPRoute {
    fn from(wire: TCPRoute) -> Self {
        Self {
            version: Version::V1Alpha2,
            metadata: wire.metadata,
            spec: wire.spec,
        }
    }
}
