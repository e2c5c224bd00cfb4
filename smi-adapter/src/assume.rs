//! Assumed services and workloads, for tools that read manifests without access to a cluster.

use crate::diagnostic::{Code, Diagnostic};
use crate::object::{Kind, ObjectKey, ObjectRef, bounded_name, is_dns_label, is_dns_subdomain};
use crate::principal::Identity;
use crate::resolve::ParsedRoot;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::{Transport, Workload};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, PodSpec, PodTemplateSpec, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use smi_types::FieldPath;
use smi_types::split::TrafficSplit;
use std::collections::{BTreeMap, BTreeSet};

/// Adds every service that a split in the scope refers to and `snapshot` does not contain, with these TCP ports. A backend
/// of a known root gets the ports of the root instead. Returns one diagnostic for each (I3).
///
/// Only the author knows whether the services exist, so call this function only on request. A duplicate or undecodable
/// service exists, and stays unusable. A split whose root cannot be a service of its namespace adds nothing. A call
/// without ports adds nothing, because a service without ports gets no traffic.
///
/// ```
/// use smi_adapter::{assume::assume_services, settings::Settings, snapshot::Snapshot};
/// use smi_types::Object;
///
/// let mut snapshot = Snapshot::default();
/// snapshot.insert(Object::from_json(br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
///     "metadata": {"name": "canary", "namespace": "shop"},
///     "spec": {"service": "web", "backends": [{"service": "web-v1", "weight": 1}]}}"#)?);
/// let assumed = assume_services(&mut snapshot, &Settings::default(), &[80]);
/// assert_eq!(snapshot.services().count(), 2);
/// assert_eq!(
///     assumed[0].to_string(),
///     "info[Assumed] Service shop/web: `web` is not in the input; it is assumed to exist with port 80"
/// );
/// # Ok::<(), smi_types::ParseError>(())
/// ```
#[must_use = "the diagnostics inform users about the assumptions"]
pub fn assume_services(snapshot: &mut Snapshot, settings: &Settings, ports: &[u16]) -> Vec<Diagnostic> {
    let ports: BTreeSet<u16> = ports.iter().copied().filter(|port| *port > 0).collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let splits = snapshot.scoped(settings).splits();
    let named: BTreeSet<Named> = splits.flat_map(|(key, split)| services(key, split, settings)).collect();
    // The ports of a known root are those that a backend needs (T20).
    let mut missing: BTreeMap<ObjectKey, BTreeSet<u16>> = BTreeMap::new();
    for Named { service, root } in named {
        let of_root = root.and_then(|root| snapshot.service(&root)).map(tcp_ports);
        let needed = of_root
            .filter(|ports| !ports.is_empty())
            .unwrap_or_else(|| ports.clone());
        if !snapshot.has(&ObjectRef::service(service.clone())) {
            missing.entry(service).or_default().extend(needed);
        }
    }
    let mut assume = |(key, ports): (ObjectKey, BTreeSet<u16>)| {
        let message = message(&key.name, &ports);
        let object = snapshot.insert_service(service(key, &ports));
        Diagnostic::new(Code::Assumed, object, FieldPath::root(), message)
    };
    missing.into_iter().map(&mut assume).collect()
}

/// A service that a split refers to, and the root if it is a backend.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    service: ObjectKey,
    root: Option<ObjectKey>,
}

/// Returns the services that a split refers to: its root (T3), and the backends with a plain name (T32).
fn services(key: &ObjectKey, split: &TrafficSplit, settings: &Settings) -> Vec<Named> {
    let Some(spec) = &split.spec else {
        return Vec::new();
    };
    let root = match ParsedRoot::new(&spec.service, &key.namespace, &settings.cluster_domain) {
        ParsedRoot::Service(root) => Some(root),
        ParsedRoot::External(_) => None,
        ParsedRoot::OtherNamespace | ParsedRoot::UnderDomain | ParsedRoot::Invalid => return Vec::new(),
    };
    let backends = spec.backends.iter().map(|backend| Named {
        service: ObjectKey::new(&key.namespace, &backend.service),
        root: root.clone(),
    });
    let own = root.clone().map(|service| Named { service, root: None });
    own.into_iter()
        .chain(backends)
        .filter(|named| is_dns_label(&named.service.name))
        .collect()
}

fn tcp_ports(service: &Service) -> BTreeSet<u16> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let tcp = ports.filter(|port| Transport::of(port.protocol.as_deref()) == Some(Transport::Tcp));
    tcp.filter_map(|port| u16::try_from(port.port).ok().filter(|port| *port > 0))
        .collect()
}

/// Creates a service with these ports. No mesh infers a protocol from their names.
fn service(ObjectKey { namespace, name }: ObjectKey, ports: &BTreeSet<u16>) -> Service {
    let port = |number: &u16| ServicePort {
        name: Some(format!("port-{number}")),
        port: i32::from(*number),
        protocol: Some("TCP".into()),
        ..ServicePort::default()
    };
    Service {
        metadata: ObjectMeta {
            namespace: Some(namespace),
            name: Some(name),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceSpec {
            ports: Some(ports.iter().map(port).collect()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn message(name: &str, ports: &BTreeSet<u16>) -> String {
    format!(
        "`{name}` is not in the input; it is assumed to exist with {}",
        listed(ports)
    )
}

/// Writes `port 80`, `ports 80, 443` or `no port`.
fn listed(ports: &BTreeSet<u16>) -> String {
    let numbers: Vec<String> = ports.iter().map(u16::to_string).collect();
    match numbers.len() {
        0 => "no port".to_owned(),
        1 => format!("port {}", numbers.concat()),
        _ => format!("ports {}", numbers.join(", ")),
    }
}

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
                service_account: destination.name.clone(),
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
    service: Option<String>,
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
        namespace: Some(account.namespace),
        name: Some(account.service_account.clone()),
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
            service_account_name: Some(account.service_account),
            containers: vec![container],
            ..PodSpec::default()
        }),
    };
    Workload::of_template(Kind::Deployment, &metadata, Some(selector), Some(&template))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Scope;
    use crate::snapshot::SnapshotBuilder;
    use serde_json::json;
    use smi_types::Object;

    fn add(snapshot: &mut Snapshot, name: &str, service: &str, backends: &[&str]) {
        let backends: Vec<_> = backends.iter().map(|name| json!({"service": name})).collect();
        let split = json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
                           "metadata": {"name": name, "namespace": "shop"},
                           "spec": {"service": service, "backends": backends}});
        snapshot.insert(Object::from_value(&split).unwrap());
    }

    fn names(snapshot: &Snapshot) -> Vec<&str> {
        snapshot.services().map(|(key, _)| &*key.name).collect()
    }

    fn web(name: &str) -> Service {
        service(ObjectKey::new("shop", name), &BTreeSet::from([1]))
    }

    #[test]
    fn assumes_and_reports_every_root_and_backend_once() {
        // I3, T3
        let mut snapshot = Snapshot::default();
        add(&mut snapshot, "a", "web.shop.svc.cluster.local", &["v1", "v2"]);
        add(&mut snapshot, "b", "web", &["v1", "web"]);
        snapshot.insert_service(web("v2"));
        let assumed = assume_services(&mut snapshot, &Settings::default(), &[8080, 80, 0, 80]);
        assert_eq!(names(&snapshot), ["v1", "v2", "web"]);
        let reported: Vec<String> = assumed.iter().map(Diagnostic::to_string).collect();
        let tail = "is not in the input; it is assumed to exist with ports 80, 8080";
        assert_eq!(
            reported,
            [
                format!("info[Assumed] Service shop/v1: `v1` {tail}"),
                format!("info[Assumed] Service shop/web: `web` {tail}"),
            ]
        );
        // An existing service stays as it is.
        assert_eq!(snapshot.service(&ObjectKey::new("shop", "v2")), Some(&web("v2")));
        assert_eq!(assume_services(&mut snapshot, &Settings::default(), &[80]), []);
    }

    #[test]
    fn does_not_assume_unusable_services() {
        // I1
        let mut snapshot = Snapshot::default();
        add(&mut snapshot, "a", "twin", &["unreadable"]);
        let mut input = SnapshotBuilder::from(snapshot);
        input.add_service(web("twin"));
        input.add_service(web("twin"));
        let object = ObjectRef::service(ObjectKey::new("shop", "unreadable"));
        input.add_undecodable(Diagnostic::new(Code::Undecodable, object, FieldPath::root(), "x"));
        let mut snapshot = input.build();
        assert_eq!(assume_services(&mut snapshot, &Settings::default(), &[80]), []);
        assert_eq!(snapshot.services().count(), 0);
    }

    #[test]
    fn does_not_assume_names_that_cannot_be_services() {
        let mut snapshot = Snapshot::default();
        add(&mut snapshot, "other", "web.other", &["a"]);
        add(&mut snapshot, "invalid", "A.b.c", &["b"]);
        add(&mut snapshot, "external", "shop.example.com", &["c"]);
        add(&mut snapshot, "odd", "Web", &["d.shop", "", "e"]);
        let mut unported = snapshot.clone();
        assert_eq!(assume_services(&mut snapshot, &Settings::default(), &[80]).len(), 1);
        assert_eq!(names(&snapshot), ["c"]);
        assert_eq!(assume_services(&mut unported, &Settings::default(), &[0]), []);
        assert_eq!(unported.services().count(), 0);
    }

    #[test]
    fn does_not_assume_services_outside_of_the_scope() {
        let mut snapshot = Snapshot::default();
        add(&mut snapshot, "a", "web", &["v1"]);
        let settings = Settings {
            scope: Scope::Namespaces(BTreeSet::from(["other".into()])),
            ..Settings::default()
        };
        assert_eq!(assume_services(&mut snapshot, &settings, &[80]), []);
    }

    #[test]
    fn assumed_backends_have_the_ports_of_a_known_root() {
        // I3, T20
        let mut snapshot = Snapshot::default();
        add(&mut snapshot, "a", "web", &["v1", "web"]);
        snapshot.insert_service(service(ObjectKey::new("shop", "web"), &BTreeSet::from([14001, 9090])));
        let assumed = assume_services(&mut snapshot, &Settings::default(), &[80]);
        let reported: Vec<String> = assumed.iter().map(Diagnostic::to_string).collect();
        assert_eq!(
            reported,
            ["info[Assumed] Service shop/v1: `v1` is not in the input; it is assumed to exist with ports 9090, 14001"]
        );
        let v1 = snapshot.service(&ObjectKey::new("shop", "v1")).unwrap();
        assert_eq!(tcp_ports(v1), BTreeSet::from([14001, 9090]));
    }

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
