use super::*;
use serde_json::json;

fn pod(spec: &serde_json::Value) -> Workload {
    let metadata = json!({
        "name": "api-1", "namespace": "shop", "labels": {"app": "api"},
        "annotations": {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Other", "name": "x", "uid": "1"},
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api", "uid": "2", "controller": true},
        ],
    });
    let pod: Pod = serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
    Workload::from(&pod)
}

#[test]
fn pods_run_as_the_default_account() {
    // A18
    assert_eq!(pod(&json!({"containers": []})).service_account, "default");
    assert_eq!(
        pod(&json!({"containers": [], "serviceAccountName": ""})).service_account,
        "default"
    );
    assert_eq!(
        pod(&json!({"containers": [], "serviceAccount": "old"})).service_account,
        "old"
    );
    let both = json!({"containers": [], "serviceAccount": "old", "serviceAccountName": "new"});
    assert_eq!(pod(&both).service_account, "new");
}

#[test]
fn reads_ports_and_owner_of_a_pod() {
    let workload = pod(&json!({
        "containers": [{"name": "api", "ports": [
            {"name": "web", "containerPort": 8080},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"containerPort": 99, "protocol": "SCTP"},
            {"containerPort": 0},
        ]}],
        "initContainers": [{"name": "side", "restartPolicy": "Always", "ports": [{"containerPort": 9090}]}],
    }));
    assert!(workload.tcp_ports().eq([8080, 9090]));
    assert!(workload.udp_ports().eq([53]));
    assert_eq!(workload.named_port("web", Transport::Tcp), Some(8080));
    assert_eq!(workload.named_port("dns", Transport::Tcp), None);
    assert_eq!(workload.containers().len(), 2);
    assert_eq!(workload.owner, Some(("ReplicaSet".into(), "api".into())));
    assert_eq!(workload.annotations().len(), 1);
}

#[test]
fn health_checks_are_requests_only() {
    // A38
    let workload = pod(&json!({"containers": [{
        "name": "api",
        "ports": [{"name": "web", "containerPort": 8080}],
        "livenessProbe": {"httpGet": {"port": "web", "path": "healthz?deep=1"}},
        "readinessProbe": {"grpc": {"port": 9090}},
        "startupProbe": {"httpGet": {"port": "undeclared"}},
    }, {
        "name": "other",
        "livenessProbe": {"tcpSocket": {"port": 1}},
        "readinessProbe": {"httpGet": {"port": 81}},
        "startupProbe": {"exec": {"command": ["true"]}},
    }]}));
    let expected = [
        HealthCheck::Http {
            port: 81,
            path: "/".into(),
        },
        HealthCheck::Http {
            port: 8080,
            path: "/healthz?deep=1".into(),
        },
        HealthCheck::Grpc { port: 9090 },
    ];
    assert!(workload.health_checks().iter().eq(&expected));
}

fn read<T: serde::de::DeserializeOwned>(spec: &serde_json::Value) -> Workload
where
    for<'a> Workload: From<&'a T>,
{
    let metadata = json!({"name": "api", "namespace": "shop"});
    let object: T = serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap();
    Workload::from(&object)
}

#[test]
fn reads_the_template_of_every_kind() {
    let template = json!({
        "metadata": {"labels": {"app": "api"}},
        "spec": {"serviceAccountName": "api", "containers": [{"name": "api"}]},
    });
    let selected = json!({"selector": {"matchLabels": {"app": "api"}}, "template": template, "serviceName": "x"});
    let cron = json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}});
    let controller = json!({"selector": {"app": "api"}, "template": template});
    for (workload, kind) in [
        (read::<Deployment>(&selected), "Deployment"),
        (read::<StatefulSet>(&selected), "StatefulSet"),
        (read::<DaemonSet>(&selected), "DaemonSet"),
        (read::<ReplicaSet>(&selected), "ReplicaSet"),
        (read::<Job>(&selected), "Job"),
        (read::<ReplicationController>(&controller), "ReplicationController"),
        (read::<CronJob>(&cron), "CronJob"),
    ] {
        assert_eq!(workload.object().to_string(), format!("{kind} shop/api"));
        assert_eq!(workload.identity().service_account, "api", "{kind}");
        assert_eq!(workload.labels().len(), 1, "{kind}");
        assert_eq!(workload.selector.is_some(), kind != "CronJob", "{kind}");
    }
}
