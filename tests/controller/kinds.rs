//! Kinds that are installed, replaced and removed while the controller runs.

use super::place::{Place, Run, block_on, istio_crds, smi_crds};
use serde_json::{Value, json};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use smi_controller::Controller;
use smi_tests::apiserver::ApiServer;
use smi_types::Version;
use smi_types::crd::{Crd, Kind};

fn crd(storage: Version, others: Vec<Version>) -> Value {
    let crd = Crd::new(Kind::TrafficSplit)
        .serve(storage, others)
        .expect("the versions are alike");
    json!(crd.build())
}

#[test]
fn kinds_come_change_and_go() {
    block_on(async {
        let Some(server) = Box::leak(Box::new(ApiServer::start().await)).as_ref() else {
            return;
        };
        let Some(place) = Place::on(server, "shop").await else {
            return;
        };
        // Without any of its kinds, the controller is ready.
        let run = Run::start(Controller::new(place.client.clone(), Istio::default()).settings(Settings::default()));
        place
            .until("the controller to be ready", async || run.handle.ready())
            .await;

        // The kinds come, in an old version.
        let old = crd(Version::V1Alpha2, Vec::new());
        server.install(std::slice::from_ref(&old)).await.unwrap();
        let spec = json!({"service": "web", "backends": [
            {"service": "web-v1", "weight": 90}, {"service": "web-v2", "weight": 10}]});
        place
            .create("split.smi-spec.io/v1alpha2", "TrafficSplit", "canary", spec)
            .await;
        server.install(&istio_crds()).await.unwrap();
        place.until_shares(&[90, 10]).await;

        // The version in which splits are stored changes. Nothing is written in between.
        let route = place
            .routes()
            .list(&kube::api::ListParams::default())
            .await
            .unwrap()
            .items
            .remove(0);
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trafficsplits.split.smi-spec.io";
        let raw = server.raw();
        let mut new = crd(Version::V1Alpha4, vec![Version::V1Alpha2]);
        let stored = raw.get(path).await.unwrap().body;
        new["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"].clone();
        raw.call(http::Method::PUT, path, Some(&new)).await.unwrap();
        place
            .until("the new version", async || place.splits().get("canary").await.is_ok())
            .await;
        let shifted = json!({"spec": {"backends": [
            {"service": "web-v1", "weight": 1}, {"service": "web-v2", "weight": 3}]}});
        place.patch(&place.splits(), "canary", &shifted).await;
        place.until_shares(&[25, 75]).await;
        let same = place
            .routes()
            .get(route.metadata.name.as_deref().unwrap())
            .await
            .unwrap();
        assert_eq!(same.metadata.uid, route.metadata.uid);
        assert_eq!(
            same.metadata.generation.unwrap_or_default(),
            route.metadata.generation.unwrap_or_default() + 1
        );

        // The kind goes, and all splits with it.
        server.remove(&[old]).await.unwrap();
        place.until_shares(&[]).await;
        place
            .until("the controller to be ready", async || run.handle.ready())
            .await;
        let missing = smi_crds();
        server.install(&missing).await.unwrap();
        place.split("canary", [50, 50]).await;
        place.until_shares(&[50, 50]).await;
        run.stop().await;
    });
}
