//! Kinds that are installed, replaced and removed while the controller runs.

use super::place::{Run, on_server_with, split};
use serde_json::{Value, json};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use smi_controller::Controller;
use smi_tests::apiserver::{native_crds, smi_crds};
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
    on_server_with(&[], async |place| {
        let server = place.server;
        // Without any of its kinds, the controller is ready.
        let run = Run::start(Controller::new(place.client.clone(), Istio::default()).settings(Settings::default()));
        place.until_ready(&run).await;

        // The kinds come, in an old version.
        let old = crd(Version::V1Alpha2, Vec::new());
        server.install(std::slice::from_ref(&old)).await.unwrap();
        place
            .create("split.smi-spec.io/v1alpha2", "TrafficSplit", "canary", split(&[90, 10]))
            .await;
        server.install(&native_crds(&Istio::default())).await.unwrap();
        place.until_shares(&[90, 10]).await;

        // The version in which splits are stored changes. Nothing is written in between.
        let route = place.route().await;
        let new = crd(Version::V1Alpha4, vec![Version::V1Alpha2]);
        server.raw().apply(&new).await.unwrap();
        place
            .until("the new version", async || place.splits().get("canary").await.is_ok())
            .await;
        place.shift(&[1, 3]).await;
        place.until_shares(&[25, 75]).await;
        let same = place.route().await;
        assert_eq!(same.metadata.uid, route.metadata.uid);
        assert_eq!(
            same.metadata.generation.unwrap_or_default(),
            route.metadata.generation.unwrap_or_default() + 1
        );

        // The kind goes, and all splits with it.
        server.remove(&[old]).await.unwrap();
        place.until_shares(&[]).await;
        place.until_ready(&run).await;
        server.install(&smi_crds()).await.unwrap();
        place.split("canary", &[50, 50]).await;
        place.until_shares(&[50, 50]).await;
        run.stop().await;
    });
}
