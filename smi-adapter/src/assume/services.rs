//! Assumed services.

use super::listed;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::{ObjectKey, ObjectRef, is_dns_label};
use crate::resolve::ParsedRoot;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::workload::Transport;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
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
            namespace: Some(namespace.into()),
            name: Some(name.into()),
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
}
