//! Assumed workloads.

use super::listed;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{Kind, ObjectKey, SmolStr, bounded_name, is_dns_subdomain};
use crate::principal::Identity;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::{Transport, Workload};
use k8s_openapi::api::core::v1::{Container, ContainerPort, PodSpec, PodTemplateSpec, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// Adds a Deployment for every service account in the scope that is the destination of a traffic target and that no
/// workload in `snapshot` runs as. Returns one diagnostic for each (I3).
///
/// If the namespace has a service with the name of the account, and it selects no known workload, the pods have the labels
/// that it selects and its target ports. Otherwise they have these TCP ports, and the label `app` with the account's name.
///
/// Only the author knows which workloads run in the cluster, so call this function only on request. Accounts of
/// identity bindings are not assumed.
#[must_use = "the diagnostics inform users about the assumptions"]
pub fn assume_workloads(snapshot: &mut Snapshot, settings: &Settings, ports: &[u16]) -> Vec<Diagnostic> {
    let ports: BTreeSet<u16> = ports.iter().copied().filter(|port| *port > 0).collect();
    let running: BTreeSet<Identity> = snapshot.workloads().map(Workload::identity).collect();
    let named: BTreeSet<Identity> = snapshot
        .scoped(settings)
        .targets()
        .filter_map(|(key, target)| {
            let destination = target.spec.as_ref()?.destination.as_ref()?;
            let own = destination.namespace.is_empty() || destination.namespace == key.namespace;
            let is_account = destination.kind == "ServiceAccount" && is_dns_subdomain(&destination.name);
            (own && is_account).then(|| Identity {
                namespace: key.namespace.clone(),
                service_account: destination.name.as_str().into(),
            })
        })
        .collect();
    let mut assume = |account: Identity| {
        let pods = Pods::new(snapshot, &account, &ports);
        let message = pods.message(&account.service_account);
        let object = snapshot.insert_workload(deployment(account, pods));
        Diagnostic::new(Code::Assumed, object, FieldPath::root(), message)
    };
    let missing: Vec<Identity> = named.into_iter().filter(|account| !running.contains(account)).collect();
    missing.into_iter().map(&mut assume).collect()
}

/// What is assumed about the pods of an account.
struct Pods {
    labels: BTreeMap<String, String>,
    ports: BTreeSet<u16>,
    /// The service from which it is known.
    service: Option<SmolStr>,
}

impl Pods {
    fn new(snapshot: &Snapshot, account: &Identity, ports: &BTreeSet<u16>) -> Self {
        let key = ObjectKey::new(&account.namespace, &account.service_account);
        let spec = snapshot.service(&key).and_then(|service| service.spec.as_ref());
        let selector = spec.and_then(|spec| spec.selector.clone()).unwrap_or_default();
        let is_selected = |workload: &Workload| {
            workload.object().key.namespace == key.namespace && workload.is_selected_by(&selector)
        };
        if selector.is_empty() || snapshot.workloads().any(is_selected) {
            return Self {
                labels: BTreeMap::from([("app".to_owned(), bounded_name(&key.name))]),
                ports: ports.clone(),
                service: None,
            };
        }
        let of_service = spec.map(target_ports).unwrap_or_default();
        Self {
            labels: selector,
            ports: if of_service.is_empty() {
                ports.clone()
            } else {
                of_service
            },
            service: Some(key.name),
        }
    }

    fn message(&self, account: &str) -> String {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(name, value)| format!("`{name}: {value}`"))
            .collect();
        let source = self
            .service
            .as_ref()
            .map(|name| format!(", as service `{name}` selects and targets"));
        format!(
            "no workload in the input runs as the service account `{account}`; a Deployment is assumed to do so, with the labels {} and {}{}",
            labels.join(", "),
            listed(&self.ports),
            source.unwrap_or_default()
        )
    }
}

/// Returns the TCP ports of pods that the ports of a service lead to, as far as they have numbers.
fn target_ports(spec: &ServiceSpec) -> BTreeSet<u16> {
    let tcp = spec
        .ports
        .iter()
        .flatten()
        .filter(|port| Transport::of(port.protocol.as_deref()) == Some(Transport::Tcp));
    let numbers = tcp.filter_map(|port| match &port.target_port {
        Some(IntOrString::String(_)) => None,
        Some(IntOrString::Int(number)) if *number != 0 => u16::try_from(*number).ok(),
        Some(IntOrString::Int(_)) | None => u16::try_from(port.port).ok(),
    });
    numbers.filter(|port| *port > 0).collect()
}

fn deployment(account: Identity, Pods { labels, ports, .. }: Pods) -> Workload {
    let port = |number: &u16| ContainerPort {
        container_port: i32::from(*number),
        ..ContainerPort::default()
    };
    let container = Container {
        name: "app".into(),
        ports: Some(ports.iter().map(port).collect()),
        ..Container::default()
    };
    let metadata = ObjectMeta {
        namespace: Some(account.namespace.into()),
        name: Some(account.service_account.to_string()),
        ..ObjectMeta::default()
    };
    let selector = LabelSelector {
        match_labels: Some(labels.clone()),
        ..LabelSelector::default()
    };
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            service_account_name: Some(account.service_account.into()),
            containers: vec![container],
            ..PodSpec::default()
        }),
    };
    Workload::of_template(Kind::Deployment, &metadata, Some(selector), Some(&template))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use smi_types::Object;

    fn target(snapshot: &mut Snapshot, account: &str) {
        let target = json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
            "metadata": {"name": account, "namespace": "shop"},
            "spec": {"destination": {"kind": "ServiceAccount", "name": account}}});
        snapshot.insert(Object::from_value(&target).unwrap());
    }

    #[test]
    fn assumed_pods_are_those_that_a_known_service_selects() {
        // I3
        let mut snapshot = Snapshot::default();
        target(&mut snapshot, "pay");
        target(&mut snapshot, "unknown");
        let pay = json!({"metadata": {"name": "pay", "namespace": "shop"}, "spec": {
            "selector": {"app": "pay-ui", "tier": "front"}, "ports": [{"port": 14001, "targetPort": 9090}]}});
        snapshot.insert_service(serde_json::from_value(pay).unwrap());
        let assumed = assume_workloads(&mut snapshot, &Settings::default(), &[80]);
        let messages: Vec<&str> = assumed.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "no workload in the input runs as the service account `pay`; a Deployment is assumed to do so, with the \
                 labels `app: pay-ui`, `tier: front` and port 9090, as service `pay` selects and targets",
                "no workload in the input runs as the service account `unknown`; a Deployment is assumed to do so, with \
                 the labels `app: unknown` and port 80",
            ]
        );
        let pods = snapshot.workload(&assumed[0].object).unwrap();
        assert!(pods.tcp_ports().eq([9090]));
        assert_eq!(pods.labels().get("tier").map(String::as_str), Some("front"));
    }
}
