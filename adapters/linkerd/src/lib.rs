#![doc = include_str!("../README.md")]

mod acceptance;
mod access;
mod matches;
mod native;
mod protocol;
mod review;
mod route;

use native::{
    AuthorizationPolicy, HttpRoute, MeshTlsAuthentication, NetworkAuthentication, Server, ServiceProfile, TcpRoute,
};
use serde_json::Value;
use smi_adapter::adapter::{Concern, Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, Native, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::collections::BTreeSet;
use std::sync::LazyLock;

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
    /// The native resources that express splits. Default: routes.
    pub split_mode: SplitMode,
    /// `true` if the cluster serves `TCPRoute` of `gateway.networking.k8s.io/v1alpha2`. Linkerd supports no other
    /// version, and an opaque port can be split by routes in no other way. Default: `false`.
    pub tcp_routes: bool,
    /// The opaque ports of the mesh, for services without an annotation. Default: the list of Linkerd.
    pub default_opaque_ports: BTreeSet<u16>,
    /// The ports whose traffic bypasses the proxies of clients (`ignoreOutboundPorts`). Default: the list of Linkerd.
    pub ignored_ports: BTreeSet<u16>,
    /// The ports whose traffic bypasses the proxies of servers (`ignoreInboundPorts`). They are open to every client.
    /// Default: the list of Linkerd.
    pub ignored_inbound_ports: BTreeSet<u16>,
    /// The ports of the proxy itself, which pods of the mesh declare. They stay under the default policy of the pods, so
    /// that metrics can still be collected from an enforced namespace. Default: the list of Linkerd.
    pub proxy_ports: BTreeSet<u16>,
    /// The networks from which the kubelet sends health checks, as CIDRs (`policyController.probeNetworks`). Any client
    /// in one of them can request the paths that pods declare for health checks. If the set is empty, health checks are
    /// denied. Default: all networks, like the default of Linkerd.
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
            probe_networks: ALL_NETWORKS.map(str::to_owned).into(),
        }
    }
}

/// The native resources that express splits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SplitMode {
    /// One `HTTPRoute` of `policy.linkerd.io/v1beta3` for each port (Linkerd 2.14 or later).
    #[default]
    HttpRoute,
    /// `dstOverrides` of a `ServiceProfile`, in the format of the SMI extension of Linkerd. A profile supports neither
    /// matches nor ports.
    ServiceProfile,
}

/// The networks that contain every address.
const ALL_NETWORKS: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// The most matches of one rule that the CRD of `HTTPRoute` accepts.
const MAX_MATCHES: usize = 8;
/// The most rules of one route that the CRD of `HTTPRoute` accepts.
const MAX_RULES: usize = 16;

impl Linkerd {
    /// Returns `true` if every address can send the requests of health checks.
    fn exempts_all_networks(&self) -> bool {
        ALL_NETWORKS
            .iter()
            .all(|network| self.probe_networks.contains(*network))
    }
}

/// The kinds that are written, in the order of writes. For access these are first the objects that others refer to,
/// then policies, then the routes that policies target, and last the objects that close a port. Deletions go in the
/// reverse order.
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
/// The kinds whose foreign objects are reviewed, beside those that are written, for each list of written kinds.
static READ: LazyLock<Vec<Kind>> = LazyLock::new(|| read_beside(&KINDS));
static READ_WITH_TCP: LazyLock<Vec<Kind>> = LazyLock::new(|| read_beside(&KINDS_WITH_TCP));
static READ_WITH_PROFILES: LazyLock<Vec<Kind>> = LazyLock::new(|| read_beside(&KINDS_WITH_PROFILES));

fn read_beside(written: &[Kind]) -> Vec<Kind> {
    let mut read = vec![review::SERVER_AUTHORIZATION, ServiceProfile::KIND];
    read.extend(ingress::kinds());
    read.retain(|kind| !written.contains(kind));
    read
}

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
            SplitMode::ServiceProfile => &READ_WITH_PROFILES,
            SplitMode::HttpRoute if self.tcp_routes => &READ_WITH_TCP,
            SplitMode::HttpRoute => &READ,
        }
    }

    fn support(&self, feature: Feature) -> Support {
        match (self.split_mode, feature) {
            (SplitMode::HttpRoute, Feature::HttpSplit) => Support::Partial(
                "only roots with a cluster IP, ports that are neither opaque nor declared as TLS, and up to 16 backends are supported; weights are rounded if one exceeds 1,000,000".into(),
            ),
            (SplitMode::HttpRoute, Feature::TcpSplit) => Support::Partial(
                "traffic other than HTTP is split only on opaque ports, and only if the cluster serves TCPRoute v1alpha2".into(),
            ),
            (SplitMode::HttpRoute, Feature::ConditionalSplit) => Support::Partial(
                "of two splits with matches that one request can match, the later one is in force only where the earlier match is at least as specific; the authority, unknown methods, and one header twice cannot be matched".into(),
            ),
            (SplitMode::ServiceProfile, Feature::HttpSplit | Feature::TcpSplit) => Support::Partial(
                "the split must be the same on every port of the root; weights are rounded if their sum exceeds 1,000".into(),
            ),
            (SplitMode::ServiceProfile, Feature::ConditionalSplit) => Support::None("a ServiceProfile does not support matches".into()),
            (_, Feature::DenyByDefault) => Support::Partial(
                "the default policy of the pods applies to ports that no object names and to the proxy's own ports; pods outside the mesh, workloads that no labels select exactly, and ports that bypass the proxy stay open".into(),
            ),
            (_, Feature::TcpAccess) => Support::Partial(
                "only on ports that an object names, except the proxy's own, with up to 1,000 ports and 10,000 policies per workload".into(),
            ),
            (_, Feature::HttpAccess) => Support::Partial(
                "limited like TCP, and to ports that are not opaque; the authority, headers that belong to a connection or to the proxies, unknown methods, and one header twice cannot be matched".into(),
            ),
            (_, Feature::UdpAccess) => Support::None("Linkerd's proxies do not see UDP".into()),
            _ => Support::None("this version of the adapter does not support the feature".into()),
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

    fn concerns(&self, object: &NativeObject) -> Option<BTreeSet<Concern>> {
        Some(review::concerns(object))
    }

    fn is_accepted(&self, object: &NativeObject, status: &Value) -> bool {
        acceptance::is_accepted(object, status)
    }

    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        review::review(desired, foreign)
    }
}
