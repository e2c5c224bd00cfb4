//! What is in the cluster converges to what a plan from scratch requires.

use super::place::{KINDS, Place, block_on};
use super::random::{Random, edit};
use kube::api::{DeleteParams, ListParams};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn keeps_a_split_in_force() {
    block_on(async {
        let Some(place) = Place::new("canary").await else {
            return;
        };
        place.split("canary", [90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;

        // Its author shifts the traffic.
        let shifted = json!({"spec": {"backends": [
            {"service": "web-v1", "weight": 50}, {"service": "web-v2", "weight": 50}]}});
        place.patch(&place.splits(), "canary", &shifted).await;
        place.until_shares(&[50, 50]).await;

        // Somebody changes and deletes what was written.
        let routes = place.routes();
        let name = routes.list(&ListParams::default()).await.unwrap().items[0]
            .metadata
            .name
            .clone()
            .unwrap();
        place.patch(&routes, &name, &json!({"spec": {"http": []}})).await;
        place.until_shares(&[50, 50]).await;
        routes.delete(&name, &DeleteParams::default()).await.unwrap();
        place.until_shares(&[50, 50]).await;

        place.splits().delete("canary", &DeleteParams::default()).await.unwrap();
        place.until_shares(&[]).await;
        run.stop().await;
    });
}

#[test]
fn works_off_what_happened_before_it_started() {
    block_on(async {
        let Some(place) = Place::new("restart").await else {
            return;
        };
        place.split("canary", [90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;
        run.kill();
        place.splits().delete("canary", &DeleteParams::default()).await.unwrap();
        place.split("other", [1, 3]).await;
        assert_eq!(place.shares().await, [90, 10]);
        let run = place.run().await;
        place.until_shares(&[25, 75]).await;
        run.stop().await;
    });
}

#[test]
fn converges_after_random_edits() {
    block_on(async {
        let Some(place) = Place::new("random").await else {
            return;
        };
        place.prepare_access().await;
        let mut run = place.run().await;
        let histories = 60;
        let mut states = BTreeSet::new();
        for seed in 1..=histories {
            let mut random = Random::new(seed);
            for _ in 0..=random.below(8) {
                edit(&place, &mut random).await;
            }
            if seed % 4 == 0 {
                // At any moment.
                run.kill();
                run = place.run().await;
            }
            let what = format!("history {seed} to converge");
            place
                .until(&what, async || place.plan(&KINDS).await.plan.actions.is_empty())
                .await;
            states.insert(format!("{:?}", (place.shares().await, place.policies().await)));
        }
        println!("{histories} histories ended in {} different states", states.len());
        assert!(states.len() > 10, "the histories are too similar: {states:?}");
        run.stop().await;
    });
}
