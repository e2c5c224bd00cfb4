use super::access::{Grant, Granted, Ports, WorkloadAccess};
use super::route::{Backend, Conditional, HttpMatch, PortRoute, PortSplit, Root, RootService, ServiceRoute};
use super::{ModelError, NamespaceBaseline, Policy};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::pattern::{Anchor, Pattern};
use crate::principal::Identity;
use crate::principal::Principal;
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("shop", name)
}

fn split(name: &str) -> PortSplit {
    PortSplit::new(key(name), [Backend::new("v1", 1).unwrap()]).unwrap()
}

fn port(number: u16, name: &str) -> PortRoute {
    PortRoute::new(number).unwrap().with_default(split(name))
}

fn route(ports: impl IntoIterator<Item = PortRoute>) -> Result<ServiceRoute, ModelError> {
    ServiceRoute::new(Root::Service(key("web")), ports)
}

fn weights(split: &PortSplit) -> Vec<(&str, u128)> {
    let backends = split.backends().iter();
    backends.map(|backend| (backend.service(), backend.weight())).collect()
}

#[test]
fn weights_are_positive_and_reduced() {
    assert!(Backend::new("v1", 0).is_err());
    assert!(Backend::new("V1", 1).is_err());
    assert!(Backend::new("v1", 1).unwrap().with_weight(0).is_err());
    let backend = |service, weight| Backend::new(service, weight).unwrap();
    let canary = PortSplit::new(key("canary"), [backend("v1", 90), backend("v2", 10)]).unwrap();
    assert_eq!(weights(&canary), [("v1", 9), ("v2", 1)]);
}

#[test]
fn weights_of_a_repeated_backend_are_added() {
    let backend = |service, weight| Backend::new(service, weight).unwrap();
    let backends = [backend("v1", 1), backend("v2", 2), backend("v1", 2)];
    assert_eq!(
        weights(&PortSplit::new(key("canary"), backends).unwrap()),
        [("v1", 3), ("v2", 2)]
    );
    assert!(PortSplit::new(key("canary"), [backend("v1", u128::MAX), backend("v1", 1)]).is_err());
    assert!(PortSplit::new(key("canary"), []).is_err());
}

#[test]
fn ports_are_sorted_and_have_a_split() {
    let built = route([port(443, "b"), PortRoute::new(8080).unwrap(), port(80, "a")]).unwrap();
    let numbers: Vec<u16> = built.ports().iter().map(PortRoute::port).collect();
    assert_eq!(numbers, [80, 443]);
    let splits: Vec<&str> = built.splits().iter().map(|split| &*split.key().name).collect();
    assert_eq!(splits, ["a", "b"]);
    assert_eq!(built.service().tcp_ports(), [80, 443]);
    assert!(PortRoute::new(0).is_err());
    assert!(route([port(80, "a"), port(80, "b")]).is_err());
    assert!(route([PortRoute::new(80).unwrap()]).is_err());
    let elsewhere = PortSplit::new(ObjectKey::new("other", "a"), [Backend::new("v1", 1).unwrap()]).unwrap();
    assert!(route([PortRoute::new(80).unwrap().with_default(elsewhere)]).is_err());
}

#[test]
fn leaves_out_splits_that_are_in_force_on_no_port() {
    let service = RootService::default().with_tcp_ports([9090]).without_cluster_ip();
    let built = route([port(80, "a"), port(443, "b")]).unwrap().with_service(service);
    let less = built.with_ports([port(443, "b")]).unwrap();
    assert_eq!(less.sources(), BTreeSet::from([ObjectRef::split(key("b"))]));
    assert_eq!(less.service().tcp_ports(), [80, 443, 9090]);
    assert!(less.service().is_headless());
}

#[test]
fn rejects_matches_that_no_request_can_fulfil() {
    let any = HttpMatch::new(key("group"), FieldPath::root());
    let pattern = Pattern::new("a.*", Anchor::Full).unwrap();
    assert!(any.clone().with_method("").is_err());
    assert!(any.clone().with_header("a b", pattern.clone()).is_err());
    let built = any
        .with_method("GET")
        .and_then(|built| built.with_header("X-Id", pattern.clone()))
        .and_then(|built| built.with_header("x-id", pattern))
        .unwrap();
    assert_eq!(built.headers().len(), 1);
    assert_eq!(built.headers()[0].name(), "x-id");
    assert!(Conditional::new([built], split("a")).is_ok());
    assert!(Conditional::new(Vec::<HttpMatch>::new(), split("a")).is_err());
}

#[test]
fn rejects_grants_to_every_client() {
    let account = |namespace: &str| {
        let (namespace, service_account) = (namespace.into(), "web".into());
        Principal::Account(Identity {
            namespace,
            service_account,
        })
    };
    assert!(Grant::new(key("t"), []).is_err());
    assert!(Grant::new(key("t"), [account("*")]).is_err());
    assert!(Grant::new(key("t"), [Principal::Spiffe("spiffe://*".to_owned())]).is_err());
    assert!(Grant::new(key("t"), [Principal::Spiffe("cluster.local/a".to_owned())]).is_err());
    let grant = Grant::new(key("t"), [account("shop")]).unwrap();
    assert!(grant.clone().with_sources([]).is_err());
    assert!(grant.clone().with_ports(Ports::Only([].into())).is_err());
    assert!(grant.clone().with_ports(Ports::Only([0].into())).is_err());
    assert!(grant.clone().with_traffic(Granted::Http(Vec::new())).is_err());
    let matching = HttpMatch::new(key("group"), FieldPath::root());
    let grant = grant.with_traffic(Granted::Http(vec![matching.into()])).unwrap();
    assert!(grant.references().contains(&ObjectRef::group(key("group"))));
}

#[test]
fn grants_add_ports_to_their_workload() {
    let workload = ObjectRef::new(Kind::Deployment, key("web"));
    assert!(WorkloadAccess::new(workload.clone(), BTreeMap::new()).is_err());
    let source = Principal::Spiffe("spiffe://example.org/a".to_owned());
    let grant = |target, port, traffic| {
        Grant::new(key(target), [source.clone()])
            .and_then(|grant| grant.with_ports(Ports::Only([port].into())))
            .and_then(|grant| grant.with_traffic(traffic))
            .unwrap()
    };
    let access = WorkloadAccess::new(workload, [("app".to_owned(), "web".to_owned())].into())
        .unwrap()
        .with_tcp_ports([80])
        .with_grants([grant("b", 8080, Granted::Tcp), grant("a", 53, Granted::Udp)]);
    assert_eq!(access.grants()[0].target(), &key("a"));
    assert_eq!(access.tcp_ports(), &BTreeSet::from([80, 8080]));
    assert_eq!(access.udp_ports(), &BTreeSet::from([53]));
    assert!(!access.lacks_container("proxy"));
    assert!(access.with_containers(["web".to_owned()]).lacks_container("proxy"));
}

#[test]
fn baselines_are_identified_by_their_namespace() {
    let pod = |name| ObjectRef::new(Kind::Pod, key(name));
    let baseline = NamespaceBaseline::new("shop").with_unselectable([pod("b"), pod("a")]);
    assert_eq!(baseline.unselectable(), [pod("a"), pod("b")]);
    assert_eq!(Policy::from(baseline).key().to_string(), "baseline/shop");
}
