#![doc = include_str!("../README.md")]

mod access;
mod matches;
mod native;
mod protocol;
mod review;
mod route;

use native::{
    AuthorizationPolicy, HttpRoute, MeshTlsAuthentication, NetworkAuthentication, Server, ServiceProfile, TcpRoute,
};
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
    /// The ports that servers' proxies do not see at all (`ignoreInboundPorts`), so that they are open to everybody.
    /// Default: Linkerd's own.
    pub ignored_inbound_ports: BTreeSet<u16>,
    /// The ports of the proxy itself, which pods of the mesh declare. Their default policy decides about them, so that
    /// enforcing a namespace does not hide its metrics from those who collect them. Default: Linkerd's own.
    pub proxy_ports: BTreeSet<u16>,
    /// The networks from which the kubelet's health checks come, as CIDRs (`policyController.probeNetworks`). Whoever is
    /// in one of them may ask for the paths that pods declare for that. Without any, health checks are denied. Default:
    /// all, as Linkerd has it.
    pub probe_networks: BTreeSet<String>,
}

impl Default for Linkerd {
    fn default() -> Self {
        Self {
            split_mode: SplitMode::HttpRoute,
            tcp_routes: false,
            default_opaque_ports: [25, 587, 3306, 4444, 5432, 6379, 9300, 11211].into(),
            ignored_ports: [4567, 4568].into(),
            ignored_inbound_ports: [4567, 4568].into(),
            proxy_ports: [4143, 4190, 4191].into(),
            probe_networks: EVERYBODY.map(str::to_owned).into(),
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

/// The networks of everybody.
const EVERYBODY: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// What the CRD of `HTTPRoute` takes: matches of a rule, rules of a route.
const MAX_MATCHES: usize = 8;
const MAX_RULES: usize = 16;

impl Linkerd {
    /// Whether anybody may ask what the kubelet asks.
    fn exempts_everybody(&self) -> bool {
        EVERYBODY.iter().all(|network| self.probe_networks.contains(*network))
    }
}

/// What is written: of access first what others refer to, then policies, then the routes that they authorize on, and
/// last what closes a port. Deletions go the other way round.
static KINDS: [Kind; 5] = [
    MeshTlsAuthentication::KIND,
    NetworkAuthentication::KIND,
    AuthorizationPolicy::KIND,
    HttpRoute::KIND,
    Server::KIND,
];
static KINDS_WITH_TCP: [Kind; 6] = [
    MeshTlsAuthentication::KIND,
    NetworkAuthentication::KIND,
    AuthorizationPolicy::KIND,
    HttpRoute::KIND,
    Server::KIND,
    TcpRoute::KIND,
];
static KINDS_WITH_PROFILES: [Kind; 6] = [
    MeshTlsAuthentication::KIND,
    NetworkAuthentication::KIND,
    AuthorizationPolicy::KIND,
    HttpRoute::KIND,
    Server::KIND,
    ServiceProfile::KIND,
];
static READ: [Kind; 4] = [
    review::GATEWAY_HTTP_ROUTE,
    review::GRPC_ROUTE,
    review::SERVER_AUTHORIZATION,
    ServiceProfile::KIND,
];
static READ_WITH_PROFILES: [Kind; 3] = [
    review::GATEWAY_HTTP_ROUTE,
    review::GRPC_ROUTE,
    review::SERVER_AUTHORIZATION,
];

impl MeshAdapter for Linkerd {
    fn name(&self) -> &'static str {
        "linkerd"
    }

    fn kinds(&self) -> &[Kind] {
        match self.split_mode {
            SplitMode::ServiceProfile => &KINDS_WITH_PROFILES,
            SplitMode::HttpRoute if self.tcp_routes => &KINDS_WITH_TCP,
            SplitMode::HttpRoute => &KINDS,
        }
    }

    fn reads(&self) -> &[Kind] {
        match self.split_mode {
            SplitMode::HttpRoute => &READ,
            SplitMode::ServiceProfile => &READ_WITH_PROFILES,
        }
    }

    fn support(&self, feature: Feature) -> Support {
        match (self.split_mode, feature) {
            (SplitMode::HttpRoute, Feature::HttpSplit) => Support::Partial(
                "the root needs a cluster IP and a port that is not opaque, at most 16 backends, and weights of at most 1,000,000".into(),
            ),
            (SplitMode::HttpRoute, Feature::TcpSplit) => Support::Partial(
                "bytes are split on opaque ports only, and only where the cluster serves TCPRoute v1alpha2".into(),
            ),
            (SplitMode::HttpRoute, Feature::ConditionalSplit) => Support::Partial(
                "of two splits with matches the later needs matches that no request of the earlier fulfils; the authority, unknown methods and a header filtered twice cannot be matched".into(),
            ),
            (SplitMode::ServiceProfile, Feature::HttpSplit | Feature::TcpSplit) => Support::Partial(
                "the split must come to the same on every port of the root; weights are rounded to 1,000 parts".into(),
            ),
            (SplitMode::ServiceProfile, Feature::ConditionalSplit) => Support::None("a profile has no matches".into()),
            (_, Feature::DenyByDefault) => Support::Partial(
                "ports that nothing names fall to the default policy of the pods, as do the proxy's own; pods outside of the mesh or without labels of their own, and ports that pass the proxy by, stay open".into(),
            ),
            (_, Feature::TcpAccess) => Support::Partial(
                "only on ports that something names and that are not the proxy's own, within 1,000 ports and 10,000 policies for a workload".into(),
            ),
            (_, Feature::HttpAccess) => Support::Partial(
                "as for TCP, and only on ports that are not opaque; the authority, headers of a connection or of the proxies, unknown methods and a header filtered twice cannot be matched".into(),
            ),
            (_, Feature::UdpAccess) => Support::None("Linkerd's proxies do not see UDP".into()),
            _ => Support::None("this version of the adapter does not know it".into()),
        }
    }

    fn translate(&self, policy: &Policy) -> Translation {
        match policy {
            Policy::Route(route) => route::translate(self, policy, route),
            Policy::Access(access) => access::translate(self, policy, access),
            Policy::Baseline(baseline) => access::baseline(policy, baseline),
            _ => Translation::default(),
        }
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        review::review(desired, foreign)
    }
}
