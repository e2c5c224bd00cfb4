//! `KubeCluster` on a real API server: the contract of clusters, pages, and the errors of real answers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use smi_adapter::cluster::{Cluster, Error, Preconditions};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use smi_controller::KubeCluster;
use smi_tests::apiserver::{ApiServer, block_on, crd, free};
use std::time::Duration;
use tokio::sync::OnceCell;

const POLICY: Kind = Kind::new(&[
    "security.istio.io",
    "v1",
    "AuthorizationPolicy",
    "authorizationpolicies",
]);
const LIMITED: Kind = Kind::new(&["limited.example.com", "v1", "Limited", "limiteds"]);

/// Returns a server for all tests of this file, with a namespace and two kinds.
async fn server() -> Option<&'static ApiServer> {
    static SERVER: OnceCell<Option<ApiServer>> = OnceCell::const_new();
    let server = SERVER.get_or_init(async || {
        let server = ApiServer::start().await?;
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        server
            .raw()
            .create(&namespace, "")
            .await
            .expect("the namespace is valid");
        let limited = json!({"type": "object", "properties": {"weight": {"type": "integer", "maximum": 100}}});
        server
            .install(&[crd(&POLICY, &free()), crd(&LIMITED, &limited)])
            .await
            .expect("the CRDs are valid");
        Some(server)
    });
    server.await.as_ref()
}

fn object(kind: &Kind, name: &str, spec: Value) -> NativeObject {
    NativeObject {
        kind: kind.clone(),
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("shop".to_owned()),
            ..ObjectMeta::default()
        }
        .into(),
        spec: spec.into(),
    }
}

async fn with_sample() -> Option<(KubeCluster, NativeObject)> {
    let sample = object(
        &POLICY,
        "web",
        json!({"rules": [{"to": [{"operation": {"ports": ["80"]}}]}]}),
    );
    Some((KubeCluster::new(server().await?.client()), sample))
}

mod contract {
    smi_conformance::cluster_tests!(super::block_on, super::with_sample());
}

#[test]
fn lists_of_many_pages_are_whole() {
    block_on(async {
        let Some(server) = server().await else { return };
        let cluster = KubeCluster::new(server.client()).with_page_size(2);
        for index in 0..7 {
            let sent = object(&LIMITED, &format!("page-{index}"), json!({"weight": index}));
            cluster.create(&sent, "test").await.unwrap();
        }
        let listed = cluster.list(&LIMITED).await.unwrap();
        let listed = listed.iter().filter(|object| object.key().name.starts_with("page-"));
        let weights: Vec<u64> = listed.filter_map(|object| object.spec["weight"].as_u64()).collect();
        assert_eq!(weights, [0, 1, 2, 3, 4, 5, 6]);
    });
}

#[test]
fn real_refusals_name_their_reason() {
    block_on(async {
        let Some(server) = server().await else { return };
        let cluster = KubeCluster::new(server.client());
        let refusal = async |object: &NativeObject| match cluster.create(object, "test").await {
            Err(Error::Refused { object: of, message }) if *of == object.reference() => message,
            other => panic!("{other:?}"),
        };
        let invalid = refusal(&object(&LIMITED, "invalid", json!({"weight": 101}))).await;
        assert!(invalid.contains("spec.weight"), "{invalid}");
        let mut elsewhere = object(&LIMITED, "elsewhere", json!({}));
        elsewhere.metadata.namespace = Some("absent".to_owned());
        let no_namespace = refusal(&elsewhere).await;
        assert!(
            no_namespace.contains("namespaces \"absent\" not found"),
            "{no_namespace}"
        );
        let absent = Kind::named("absent.example.com", "v1", "Absent", "absents");
        refusal(&object(&absent, "no-kind", json!({}))).await;
        // More than etcd, its client and the API server accept.
        for kilobytes in [1_900, 2_048, 4_096] {
            let text = "x".repeat(kilobytes << 10);
            let too_large = refusal(&object(&POLICY, "large", json!({"text": text}))).await;
            let reasons = ["too large", "larger than max"];
            assert!(reasons.iter().any(|reason| too_large.contains(reason)), "{too_large}");
        }
    });
}

#[test]
fn a_server_that_cannot_be_reached_is_no_empty_cluster() {
    block_on(async {
        let Some(server) = server().await else { return };
        let cluster = KubeCluster::new(server.client()).with_time_limit(Duration::ZERO);
        assert!(matches!(cluster.serves(&POLICY).await, Err(Error::Unreachable(_))));
        assert!(matches!(cluster.list(&POLICY).await, Err(Error::Unreachable(_))));
        let absent = object(&POLICY, "unreachable", json!({}));
        let deleted = cluster.delete(&absent.reference(), &Preconditions::default()).await;
        assert!(matches!(deleted, Err(Error::Unreachable(_))));
        // A kind that is not served has no list.
        let cluster = KubeCluster::new(server.client());
        let absent = Kind::named("absent.example.com", "v1", "Absent", "absents");
        assert!(matches!(cluster.list(&absent).await, Err(Error::Unreachable(_))));
    });
}
