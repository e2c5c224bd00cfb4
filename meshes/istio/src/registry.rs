//! The service registry of the mesh.

use super::not_modelled;
use super::protocol::Protocol;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use smi_adapter::object::ObjectKey;
use smi_adapter::query::Endpoint;
use smi_conformance::{MeshWorld, NotModelledError};

/// The registry of all services.
#[derive(Debug)]
pub(super) struct Registry<'a> {
    entries: Vec<Entry<'a>>,
    /// The DNS domain of the cluster.
    pub(super) domain: &'a str,
}

/// A service.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The namespace and name.
    pub(super) key: &'a ObjectKey,
    /// The full host name, which identifies the service in the mesh.
    pub(super) host: String,
    service: &'a Service,
}

impl<'a> Registry<'a> {
    pub(super) fn new(world: &'a MeshWorld) -> Result<Self, NotModelledError> {
        let domain = match world.cluster_domain.as_str() {
            "" => "cluster.local",
            domain => domain,
        };
        let entry = |(key, service): (&'a ObjectKey, &'a Service)| {
            let host = format!("{}.{}.svc.{domain}", key.name, key.namespace);
            Entry { key, host, service }
        };
        let entries: Vec<_> = world.services.iter().map(entry).collect();
        for entry in &entries {
            entry.check()?;
        }
        Ok(Self { entries, domain })
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn by_host(&self, host: &str) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.host == host)
    }

    /// Returns the services that have `port`, for any protocol except UDP.
    pub(super) fn with_port(&self, port: u16) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(move |entry| entry.protocol(port).is_some())
    }

    /// Returns `true` if the sidecar accepts HTTP on `port` at any address. ExternalName services have no listener.
    pub(super) fn has_http_listener(&self, port: u16) -> bool {
        self.with_port(port)
            .any(|entry| entry.alias().is_none() && entry.protocol(port) == Some(Protocol::Http))
    }

    /// Follows a chain of ExternalName services of any length, and returns the service at its end, which is `entry`
    /// itself if it has another type. Returns `None` if the chain leads out of the mesh or nowhere.
    pub(super) fn concrete<'s>(&'s self, mut entry: &'s Entry<'a>) -> Option<&'s Entry<'a>> {
        for _ in 0..=self.entries.len() {
            match entry.alias() {
                None => return Some(entry),
                Some(host) => entry = self.by_host(host)?,
            }
        }
        None
    }

    /// Returns the ExternalName services that lead to `entry`.
    pub(super) fn aliases_of<'s>(&'s self, entry: &'s Entry<'a>) -> impl Iterator<Item = &'s Entry<'a>> {
        let is_alias_of = move |alias: &&Entry<'a>| {
            alias.alias().is_some() && self.concrete(alias).is_some_and(|concrete| concrete.key == entry.key)
        };
        self.entries.iter().filter(is_alias_of)
    }

    /// Returns `true` if a headless service may share pods with another one with the same port. Then only one of the two
    /// has listeners for these pods.
    pub(super) fn shares_pods(&self, entry: &Entry<'a>, port: u16) -> bool {
        entry.is_headless()
            && self
                .with_port(port)
                .any(|other| other.is_headless() && other.key != entry.key)
    }
}

impl Entry<'_> {
    fn ports(&self) -> &[ServicePort] {
        let spec = self.service.spec.as_ref();
        spec.and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
    }

    /// Returns the protocol of the port with this number, or `None` if there is no such port or it is UDP.
    pub(super) fn protocol(&self, number: u16) -> Option<Protocol> {
        let mut ports = self.ports().iter().filter(|port| port.port == i32::from(number));
        ports.find_map(Protocol::of)
    }

    /// Returns the number of the port if there is exactly one.
    pub(super) fn only_port(&self) -> Option<u16> {
        match self.ports() {
            [port] => u16::try_from(port.port).ok(),
            _ => None,
        }
    }

    /// Returns the external name of an ExternalName service.
    pub(super) fn alias(&self) -> Option<&str> {
        let spec = self.service.spec.as_ref()?;
        (spec.type_.as_deref() == Some("ExternalName"))
            .then(|| spec.external_name.as_deref().unwrap_or_default())
            .filter(|host| !host.is_empty())
    }

    /// Returns `true` if the service is headless, so that DNS resolves to the addresses of its pods.
    pub(super) fn is_headless(&self) -> bool {
        let spec = self.service.spec.as_ref();
        spec.is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None"))
    }

    /// Returns the known addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        let spec = self.service.spec.as_ref();
        let one = spec.and_then(|spec| spec.cluster_ip.as_deref());
        let all = spec.and_then(|spec| spec.cluster_ips.as_deref()).unwrap_or_default();
        let all = one.into_iter().chain(all.iter().map(String::as_str));
        all.filter(|address| !matches!(*address, "None" | ""))
    }

    /// Returns the endpoints of `port`, or `Nowhere` if there is no such port.
    pub(super) fn endpoint(&self, port: u16) -> Endpoint {
        self.endpoint_if(port, self.protocol(port).is_some())
    }

    pub(super) fn udp_endpoint(&self, port: u16) -> Endpoint {
        let is_udp =
            |candidate: &ServicePort| candidate.port == i32::from(port) && candidate.protocol.as_deref() == Some("UDP");
        self.endpoint_if(port, self.ports().iter().any(is_udp))
    }

    fn endpoint_if(&self, port: u16, exists: bool) -> Endpoint {
        if exists {
            let key = self.key.clone();
            Endpoint::Service { key, port }
        } else {
            Endpoint::Nowhere
        }
    }

    /// Rejects services with limited visibility and services with a waypoint.
    fn check(&self) -> Result<(), NotModelledError> {
        let annotation = |name: &str| self.service.metadata.annotations.as_ref()?.get(name);
        let label = |name: &str| self.service.metadata.labels.as_ref()?.get(name);
        if annotation("networking.istio.io/exportTo").is_some_and(|to| to != "*") {
            return not_modelled(format!("service {} is not exported to every namespace", self.key));
        }
        if label("istio.io/use-waypoint").is_some_and(|name| name != "none") {
            return not_modelled(format!("service {} has a waypoint", self.key));
        }
        Ok(())
    }
}
