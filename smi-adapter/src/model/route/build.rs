//! Builders of routes. They keep the invariants of the types, or return an error.

use super::{Backend, Conditional, HttpMatch, PortRoute, PortSplit, Root, RootService, ServiceRoute, SplitSource};
use crate::model::ModelError;
use crate::object::{Kind, ObjectKey, SmolStr};
use crate::settings::Settings;
use crate::weights::gcd;
use smi_types::validate::is_dns_label;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl ServiceRoute {
    /// Builds the route of a root from the routes of its ports.
    ///
    /// # Errors
    /// The errors of [`with_ports`](Self::with_ports).
    pub fn new(root: Root, ports: impl IntoIterator<Item = PortRoute>) -> Result<Self, ModelError> {
        let route = Self {
            root,
            service: RootService::default(),
            cluster_domain: Settings::default().cluster_domain.into(),
            splits: Vec::new(),
            ports: Vec::new(),
        };
        route.with_ports(ports)
    }

    /// Replaces the ports. Ports without a split are left out, and so are splits that are no longer in force on any
    /// port.
    ///
    /// # Errors
    /// If no split is left, a port appears twice, or a split is not in the namespace of the root.
    pub fn with_ports(mut self, ports: impl IntoIterator<Item = PortRoute>) -> Result<Self, ModelError> {
        let mut by_number = BTreeMap::new();
        for port in ports.into_iter().filter(|port| port.splits().next().is_some()) {
            let number = port.port;
            if by_number.insert(number, port).is_some() {
                return Err(ModelError::new(format!("port {number} appears twice")));
            }
        }
        self.ports = by_number.into_values().collect();
        let mut keys = Vec::new();
        for key in self.ports.iter().flat_map(PortRoute::splits).map(PortSplit::key) {
            if key.namespace != self.root.namespace() {
                return Err(ModelError::new(format!("`{key}` is not in the namespace of the root")));
            }
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err(ModelError::new("no split is in force on any port"));
        }
        let known = self.splits.iter().filter(|split| keys.contains(&&split.key));
        let mut splits: Vec<SplitSource> = known.cloned().collect();
        let others = keys
            .into_iter()
            .filter(|key| splits.iter().all(|split| split.key != **key));
        splits.extend(others.map(|key| SplitSource::new(key, &self.ports)).collect::<Vec<_>>());
        self.splits = splits;
        let service = std::mem::take(&mut self.service);
        Ok(self.with_service(service))
    }

    /// Replaces the properties of the root service. The ports of the route are added to its ports.
    #[must_use]
    pub fn with_service(mut self, service: RootService) -> Self {
        let ports = self.ports.iter().map(PortRoute::port);
        let all: BTreeSet<u16> = service.tcp_ports.iter().copied().chain(ports).collect();
        self.service = RootService {
            tcp_ports: all.into_iter().collect(),
            ..service
        };
        self
    }

    /// Replaces the DNS domain of the cluster, which is `cluster.local` by default.
    #[must_use]
    pub fn with_cluster_domain(mut self, domain: impl AsRef<str>) -> Self {
        self.cluster_domain = SmolStr::new(domain);
        self
    }
}

impl RootService {
    /// Adds TCP ports, which may include ports on which no split is in force.
    #[must_use]
    pub fn with_tcp_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        let all: BTreeSet<u16> = self.tcp_ports.into_iter().chain(ports).collect();
        self.tcp_ports = all.into_iter().collect();
        self
    }

    /// Replaces the annotations.
    #[must_use]
    pub fn with_annotations(mut self, annotations: BTreeMap<String, String>) -> Self {
        self.annotations = annotations;
        self
    }

    /// Removes the cluster IP, so that clients call the pods directly.
    #[must_use]
    pub fn without_cluster_ip(mut self) -> Self {
        self.headless = true;
        self
    }
}

impl SplitSource {
    /// Creates the source of a split of which only the shares are known.
    fn new(key: &ObjectKey, ports: &[PortRoute]) -> Self {
        let splits = ports.iter().flat_map(PortRoute::splits);
        let backends: BTreeSet<SmolStr> = splits
            .filter(|split| split.key == *key)
            .flat_map(|split| &split.backends)
            .map(|backend| backend.service.clone())
            .collect();
        Self {
            key: key.clone(),
            backends: backends.into_iter().collect(),
            api_version: Kind::TrafficSplit.api_version().into(),
            uid: None,
            annotations: BTreeMap::new(),
        }
    }
}

impl PortRoute {
    /// Builds the route of a port on which no split is in force yet.
    ///
    /// # Errors
    /// If the port is zero.
    pub fn new(port: u16) -> Result<Self, ModelError> {
        if port == 0 {
            return Err(ModelError::new("a port must be above zero"));
        }
        Ok(Self {
            port,
            name: None,
            app_protocol: None,
            conditional: Vec::new(),
            default: None,
        })
    }

    /// Replaces the name of the port.
    #[must_use]
    pub fn with_name(mut self, name: impl AsRef<str>) -> Self {
        self.name = Some(SmolStr::new(name));
        self
    }

    /// Replaces the application protocol that the root service declares.
    #[must_use]
    pub fn with_app_protocol(mut self, protocol: impl AsRef<str>) -> Self {
        self.app_protocol = Some(SmolStr::new(protocol));
        self
    }

    /// Replaces the splits with matches, in the order in which they are tried.
    #[must_use]
    pub fn with_conditional(mut self, splits: impl IntoIterator<Item = Conditional>) -> Self {
        self.conditional = splits.into_iter().collect();
        self
    }

    /// Replaces the split that takes the traffic which no split with matches takes.
    #[must_use]
    pub fn with_default(mut self, split: impl Into<Option<PortSplit>>) -> Self {
        self.default = split.into();
        self
    }
}

impl Conditional {
    /// Builds a split that takes the requests that fulfil one of these matches.
    ///
    /// # Errors
    /// If there is no match.
    pub fn new<M>(matches: impl IntoIterator<Item = M>, split: PortSplit) -> Result<Self, ModelError>
    where
        M: Into<Arc<HttpMatch>>,
    {
        let matches: Arc<[Arc<HttpMatch>]> = matches.into_iter().map(Into::into).collect();
        if matches.is_empty() {
            return Err(ModelError::new(format!("`{}` has no match", split.key)));
        }
        Ok(Self { matches, split })
    }
}

impl PortSplit {
    /// Builds the split with this key. The weights of a repeated service are added (T30), and all weights are divided
    /// by their greatest common divisor.
    ///
    /// # Errors
    /// If there is no backend, or a sum of weights overflows.
    pub fn new(key: ObjectKey, backends: impl IntoIterator<Item = Backend>) -> Result<Self, ModelError> {
        let mut all: Vec<Backend> = Vec::new();
        for backend in backends {
            let Some(known) = all.iter_mut().find(|known| known.service == backend.service) else {
                all.push(backend);
                continue;
            };
            let sum = known.weight.checked_add(backend.weight);
            known.weight =
                sum.ok_or_else(|| ModelError::new(format!("the weights of `{}` overflow", known.service)))?;
        }
        if all.is_empty() {
            return Err(ModelError::new(format!("`{key}` has no backend")));
        }
        let divisor = all.iter().map(|backend| backend.weight).fold(0, gcd);
        for backend in &mut all {
            backend.weight /= divisor;
        }
        Ok(Self { key, backends: all })
    }
}

impl Backend {
    /// Builds a backend with a cluster IP.
    ///
    /// # Errors
    /// If the name is not a valid service name, or the weight is zero.
    pub fn new(service: impl AsRef<str>, weight: u128) -> Result<Self, ModelError> {
        let service = SmolStr::new(service);
        if !is_dns_label(&service) {
            return Err(ModelError::new(format!("`{service}` is not a valid service name")));
        }
        let headless = false;
        Self {
            service,
            weight,
            headless,
        }
        .with_weight(weight)
    }

    /// Replaces the weight.
    ///
    /// # Errors
    /// If the weight is zero, because such a backend takes no part.
    pub fn with_weight(mut self, weight: u128) -> Result<Self, ModelError> {
        if weight == 0 {
            return Err(ModelError::new(format!(
                "the weight of `{}` must be above zero",
                self.service
            )));
        }
        self.weight = weight;
        Ok(self)
    }

    /// Removes the cluster IP.
    #[must_use]
    pub fn without_cluster_ip(mut self) -> Self {
        self.headless = true;
        self
    }
}
