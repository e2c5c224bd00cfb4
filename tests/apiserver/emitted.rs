//! The API server stores every object that adapters emit unchanged: it rejects, prunes and adds nothing.

use crate::products::meshes;
use serde_json::{Value, json};
use smi_tests::apiserver::ApiServer;
use smi_tests::{adapters, texts, translate};
use std::collections::BTreeSet;

#[tokio::test]
async fn server_stores_emitted_objects_unchanged() {
    let Some(crds) = meshes() else { return };
    let Some(server) = ApiServer::start().await else { return };
    let raw = server.raw();
    server.install(&crds).await.unwrap();
    let mut namespaces = BTreeSet::from(["default".into()]);
    let mut kinds = BTreeSet::new();
    let mut checked = 0;
    for adapter in adapters() {
        for text in texts() {
            for manifest in translate(&*adapter, &text, &[80, 8080]).planned.manifests {
                let namespace = manifest.object.key().namespace;
                if namespaces.insert(namespace.clone()) {
                    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
                    raw.create(&namespace, "").await.unwrap();
                }
                let sent = manifest.object.to_value();
                let answer = raw
                    .create(&sent, "fieldValidation=Strict&dryRun=All")
                    .await
                    .unwrap_or_else(|failure| panic!("{failure}\n{sent:#}"));
                assert_eq!(answer.warnings, Vec::<String>::new());
                assert_eq!(answer.body["spec"], sent["spec"]);
                let metadata = |object: &Value, field: &str| object["metadata"][field].clone();
                for field in ["labels", "annotations", "ownerReferences"] {
                    assert_eq!(metadata(&answer.body, field), metadata(&sent, field));
                }
                kinds.insert(manifest.object.kind.to_string());
                checked += 1;
            }
        }
    }
    println!("{checked} objects are stored unchanged: {kinds:?}");
    for kind in [
        "AuthorizationPolicy",
        "EnvoyFilter",
        "HTTPRoute",
        "MeshTLSAuthentication",
        "Server",
        "ServiceProfile",
        "VirtualService",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
    assert!(checked > 30, "{checked}");

    // An unknown field is rejected, so the check can fail.
    let unknown = json!({"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile",
        "metadata": {"name": "x", "namespace": "default"}, "spec": {"routes": [], "unknown": 1}});
    let rejection = raw
        .create(&unknown, "fieldValidation=Strict&dryRun=All")
        .await
        .unwrap_err();
    assert!(rejection.message.contains("spec.unknown"), "{rejection}");
}
