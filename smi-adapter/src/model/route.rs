//! Where the traffic of one root service goes.

mod build;
mod matches;

pub use matches::{HeaderMatch, HttpMatch};

use crate::object::{ObjectKey, ObjectRef};
use crate::query::Request;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every traffic split on one root service, merged (T29): port by port, the splits with matches in order,
/// then the one without, then the root's own endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRoute {
    pub(crate) root: Root,
    pub(crate) service: RootService,
    pub(crate) cluster_domain: String,
    pub(crate) splits: Vec<SplitSource>,
    pub(crate) ports: Vec<PortRoute>,
}

impl ServiceRoute {
    /// Whose traffic it is.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// What meshes want to know of the root service; nothing, if it is no service.
    #[must_use]
    pub fn service(&self) -> &RootService {
        &self.service
    }

    /// The DNS domain of the cluster.
    #[must_use]
    pub fn cluster_domain(&self) -> &str {
        &self.cluster_domain
    }

    /// The splits that are in force on some port, in their order (T29). At least one.
    #[must_use]
    pub fn splits(&self) -> &[SplitSource] {
        &self.splits
    }

    /// The ports on which some split is in force, by number. At least one. On every other port the root
    /// works as if there were no split.
    #[must_use]
    pub fn ports(&self) -> &[PortRoute] {
        &self.ports
    }

    pub(crate) fn sources(&self) -> BTreeSet<ObjectRef> {
        let splits = self.splits.iter().map(|split| ObjectRef::split(split.key.clone()));
        let groups = self
            .ports
            .iter()
            .flat_map(|port| &port.conditional)
            .flat_map(|conditional| conditional.matches.iter())
            .map(|matching| matching.group.clone());
        splits.chain(groups).collect()
    }
}

/// Whose traffic is split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// A service that is there and has a TCP port (T40).
    Service(ObjectKey),
    /// Another host, named by splits of one namespace (T3). Adapters refuse it unless a setting of theirs
    /// lists it. Its ports are those of the backends.
    External {
        /// The namespace of the splits.
        namespace: String,
        /// The host, a DNS name.
        host: String,
    },
}

impl Root {
    /// The namespace of the service, or of the splits that name the host.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Self::Service(key) => &key.namespace,
            Self::External { namespace, .. } => namespace,
        }
    }

    /// Namespace, and name of the service or the host. The two cannot collide: a host has a dot.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Service(key) => key.clone(),
            Self::External { namespace, host } => ObjectKey::new(namespace, host),
        }
    }
}

/// What meshes want to know of a root service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RootService {
    pub(crate) headless: bool,
    pub(crate) tcp_ports: Vec<u16>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl RootService {
    /// Whether it has no cluster IP, so that clients call its pods.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.headless
    }

    /// Its TCP ports by number, also those on which no split is in force.
    #[must_use]
    pub fn tcp_ports(&self) -> &[u16] {
        &self.tcp_ports
    }

    /// Its annotations, without the copy of the object that kubectl keeps.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// A split that has a part in a route.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitSource {
    pub(crate) key: ObjectKey,
    pub(crate) api_version: String,
    pub(crate) uid: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) backends: Vec<String>,
}

impl SplitSource {
    /// Its namespace and name.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The `apiVersion` it was read in.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// The services of all backends that it lists, in its order, also of those that get no traffic.
    #[must_use]
    pub fn backends(&self) -> &[String] {
        &self.backends
    }

    /// Its UID, if it comes from a cluster.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// Its annotations, for what a mesh reads there, without the copy of the object that kubectl keeps.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// One TCP port of the root.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRoute {
    pub(crate) port: u16,
    pub(crate) name: Option<String>,
    pub(crate) app_protocol: Option<String>,
    pub(crate) conditional: Vec<Conditional>,
    pub(crate) default: Option<PortSplit>,
}

impl PortRoute {
    /// The number of the port at the root service; backends have the same (T20, T21).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its name at the root service, from which some meshes infer the protocol.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The application protocol that the root service declares for it.
    #[must_use]
    pub fn app_protocol(&self) -> Option<&str> {
        self.app_protocol.as_deref()
    }

    /// Whether the root service declares HTTP here, of any version, by `appProtocol` or else by the part of
    /// the port's name before the first hyphen. Clients have no business to send other bytes there.
    #[must_use]
    pub fn declares_http(&self) -> bool {
        declares_http(self.app_protocol(), self.name())
    }

    /// The splits with matches, in the order in which they are asked.
    #[must_use]
    pub fn conditional(&self) -> &[Conditional] {
        &self.conditional
    }

    /// The split that takes what no split with matches took; `None` is the root's own endpoints.
    #[must_use]
    pub fn default(&self) -> Option<&PortSplit> {
        self.default.as_ref()
    }

    /// Every split in force here, in order.
    pub fn splits(&self) -> impl Iterator<Item = &PortSplit> {
        self.conditional.iter().map(Conditional::split).chain(&self.default)
    }

    /// The split that takes `request`, or traffic that is no HTTP (`None`, T19).
    #[must_use]
    pub fn choose(&self, request: Option<&Request>) -> Option<&PortSplit> {
        let matching = |conditional: &&Conditional| {
            request.is_some_and(|request| conditional.matches.iter().any(|matching| matching.is_match(request)))
        };
        let conditional = self.conditional.iter().find(matching);
        conditional
            .map(|conditional| &conditional.split)
            .or(self.default.as_ref())
    }
}

/// Returns `true` if a port of a service declares HTTP of any version, by its `appProtocol` or else by the part of its
/// name before the first hyphen.
#[must_use]
pub fn declares_http(app_protocol: Option<&str>, name: Option<&str>) -> bool {
    let by_name = || name.unwrap_or_default().split('-').next().unwrap_or_default();
    let declared = app_protocol.unwrap_or_else(by_name).to_ascii_lowercase();
    matches!(
        declared.as_str(),
        "http" | "http2" | "grpc" | "kubernetes.io/h2c" | "kubernetes.io/ws"
    )
}

/// A split that takes only requests which fulfil one of its matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditional {
    pub(crate) matches: Arc<[Arc<HttpMatch>]>,
    pub(crate) split: PortSplit,
}

impl Conditional {
    /// The matches, one of which must hold (T14). At least one.
    #[must_use]
    pub fn matches(&self) -> &[Arc<HttpMatch>] {
        &self.matches
    }

    /// Where such requests go.
    #[must_use]
    pub fn split(&self) -> &PortSplit {
        &self.split
    }
}

/// A split on one port, with the backends that take part there.
#[derive(Clone, Debug, PartialEq)]
pub struct PortSplit {
    pub(crate) key: ObjectKey,
    pub(crate) backends: Vec<Backend>,
}

impl PortSplit {
    /// Which split it is.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Who shares the traffic, in the split's order. At least one; no service twice; weights above zero
    /// and without a common divisor. The root service may be one: it stands for its own endpoints (T25,
    /// T28).
    #[must_use]
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }
}

/// A service and its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub(crate) service: String,
    pub(crate) weight: u128,
    pub(crate) headless: bool,
}

impl Backend {
    /// Name of a service in the namespace of the root.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Whether it has no cluster IP.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.headless
    }

    /// Its weight; its share is this over the sum of the weights (T8).
    #[must_use]
    pub fn weight(&self) -> u128 {
        self.weight
    }
}
