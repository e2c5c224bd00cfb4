//! The controller survives: it is killed at any moment, and the API server stops and starts again.

use super::place::{Run, SPLIT, TARGET, crds, in_place, on_server_with};
use super::random::{Random, edit};
use kube::api::{DeleteParams, ListParams};
use serde_json::json;
use smi_adapter_istio::Istio;
use smi_controller::Controller;
use smi_tests::apiserver::Faults;
use std::time::Duration;

#[test]
fn converges_although_it_is_killed_at_any_moment() {
    in_place("killed", async |place| {
        place.prepare_access().await;
        let mut random = Random::new(7);
        let (mut kills, mut kills_before_convergence) = (0, 0);
        for _ in 0..150 {
            for _ in 0..=random.below(3) {
                edit(&place, &mut random).await;
            }
            let run = Run::start(place.controller());
            tokio::time::sleep(Duration::from_millis(random.below(250))).await;
            run.kill();
            kills += 1;
            kills_before_convergence += usize::from(!place.is_converged().await);
        }
        let run = place.run().await;
        place.until_converged().await;
        println!("{kills} kills, {kills_before_convergence} of them with actions outstanding");
        assert!(kills_before_convergence > 10 && kills_before_convergence < kills);
        run.stop().await;
    });
}

#[test]
fn survives_restarts_of_the_server() {
    on_server_with(&crds(), async |place| {
        let run = place.run().await;
        for (restart, weight) in [10, 30, 60].into_iter().enumerate() {
            if restart == 0 {
                place.split("canary", &[100 - weight, weight]).await;
            } else {
                place.shift(&[100 - weight, weight]).await;
            }
            // The write may or may not have happened.
            place.server.restart().await;
            place.until_shares(&[u64::from(100 - weight), u64::from(weight)]).await;
            place.until_ready(&run).await;
        }
        // Requests hang, and are answered or given up.
        let name = place.route().await.metadata.name.unwrap_or_default();
        let patch = json!({"spec": {"http": []}});
        place.patch(&place.routes(), &name, &patch).await;
        place.server.freeze_store(true);
        let edit = tokio::time::timeout(Duration::from_secs(6), place.shift(&[20, 80]));
        assert!(edit.await.is_err());
        place.server.freeze_store(false);
        place.shift(&[20, 80]).await;
        place.until_shares(&[20, 80]).await;
        place.until_ready(&run).await;
        assert!(run.handle.live());
        run.stop().await;
    });
}

#[test]
fn converges_although_requests_fail_and_watches_end() {
    in_place("faults", async |place| {
        place.prepare_access().await;
        // The vandals among the random edits change only other kinds.
        let filters = ("networking.istio.io/v1alpha3", "EnvoyFilter");
        let foreign = json!({"workloadSelector": {"labels": {"app": "elsewhere"}}, "configPatches": []});
        place.create(filters.0, filters.1, "foreign", foreign).await;
        let filters = place.api(filters.0, filters.1);
        let before = filters.get("foreign").await.unwrap();
        let faults = Faults::new(11, 8);
        let client = place.server.client_through(&faults);
        let controller = Controller::new(client, Istio::default())
            .settings(place.settings())
            .pauses(Duration::from_millis(50), Duration::from_secs(2));
        let run = Run::start(controller);
        let mut random = Random::new(12);
        for _ in 0..12 {
            for _ in 0..8 {
                edit(&place, &mut random).await;
                tokio::time::sleep(Duration::from_millis(random.below(100))).await;
            }
            place.until_converged().await;
        }
        place
            .until("all writes", async || run.handle.readiness().outstanding == 0)
            .await;
        run.stop().await;
        println!("requests and faults: {:?}", faults.counts());
        for fault in ["409", "410", "429", "503", "lost"] {
            assert!(faults.counts().get(fault).is_some_and(|count| *count > 4), "{fault}");
        }
        // Nothing is left behind, and nothing foreign was touched.
        let after = filters.get("foreign").await.unwrap();
        assert_eq!(after.metadata.resource_version, before.metadata.resource_version);
        for (kind, api) in [("TrafficSplit", SPLIT), ("TrafficTarget", TARGET)] {
            let all = place.api(api, kind);
            for object in all.list(&ListParams::default()).await.unwrap() {
                all.delete(&object.metadata.name.unwrap(), &DeleteParams::default())
                    .await
                    .unwrap();
            }
        }
        place.enforce(false).await;
        place.run_until_idle().await;
        // Vandals have taken the label off some objects, which are foreign since then.
        let ours = ListParams::default().labels("app.kubernetes.io/managed-by");
        for all in [place.routes(), place.authorizations()] {
            assert_eq!(all.list(&ours).await.unwrap().items.len(), 0);
        }
    });
}
