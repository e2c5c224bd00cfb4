//! The controller survives: it is killed at any moment, and the API server stops and starts again.

use super::place::{KINDS, Place, block_on, istio_crds, smi_crds};
use super::random::{Random, edit};
use serde_json::json;
use smi_tests::apiserver::ApiServer;
use std::time::Duration;

#[test]
fn converges_although_it_is_killed_at_any_moment() {
    block_on(async {
        let Some(place) = Place::new("killed").await else {
            return;
        };
        place.prepare_access().await;
        let mut random = Random::new(7);
        let (mut kills, mut kills_before_convergence) = (0, 0);
        for _ in 0..150 {
            for _ in 0..=random.below(3) {
                edit(&place, &mut random).await;
            }
            let run = super::place::Run::start(place.controller());
            tokio::time::sleep(Duration::from_millis(random.below(250))).await;
            run.kill();
            kills += 1;
            kills_before_convergence += usize::from(!place.plan(&KINDS).await.plan.actions.is_empty());
        }
        let run = place.run().await;
        place
            .until("convergence", async || place.plan(&KINDS).await.plan.actions.is_empty())
            .await;
        println!("{kills} kills, {kills_before_convergence} of them with actions outstanding");
        assert!(kills_before_convergence > 10 && kills_before_convergence < kills);
        run.stop().await;
    });
}

#[test]
fn survives_restarts_of_the_server() {
    block_on(async {
        let Some(server) = Box::leak(Box::new(ApiServer::start().await)).as_ref() else {
            return;
        };
        let crds: Vec<_> = smi_crds().into_iter().chain(istio_crds()).collect();
        server.install(&crds).await.unwrap();
        let Some(place) = Place::on(server, "shop").await else {
            return;
        };
        let run = place.run().await;
        for (restart, weight) in [10, 30, 60].into_iter().enumerate() {
            let spec = json!({"spec": {"service": "web", "backends": [
                {"service": "web-v1", "weight": 100 - weight}, {"service": "web-v2", "weight": weight}]}});
            if restart == 0 {
                place.split("canary", [100 - weight, weight]).await;
            } else {
                place.patch(&place.splits(), "canary", &spec).await;
            }
            // The write may or may not have happened.
            server.restart().await;
            place.until_shares(&[u64::from(100 - weight), u64::from(weight)]).await;
            place
                .until("the controller to be ready", async || run.handle.ready())
                .await;
        }
        assert!(run.handle.live());
        run.stop().await;
    });
}
