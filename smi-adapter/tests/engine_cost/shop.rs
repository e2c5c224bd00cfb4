//! The objects of the worlds: namespaces with many equal applications.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use smi_adapter::engine::Edit;
use smi_adapter::smi_types::Object;
use smi_adapter::workload::Workload;

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a Kubernetes object")
}

fn smi(value: &Value) -> Edit {
    Object::from_value(value).expect("an SMI object").into()
}

fn metadata(namespace: &str, name: &str, version: &str) -> Value {
    json!({"name": name, "namespace": namespace, "uid": format!("uid-{name}"), "resourceVersion": version})
}

pub(crate) fn namespace(name: &str, note: &str) -> Edit {
    let metadata = json!({"name": name, "annotations": {"example.com/note": note}});
    read::<Namespace>(json!({ "metadata": metadata })).into()
}

/// A service of an application, with this target port.
pub(crate) fn service(namespace: &str, name: &str, app: &str, target: u16, note: &str) -> Edit {
    let mut metadata = metadata(namespace, name, "1");
    metadata["annotations"] = json!({"example.com/note": note});
    let port = json!({"name": "main", "port": 80, "targetPort": target, "appProtocol": "http"});
    read::<Service>(json!({"metadata": metadata, "spec": {"selector": {"app": app}, "ports": [port]}})).into()
}

/// A split of a root into the two versions of an application.
pub(crate) fn split(namespace: &str, name: &str, root: &str, app: &str, weight: u32, version: &str) -> Edit {
    smi(&json!({
        "apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
        "metadata": metadata(namespace, name, version),
        "spec": {"service": root, "backends": [
            {"service": format!("{app}-v1"), "weight": 90}, {"service": format!("{app}-v2"), "weight": weight},
        ], "matches": [{"kind": "HTTPRouteGroup", "name": app}]},
    }))
}

pub(crate) fn group(namespace: &str, name: &str, pattern: &str) -> Edit {
    smi(&json!({
        "apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "HTTPRouteGroup",
        "metadata": metadata(namespace, name, "1"),
        "spec": {"matches": [{"name": "pages", "pathRegex": pattern, "methods": ["GET"]}]},
    }))
}

/// A target that grants a source the requests of a route group.
pub(crate) fn target(namespace: &str, name: &str, source: &str) -> Edit {
    smi(&json!({
        "apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
        "metadata": metadata(namespace, name, "1"),
        "spec": {
            "destination": {"kind": "ServiceAccount", "name": name, "namespace": namespace},
            "rules": [{"kind": "HTTPRouteGroup", "name": name}],
            "sources": [{"kind": "ServiceAccount", "name": source, "namespace": namespace}],
        },
    }))
}

fn template(name: &str, app: &str) -> Value {
    let container = json!({"name": "app", "image": "app", "ports": [{"containerPort": 8080}]});
    json!({"metadata": {"labels": {"app": app}}, "spec": {"serviceAccountName": name, "containers": [container]}})
}

pub(crate) fn deployment(namespace: &str, name: &str, note: &str) -> Edit {
    let mut metadata = metadata(namespace, name, "1");
    metadata["annotations"] = json!({"example.com/note": note});
    let spec = json!({"selector": {"matchLabels": {"app": name}}, "template": template(name, name)});
    Workload::from(&read::<Deployment>(json!({"metadata": metadata, "spec": spec}))).into()
}

/// A pod of a Deployment, with this label.
pub(crate) fn pod(namespace: &str, name: &str, app: &str) -> Edit {
    let mut pod = template(name, app);
    let owner = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": "u", "controller": true});
    pod["metadata"] = json!({
        "name": format!("{name}-1"), "namespace": namespace, "labels": {"app": app}, "ownerReferences": [owner],
    });
    Workload::from(&read::<Pod>(pod)).into()
}

/// Every object of a world with `namespaces` namespaces, `apps` applications in each of them, and one in the namespace
/// `edge`.
pub(crate) fn world(namespaces: usize, apps: usize) -> Vec<Edit> {
    let mut edits = vec![Edit::Coverage(true)];
    let edge = ("edge".to_owned(), 1);
    for (ns, apps) in (0..namespaces)
        .map(|number| (format!("ns-{number}"), apps))
        .chain([edge])
    {
        let ns = &*ns;
        edits.push(namespace(ns, "first"));
        for number in 0..apps {
            let app = &*format!("app-{number}");
            edits.extend([
                service(ns, app, app, 8080, "first"),
                service(ns, &format!("{app}-v1"), &format!("{app}-1"), 8080, "first"),
                service(ns, &format!("{app}-v2"), &format!("{app}-2"), 8080, "first"),
                split(ns, app, app, app, 10, "1"),
                group(ns, app, "/pages/.*"),
                target(ns, app, "caller"),
                deployment(ns, app, "first"),
                pod(ns, app, app),
            ]);
        }
    }
    edits
}
