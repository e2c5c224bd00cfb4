//! Benchmark inputs of any size: shops of three services, each with a split, every fourth of which is an A/B test; and
//! workloads that are each the destination of a traffic target.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};
use smi_adapter::MeshAdapter;
use smi_adapter::engine::{Edit, Engine};
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;
use std::ops::Deref;

mod floor;

pub use floor::Tree;

/// Returns the SMI objects of `splits` shops, as JSON values.
#[must_use]
pub fn objects(splits: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    for index in 0..splits {
        let namespace = format!("ns-{}", index % 50);
        let metadata = json!({"name": format!("web-{index}"), "namespace": namespace, "uid": format!("uid-{index}"),
            "labels": {"app": "web"}, "resourceVersion": "12345"});
        let mut matches = Vec::new();
        if index % 4 == 0 {
            matches.push(json!({"kind": "HTTPRouteGroup", "name": format!("web-{index}")}));
            objects.push(
                json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup", "metadata": metadata,
                "spec": {"matches": [
                    {"name": "beta", "headers": [{"x-beta": "yes|true"}]},
                    {"name": "api", "pathRegex": format!("/api/v[0-9]+/{index}(/.*)?"), "methods": ["GET", "HEAD"]}]}}),
            );
        }
        let backends = json!([
            {"service": format!("web-{index}-v1"), "weight": 90},
            {"service": format!("web-{index}-v2"), "weight": 10},
        ]);
        let spec = json!({"service": format!("web-{index}"), "backends": backends, "matches": matches});
        objects.push(json!({
            "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": metadata, "spec": spec,
        }));
    }
    objects
}

/// Returns `splits` shops with their services.
#[must_use]
pub fn snapshot(splits: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in objects(splits) {
        if let Ok(parsed) = Object::from_value(&object) {
            snapshot.insert(parsed);
        }
    }
    for index in 0..splits {
        for suffix in ["", "-v1", "-v2"] {
            let service = json!({"metadata": {"name": format!("web-{index}{suffix}"), "namespace": format!("ns-{}", index % 50)},
                "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": [
                    {"name": "http", "port": 80, "targetPort": 8080}, {"name": "http-metrics", "port": 9090}]}});
            if let Ok(service) = serde_json::from_value::<Service>(service) {
                snapshot.insert_service(service);
            }
        }
    }
    snapshot
}

/// Returns workloads in 50 namespaces, each with a traffic target that allows requests of two clients on one port.
#[must_use]
pub fn targets(workloads: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.cover_workloads();
    for index in 0..workloads {
        let (name, namespace) = (format!("web-{index}"), format!("ns-{}", index % 50));
        insert(&mut snapshot, &name, &namespace, &json!({ "app": name }));
        let metadata = json!({"name": name, "namespace": namespace});
        for object in [
            json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup", "metadata": metadata,
                   "spec": {"matches": [{"name": "api", "pathRegex": format!("/api/{index}(/.*)?"), "methods": ["GET", "HEAD"]},
                                        {"name": "beta", "pathRegex": "/beta/.*", "headers": [{"x-beta": "true"}]}]}}),
            json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute", "metadata": metadata,
                   "spec": {"matches": {"ports": [8080]}}}),
            json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget", "metadata": metadata, "spec": {
                "destination": {"kind": "ServiceAccount", "name": name, "namespace": namespace},
                "rules": [{"kind": "HTTPRouteGroup", "name": name}, {"kind": "TCPRoute", "name": name}],
                "sources": clients()}}),
        ] {
            if let Ok(parsed) = Object::from_value(&object) {
                snapshot.insert(parsed);
            }
        }
    }
    snapshot
}

/// Returns shops that each have a split, its services, and a workload with a traffic target behind each backend.
#[must_use]
pub fn mixed(shops: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.cover_workloads();
    for index in 0..50 {
        let route = json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
            "metadata": {"name": "all", "namespace": format!("ns-{index}")}, "spec": {"matches": {"ports": [8080]}}});
        snapshot.extend([Object::from_value(&route)]);
    }
    for index in 0..shops {
        let namespace = format!("ns-{}", index % 50);
        for json in [split(index, 2), target(&format!("web-{index}-v1"), &namespace, 2)] {
            if let Ok(parsed) = Object::from_value(&json) {
                snapshot.insert(parsed);
            }
        }
        snapshot.extend(services(index, 2));
        for version in 0..2 {
            let name = format!("web-{index}-v{version}");
            let labels = json!({"app": format!("web-{index}"), "version": format!("v{version}")});
            insert(&mut snapshot, &name, &namespace, &labels);
        }
    }
    snapshot
}

/// Returns a split of a root between `backends` services.
#[must_use]
pub fn split(index: usize, backends: usize) -> Value {
    let backends: Vec<Value> = (0..backends)
        .map(|version| json!({"service": format!("web-{index}-v{version}"), "weight": version + 1}))
        .collect();
    json!({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": {"name": format!("web-{index}"), "namespace": format!("ns-{}", index % 50), "uid": format!("uid-{index}")},
        "spec": {"service": format!("web-{index}"), "backends": backends}})
}

/// Returns the root service of a split, and its backends.
pub fn services(index: usize, backends: usize) -> impl Iterator<Item = Service> {
    let service = move |version: Option<usize>| {
        let root = format!("web-{index}");
        let (name, selector) = match version {
            None => (root.clone(), json!({"app": root})),
            Some(version) => {
                let name = format!("{root}-v{version}");
                (name, json!({"app": root, "version": format!("v{version}")}))
            }
        };
        let service = json!({"metadata": {"name": name, "namespace": format!("ns-{}", index % 50)},
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}});
        serde_json::from_value::<Service>(service).ok()
    };
    let versions = (0..backends).map(Some);
    std::iter::once(None).chain(versions).filter_map(service)
}

/// Returns a traffic target for the service account `name` that allows TCP to one or two clients.
#[must_use]
pub fn target(name: &str, namespace: &str, sources: usize) -> Value {
    json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
        "metadata": {"name": name, "namespace": namespace}, "spec": {
            "destination": {"kind": "ServiceAccount", "name": name, "namespace": namespace, "port": 8080},
            "rules": [{"kind": "TCPRoute", "name": "all"}],
            "sources": clients().into_iter().take(sources).collect::<Vec<_>>()}})
}

/// Gives an engine everything that a snapshot contains.
pub fn feed<P: Deref<Target: MeshAdapter>>(engine: &mut Engine<P>, snapshot: &Snapshot) {
    engine.edit(Edit::Coverage(snapshot.covers_workloads()));
    snapshot
        .services()
        .for_each(|(_, service)| engine.edit(service.clone()));
    snapshot.workloads().for_each(|workload| engine.edit(workload.clone()));
    let groups = snapshot.groups().map(|(_, group)| Object::from(group.clone()));
    let routes = snapshot.tcp_routes().map(|(_, route)| Object::from(route.clone()));
    let targets = snapshot.targets().map(|(_, target)| Object::from(target.clone()));
    let splits = snapshot.splits().map(|(_, split)| Object::from(split.clone()));
    for object in groups.chain(routes).chain(targets).chain(splits) {
        engine.edit(object);
    }
}

/// Returns a traffic target and its route group, which has `patterns` patterns of paths.
#[must_use]
pub fn guarded(patterns: usize) -> [Value; 2] {
    let matches: Vec<Value> = (0..patterns)
        .map(|index| json!({"name": format!("m{index}"), "pathRegex": format!("/api/{index}/.*"), "methods": ["GET"]}))
        .collect();
    let metadata = json!({"name": "web", "namespace": "shop"});
    [
        json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup", "metadata": metadata,
            "spec": {"matches": matches}}),
        json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget", "metadata": metadata, "spec": {
            "destination": {"kind": "ServiceAccount", "name": "web", "namespace": "shop"},
            "rules": [{"kind": "HTTPRouteGroup", "name": "web"}],
            "sources": clients()}}),
    ]
}

/// Returns a snapshot with the workload `web` in the namespace `shop`.
#[must_use]
pub fn workload() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.cover_workloads();
    insert(&mut snapshot, "web", "shop", &json!({"app": "web"}));
    snapshot
}

/// Returns workloads of one namespace whose selectors select each other's pods, so that only their common grants are in
/// force. Each has its own traffic target with 40 sources.
#[must_use]
pub fn overlapping(workloads: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.cover_workloads();
    for index in 0..workloads {
        let name = format!("web-{index}");
        insert(&mut snapshot, &name, "shop", &json!({"app": "web"}));
        let sources = (0..40)
            .map(|source| json!({"kind": "ServiceAccount", "name": format!("client-{source}"), "namespace": "shop"}));
        let target = json!({"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
            "metadata": {"name": name, "namespace": "shop"}, "spec": {
                "destination": {"kind": "ServiceAccount", "name": name, "namespace": "shop"},
                "rules": [{"kind": "TCPRoute", "name": "all"}],
                "sources": sources.collect::<Vec<_>>()}});
        if let Ok(parsed) = Object::from_value(&target) {
            snapshot.insert(parsed);
        }
    }
    let route = json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute",
        "metadata": {"name": "all", "namespace": "shop"}, "spec": {"matches": {"ports": [8080]}}});
    if let Ok(parsed) = Object::from_value(&route) {
        snapshot.insert(parsed);
    }
    snapshot
}

/// Returns the sources of a target: two service accounts.
fn clients() -> [Value; 2] {
    ["one", "two"].map(|name| json!({"kind": "ServiceAccount", "name": name, "namespace": "clients"}))
}

/// Adds a Deployment that runs as the service account of the same name.
fn insert(snapshot: &mut Snapshot, name: &str, namespace: &str, labels: &Value) {
    let container = json!({"name": "app", "ports": [{"containerPort": 8080}]});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": [container]}});
    let deployment = json!({"metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template}});
    if let Ok(deployment) = serde_json::from_value::<Deployment>(deployment) {
        snapshot.insert_workload(&deployment);
    }
}
