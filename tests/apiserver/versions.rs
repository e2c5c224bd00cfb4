//! Objects written in one version of our own CRDs are complete in every other served version.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use smi_tests::apiserver::{ApiServer, collection};
use smi_types::{Object, Version, crds};

/// Returns an object of each kind with all its fields, in various versions.
fn objects() -> [Value; 6] {
    let subject = |name: &str| {
        json!({"kind": "ServiceAccount", "name": name, "namespace": "default", "port": 80,
        "group": "access.smi-spec.io"})
    };
    let ports = json!({"spec": {"matches": {"name": "web", "ports": [80, 443]}}});
    let mut objects = [
        json!({"apiVersion": "split.smi-spec.io/v1alpha1", "kind": "TrafficSplit", "spec": {
            "service": "web",
            "backends": [{"service": "v1", "weight": "1500m"}, {"service": "v2", "weight": 1}],
            "matches": [{"apiGroup": "specs.smi-spec.io", "kind": "HTTPRouteGroup", "name": "reading"}]}}),
        json!({"apiVersion": "specs.smi-spec.io/v1alpha3", "kind": "HTTPRouteGroup", "spec": {"matches": [
            {"name": "a", "pathRegex": "/a", "methods": ["GET"], "headers": [{"x-a": "1"}, {"x-a": "2"}]},
            {"name": "b", "headers": {"x-b": "1"}}, {"name": "c", "headers": [{}]}]}}),
        json!({"apiVersion": "specs.smi-spec.io/v1alpha2", "kind": "TCPRoute", "spec": ports["spec"]}),
        json!({"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "UDPRoute", "spec": ports["spec"]}),
        json!({"apiVersion": "access.smi-spec.io/v1alpha2", "kind": "TrafficTarget", "spec": {
            "destination": subject("web"),
            "sources": [subject("reader"), {"kind": "IdentityBinding", "name": "all"}],
            "rules": [{"kind": "HTTPRouteGroup", "name": "reading", "matches": ["a"]}, {"kind": "UDPRoute", "name": "u"}]}}),
        json!({"apiVersion": "access.smi-spec.io/v1alpha4", "kind": "IdentityBinding", "spec": {"schemes": {
            "podLabelSelector": {"matchLabels": {"app": "web"}}, "spiffeIdentities": ["spiffe://a/b"]}}}),
    ];
    for object in &mut objects {
        object["metadata"] = json!({"name": "x", "namespace": "default"});
    }
    objects
}

#[tokio::test]
async fn served_versions_return_complete_objects() {
    let Some(server) = ApiServer::start().await else { return };
    let raw = server.raw();
    let crds: Vec<Value> = crds().into_iter().map(|crd| json!(crd)).collect();
    server.install(&crds).await.unwrap();
    let mut views = 0;
    for object in objects() {
        let written = Object::from_value(&object).unwrap();
        assert_eq!(written.unknown, []);
        let answer = raw.create(&object, "fieldValidation=Strict").await.unwrap();
        assert_eq!(answer.warnings, Vec::<String>::new());
        let (group, kind) = (
            object["apiVersion"].as_str().unwrap().split('/').next().unwrap(),
            written.object.kind(),
        );
        let crd = crds.iter().find(|crd| crd["spec"]["names"]["kind"] == kind).unwrap();
        for version in crd["spec"]["versions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|version| version["served"] == true)
        {
            let api_version = format!("{group}/{}", version["name"].as_str().unwrap());
            let path = format!("{}/x", collection(&api_version, kind, Some("default")));
            let view = raw.get(&path).await.unwrap().body;
            let read = Object::from_value(&view).unwrap();
            assert_eq!(read.unknown, [], "{api_version}");
            assert_eq!(content(read.object), content(written.object.clone()), "{api_version}");
            views += 1;
        }
    }
    // Splits and TCP routes in four versions, targets in three, groups in two, and the others in one.
    assert_eq!(views, 15);
}

/// Returns the object with the default version, without the metadata that a server adds.
fn content(mut object: Object) -> Object {
    let version = Version::default();
    match &mut object {
        Object::TrafficSplit(split) => split.version = version,
        Object::HTTPRouteGroup(group) => group.version = version,
        Object::TCPRoute(route) => route.version = version,
        Object::TrafficTarget(target) => target.version = version,
        _ => {}
    }
    *object.metadata_mut() = ObjectMeta::default();
    object
}
