//! Routes: the destinations of the traffic of root services.

mod build;
mod matches;

pub use matches::{HeaderMatch, HttpMatch};

use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::query::Request;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All traffic splits on one root service, merged (T29). For each port these are the splits with matches in order, then
/// the split without matches, then the root's own endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRoute {
    pub(crate) root: Root,
    pub(crate) service: RootService,
    pub(crate) cluster_domain: SmolStr,
    pub(crate) splits: Vec<SplitSource>,
    pub(crate) ports: Vec<PortRoute>,
}

impl ServiceRoute {
    /// Returns the root whose traffic is routed.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Returns the properties of the root service that meshes need. They are empty for an external host.
    #[must_use]
    pub fn service(&self) -> &RootService {
        &self.service
    }

    /// Returns the DNS domain of the cluster.
    #[must_use]
    pub fn cluster_domain(&self) -> &str {
        &self.cluster_domain
    }

    /// Returns the splits that are in force on some port, in their order (T29). There is at least one.
    #[must_use]
    pub fn splits(&self) -> &[SplitSource] {
        &self.splits
    }

    /// Returns the ports on which some split is in force, sorted by number. There is at least one. On every other port
    /// the root works as if there were no split.
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

/// A root: the service or host whose traffic is split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// A service that exists and has a TCP port (T40).
    Service(ObjectKey),
    /// An external host, named by splits of one namespace (T3). Adapters reject it unless one of their settings lists
    /// it. Its ports are those of the backends.
    External {
        /// The namespace of the splits.
        namespace: SmolStr,
        /// The host, a DNS name.
        host: SmolStr,
    },
}

impl Root {
    /// Returns the namespace of the service, or of the splits that name the host.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Self::Service(key) => &key.namespace,
            Self::External { namespace, .. } => namespace,
        }
    }

    /// Returns a key of the namespace and the name of the service or host. The two cannot collide, because the name of
    /// a host contains a dot.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Service(key) => key.clone(),
            Self::External { namespace, host } => ObjectKey::new(namespace, host),
        }
    }
}

/// The properties of a root service that meshes need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RootService {
    pub(crate) headless: bool,
    pub(crate) tcp_ports: Vec<u16>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl RootService {
    /// Returns `true` if the service has no cluster IP, so that clients call its pods directly.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.headless
    }

    /// Returns the TCP ports of the service, sorted by number, including those on which no split is in force.
    #[must_use]
    pub fn tcp_ports(&self) -> &[u16] {
        &self.tcp_ports
    }

    /// Returns the annotations, without the copy of the object that kubectl stores.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// A split that contributes to a route.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitSource {
    pub(crate) key: ObjectKey,
    pub(crate) api_version: SmolStr,
    pub(crate) uid: Option<SmolStr>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) backends: Vec<SmolStr>,
}

impl SplitSource {
    /// Returns the namespace and name.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Returns the `apiVersion` that the split was read in.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Returns the services of all backends that the split lists, in its order, including those that get no traffic.
    #[must_use]
    pub fn backends(&self) -> &[SmolStr] {
        &self.backends
    }

    /// Returns the UID, if the split comes from a cluster.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// Returns the annotations that a mesh may read, without the copy of the object that kubectl stores.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// The route of one TCP port of the root.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRoute {
    pub(crate) port: u16,
    pub(crate) name: Option<SmolStr>,
    pub(crate) app_protocol: Option<SmolStr>,
    pub(crate) conditional: Vec<Conditional>,
    pub(crate) default: Option<PortSplit>,
}

impl PortRoute {
    /// Returns the number of the port at the root service. Backends have the same port (T20, T21).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the name of the port at the root service, from which some meshes infer the protocol.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the application protocol that the root service declares for the port.
    #[must_use]
    pub fn app_protocol(&self) -> Option<&str> {
        self.app_protocol.as_deref()
    }

    /// Returns `true` if the root service declares HTTP of any version for the port, by `appProtocol` or otherwise by
    /// the part of the port's name before the first hyphen. Clients should not send other bytes there.
    #[must_use]
    pub fn declares_http(&self) -> bool {
        declares_http(self.app_protocol(), self.name())
    }

    /// Returns the splits with matches, in the order in which they are tried.
    #[must_use]
    pub fn conditional(&self) -> &[Conditional] {
        &self.conditional
    }

    /// Returns the split that takes all other traffic; `None` means the root's own endpoints.
    #[must_use]
    pub fn default(&self) -> Option<&PortSplit> {
        self.default.as_ref()
    }

    /// Returns every split in force on the port, in order.
    pub fn splits(&self) -> impl Iterator<Item = &PortSplit> {
        self.conditional.iter().map(Conditional::split).chain(&self.default)
    }

    /// Returns the split that takes `request`, where `None` stands for traffic that is not HTTP (T19).
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

/// Returns `true` if a port of a service declares HTTP of any version, by its `appProtocol` or otherwise by the part of
/// its name before the first hyphen.
#[must_use]
pub fn declares_http(app_protocol: Option<&str>, name: Option<&str>) -> bool {
    let by_name = || name.unwrap_or_default().split('-').next().unwrap_or_default();
    let declared = app_protocol.unwrap_or_else(by_name).to_ascii_lowercase();
    matches!(
        declared.as_str(),
        "http" | "http2" | "grpc" | "kubernetes.io/h2c" | "kubernetes.io/ws"
    )
}

/// A split that takes only requests that fulfil one of its matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditional {
    pub(crate) matches: Arc<[Arc<HttpMatch>]>,
    pub(crate) split: PortSplit,
}

impl Conditional {
    /// Returns the matches, one of which a request must fulfil (T14). There is at least one.
    #[must_use]
    pub fn matches(&self) -> &[Arc<HttpMatch>] {
        &self.matches
    }

    /// Returns the split of these requests.
    #[must_use]
    pub fn split(&self) -> &PortSplit {
        &self.split
    }
}

/// A split on one port, with the backends that take part on it.
#[derive(Clone, Debug, PartialEq)]
pub struct PortSplit {
    pub(crate) key: ObjectKey,
    pub(crate) backends: Vec<Backend>,
}

impl PortSplit {
    /// Returns the namespace and name of the split.
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Returns the backends that share the traffic, in the split's order.
    ///
    /// There is at least one, no service appears twice, and the weights are above zero without a common divisor. The
    /// root service can be one of the backends; it stands for its own endpoints (T25, T28).
    #[must_use]
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }
}

/// A backend: a service and its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub(crate) service: SmolStr,
    pub(crate) weight: u128,
    pub(crate) headless: bool,
}

impl Backend {
    /// Returns the name of the service, which is in the namespace of the root.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns `true` if the service has no cluster IP.
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.headless
    }

    /// Returns the weight. The backend's share is its weight divided by the sum of all weights (T8).
    #[must_use]
    pub fn weight(&self) -> u128 {
        self.weight
    }
}
