//! Workloads: pods, and the objects that create them.

mod probes;

pub use probes::HealthCheck;

use crate::object::{Kind, ObjectKey, ObjectRef, SmolStr};
use crate::principal::Identity;
use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec, StatefulSet, StatefulSetSpec,
};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec, ReplicationController, ServicePort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::{BTreeMap, BTreeSet};

/// A pod, or an object with a pod template: the subject of an access control policy.
///
/// It is created from a Kubernetes object: `Workload::from(&deployment)`.
///
/// ```
/// use k8s_openapi::api::apps::v1::Deployment;
/// use smi_adapter::workload::Workload;
///
/// let deployment: Deployment = serde_json::from_value(serde_json::json!({
///     "metadata": {"name": "api", "namespace": "shop"},
///     "spec": {
///         "selector": {"matchLabels": {"app": "api"}},
///         "template": {
///             "metadata": {"labels": {"app": "api"}},
///             "spec": {"serviceAccountName": "api", "containers": [{"name": "api", "ports": [{"containerPort": 8080}]}]}
///         }
///     }
/// }))?;
/// let workload = Workload::from(&deployment);
/// assert_eq!(workload.identity().service_account, "api");
/// assert!(workload.tcp_ports().eq([8080]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub(crate) object: ObjectRef,
    /// The kind and name of its controller, in its own namespace.
    pub(crate) owner: Option<(String, String)>,
    pub(crate) selector: Option<LabelSelector>,
    /// Is `true` if it is known to create no pods, such as an old revision that is kept for a rollback.
    pub(crate) idle: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) service_account: SmolStr,
    pub(crate) ports: Vec<ContainerPort>,
    pub(crate) health_checks: BTreeSet<HealthCheck>,
    pub(crate) containers: BTreeSet<String>,
    pub(crate) host_network: bool,
    /// Is `true` if an API server has stored it, so that a pod has the containers that a mesh adds.
    pub(crate) is_admitted: bool,
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ContainerPort {
    pub(crate) number: u16,
    pub(crate) name: Option<String>,
    pub(crate) transport: Transport,
}

/// A transport protocol that SMI supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

impl Transport {
    /// Returns the protocol with this Kubernetes name; no name means TCP. Returns `None` for other protocols.
    pub(crate) fn of(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("" | "TCP") => Some(Self::Tcp),
            Some("UDP") => Some(Self::Udp),
            Some(_) => None,
        }
    }
}

impl Workload {
    /// Returns a reference to the Kubernetes object.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        &self.object
    }

    /// Returns the service account that its pods run as (A18). A pod without one runs as `default`.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            namespace: self.object.key.namespace.clone(),
            service_account: self.service_account.clone(),
        }
    }

    /// Returns the labels of its pods.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// Returns the annotations of its pods.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// Returns the TCP ports that its containers declare, sorted.
    pub fn tcp_ports(&self) -> impl Iterator<Item = u16> {
        self.numbers(Transport::Tcp).into_iter()
    }

    /// Returns the UDP ports that its containers declare, sorted.
    pub fn udp_ports(&self) -> impl Iterator<Item = u16> {
        self.numbers(Transport::Udp).into_iter()
    }

    /// Returns the health check requests of the kubelet to its containers (A38).
    #[must_use]
    pub fn health_checks(&self) -> &BTreeSet<HealthCheck> {
        &self.health_checks
    }

    /// Returns the names of its containers, including a mesh's proxy once it is injected.
    #[must_use]
    pub fn containers(&self) -> &BTreeSet<String> {
        &self.containers
    }

    /// Returns `true` if its pods share the network of their node, so that no mesh sees their traffic.
    #[must_use]
    pub fn has_host_network(&self) -> bool {
        self.host_network
    }

    /// Returns the number of the container port with this name and protocol.
    #[must_use]
    pub fn named_port(&self, name: &str, transport: Transport) -> Option<u16> {
        let is = |port: &&ContainerPort| port.transport == transport && port.name.as_deref() == Some(name);
        self.ports.iter().find(is).map(|port| port.number)
    }

    /// Returns `true` if its pods have all labels of the selector, and the selector has at least one.
    #[must_use]
    pub fn is_selected_by(&self, selector: &BTreeMap<String, String>) -> bool {
        !selector.is_empty()
            && selector
                .iter()
                .all(|(name, value)| self.labels.get(name) == Some(value))
    }

    /// Returns the port of its pods that a port of a service leads to: the target port, or the same number if there is
    /// none. Returns `None` if its pods have no port of that name, or SMI does not support the protocol.
    #[must_use]
    pub fn target_port(&self, port: &ServicePort) -> Option<u16> {
        let transport = Transport::of(port.protocol.as_deref())?;
        let number = |number: i32| u16::try_from(number).ok().filter(|number| *number > 0);
        match &port.target_port {
            // API servers store an omitted target port as zero.
            None | Some(IntOrString::Int(0)) => number(port.port),
            Some(IntOrString::Int(target)) => number(*target),
            Some(IntOrString::String(name)) => self.named_port(name, transport),
        }
    }

    fn numbers(&self, transport: Transport) -> BTreeSet<u16> {
        let ports = self.ports.iter().filter(|port| port.transport == transport);
        ports.map(|port| port.number).collect()
    }

    fn new(kind: Kind, metadata: &ObjectMeta, selector: Option<LabelSelector>, pod: (&ObjectMeta, &PodSpec)) -> Self {
        let (pod, spec) = pod;
        let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let account = named(&spec.service_account_name).or_else(|| named(&spec.service_account));
        let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
        Self {
            object: ObjectRef::new(kind, ObjectKey::of(metadata)),
            owner: controller(metadata),
            selector,
            idle: false,
            labels: pod.labels.clone().unwrap_or_default(),
            annotations: annotations(pod),
            service_account: account.map_or(SmolStr::new_static("default"), SmolStr::new),
            ports: containers().flat_map(ports).collect(),
            health_checks: containers().flat_map(probes::of).collect(),
            containers: containers().map(|container| container.name.clone()).collect(),
            host_network: spec.host_network.unwrap_or_default(),
            is_admitted: metadata.uid.is_some(),
        }
    }

    pub(crate) fn of_template(
        kind: Kind,
        metadata: &ObjectMeta,
        selector: Option<LabelSelector>,
        template: Option<&PodTemplateSpec>,
    ) -> Self {
        let (none, empty) = (ObjectMeta::default(), PodSpec::default());
        let pod = template
            .and_then(|template| template.metadata.as_ref())
            .unwrap_or(&none);
        let spec = template.and_then(|template| template.spec.as_ref()).unwrap_or(&empty);
        Self::new(kind, metadata, selector, (pod, spec))
    }
}

/// Returns the ports of a container, without those of other transport protocols.
fn ports(container: &Container) -> impl Iterator<Item = ContainerPort> {
    container.ports.iter().flatten().filter_map(|port| {
        Some(ContainerPort {
            number: u16::try_from(port.container_port).ok().filter(|port| *port > 0)?,
            name: port.name.clone(),
            transport: Transport::of(port.protocol.as_deref())?,
        })
    })
}

/// Returns the annotations, without the copy of the object that kubectl stores.
fn annotations(metadata: &ObjectMeta) -> BTreeMap<String, String> {
    let mut annotations = metadata.annotations.clone().unwrap_or_default();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations
}

/// Returns a spec as an option. Before Kubernetes 1.37, k8s-openapi types many specs as optional that always exist.
fn present<'a, S>(spec: impl Into<Option<&'a S>>) -> Option<&'a S> {
    spec.into()
}

fn controller(metadata: &ObjectMeta) -> Option<(String, String)> {
    let mut owners = metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    Some((owner.kind.clone(), owner.name.clone()))
}

impl From<&Pod> for Workload {
    fn from(pod: &Pod) -> Self {
        let empty = PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&empty);
        Self::new(Kind::Pod, &pod.metadata, None, (&pod.metadata, spec))
    }
}

impl From<&ReplicationController> for Workload {
    fn from(object: &ReplicationController) -> Self {
        let spec = object.spec.as_ref();
        let selector = spec.and_then(|spec| spec.selector.clone()).map(|labels| LabelSelector {
            match_labels: Some(labels),
            ..LabelSelector::default()
        });
        let template = spec.and_then(|spec| spec.template.as_ref());
        Self::of_template(Kind::ReplicationController, &object.metadata, selector, template)
    }
}

impl From<&CronJob> for Workload {
    fn from(object: &CronJob) -> Self {
        let spec = present::<CronJobSpec>(&object.spec);
        let job = spec.and_then(|spec| present::<JobSpec>(&spec.job_template.spec));
        let (selector, template) = (job.and_then(|job| job.selector.clone()), job.map(|job| &job.template));
        Self::of_template(Kind::CronJob, &object.metadata, selector, template)
    }
}

impl From<&Job> for Workload {
    fn from(object: &Job) -> Self {
        let spec = present::<JobSpec>(&object.spec);
        let (selector, template) = (
            spec.and_then(|spec| spec.selector.clone()),
            spec.map(|spec| &spec.template),
        );
        Self::of_template(Kind::Job, &object.metadata, selector, template)
    }
}

impl From<&ReplicaSet> for Workload {
    fn from(object: &ReplicaSet) -> Self {
        let spec = present::<ReplicaSetSpec>(&object.spec);
        let selector = spec.map(|spec| spec.selector.clone());
        let template = spec.and_then(|spec| spec.template.as_ref());
        let workload = Self::of_template(Kind::ReplicaSet, &object.metadata, selector, template);
        let idle = spec.is_some_and(|spec| spec.replicas == Some(0));
        Self { idle, ..workload }
    }
}

/// Implements the conversion for kinds whose selector and template are required.
macro_rules! templates {
    ($($kind:ident, $spec:ident;)*) => {
        $(impl From<&$kind> for Workload {
            fn from(object: &$kind) -> Self {
                let spec = present::<$spec>(&object.spec);
                let (selector, template) = (spec.map(|spec| spec.selector.clone()), spec.map(|spec| &spec.template));
                Self::of_template(Kind::$kind, &object.metadata, selector, template)
            }
        })*
    };
}

templates! {
    Deployment, DeploymentSpec;
    StatefulSet, StatefulSetSpec;
    DaemonSet, DaemonSetSpec;
}

#[cfg(test)]
mod tests;
