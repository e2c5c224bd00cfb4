#![doc = include_str!("../README.md")]

#[cfg(feature = "conformance")]
pub mod interpret;
mod native;
mod protocol;
mod review;
mod route;

use native::{HttpRoute, ServiceProfile, TcpRoute};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::collections::BTreeSet;

/// The adapter for Linkerd.
///
/// ```
/// use smi_adapter_linkerd::{Linkerd, SplitMode};
///
/// let mut linkerd = Linkerd::default();
/// linkerd.split_mode = SplitMode::ServiceProfile; // Linkerd before 2.14
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Linkerd {
    /// How splits are said. Default: as routes.
    pub split_mode: SplitMode,
    /// Whether the cluster serves `TCPRoute` of `gateway.networking.k8s.io/v1alpha2`, the only version that
    /// Linkerd knows and the only way to split an opaque port by routes. Default: no.
    pub tcp_routes: bool,
    /// The mesh's list of opaque ports, for services without an annotation. Default: Linkerd's own.
    pub default_opaque_ports: BTreeSet<u16>,
    /// The ports that clients' proxies do not see at all (`ignoreOutboundPorts`). Default: Linkerd's own.
    pub ignored_ports: BTreeSet<u16>,
}

impl Default for Linkerd {
    fn default() -> Self {
        Self {
            split_mode: SplitMode::HttpRoute,
            tcp_routes: false,
            default_opaque_ports: [25, 587, 3306, 4444, 5432, 6379, 9300, 11211].into(),
            ignored_ports: [4567, 4568].into(),
        }
    }
}

/// How splits are said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SplitMode {
    /// As an `HTTPRoute` of `policy.linkerd.io/v1beta3` for each port (Linkerd 2.14 or later).
    #[default]
    HttpRoute,
    /// As `dstOverrides` of a `ServiceProfile`, as the SMI extension of Linkerd wrote them. It knows neither
    /// matches nor ports.
    ServiceProfile,
}

static ROUTES: [Kind; 1] = [HttpRoute::KIND];
static ROUTES_AND_TCP: [Kind; 2] = [HttpRoute::KIND, TcpRoute::KIND];
static PROFILES: [Kind; 1] = [ServiceProfile::KIND];
static READ_WITH_ROUTES: [Kind; 3] = [ServiceProfile::KIND, review::GATEWAY_HTTP_ROUTE, review::GRPC_ROUTE];

impl MeshAdapter for Linkerd {
    fn name(&self) -> &'static str {
        "linkerd"
    }

    fn kinds(&self) -> &[Kind] {
        match self.split_mode {
            SplitMode::ServiceProfile => &PROFILES,
            SplitMode::HttpRoute if self.tcp_routes => &ROUTES_AND_TCP,
            SplitMode::HttpRoute => &ROUTES,
        }
    }

    fn reads(&self) -> &[Kind] {
        match self.split_mode {
            SplitMode::HttpRoute => &READ_WITH_ROUTES,
            SplitMode::ServiceProfile => &[],
        }
    }

    fn support(&self, feature: Feature) -> Support {
        match (self.split_mode, feature) {
            (SplitMode::HttpRoute, Feature::HttpSplit) => Support::Partial(
                "the root needs a cluster IP and a port that is not opaque, at most 16 backends, and weights of at most 1,000,000",
            ),
            (SplitMode::HttpRoute, Feature::TcpSplit) => Support::Partial(
                "bytes are split on opaque ports only, and only where the cluster serves TCPRoute v1alpha2",
            ),
            (SplitMode::HttpRoute, Feature::ConditionalSplit) => Support::Partial(
                "of two splits with matches the later needs matches that no request of the earlier fulfils; the authority, unknown methods and a header filtered twice cannot be matched",
            ),
            (SplitMode::ServiceProfile, Feature::HttpSplit | Feature::TcpSplit) => Support::Partial(
                "the split must come to the same on every port of the root; weights are rounded to 1,000 parts",
            ),
            (SplitMode::ServiceProfile, Feature::ConditionalSplit) => Support::None("a profile has no matches"),
            _ => Support::None("this version of the adapter does not know it"),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        match policy {
            Policy::Route(route) => route::translate(self, policy, route),
            _ => Translation::default(),
        }
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        review::review(desired, foreign)
    }
}
