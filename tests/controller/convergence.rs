//! The objects in the cluster converge to those that a plan from scratch requires.

use super::place::in_place;
use super::random::{Random, edit};
use kube::api::DeleteParams;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn keeps_a_split_in_force() {
    in_place("canary", async |place| {
        place.split("canary", &[90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;

        // Its author shifts the traffic.
        place.shift(&[50, 50]).await;
        place.until_shares(&[50, 50]).await;

        // Another client changes and deletes the route.
        let routes = place.routes();
        let name = place.route().await.metadata.name.unwrap();
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
    in_place("restart", async |place| {
        place.split("canary", &[90, 10]).await;
        let run = place.run().await;
        place.until_shares(&[90, 10]).await;
        run.kill();
        place.splits().delete("canary", &DeleteParams::default()).await.unwrap();
        place.split("other", &[1, 3]).await;
        assert_eq!(place.shares().await, [90, 10]);
        let run = place.run().await;
        place.until_shares(&[25, 75]).await;
        run.stop().await;
    });
}

#[test]
fn converges_after_random_edits() {
    in_place("random", async |place| {
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
            place.until(&what, async || place.is_converged().await).await;
            states.insert(format!("{:?}", (place.shares().await, place.policies().await)));
        }
        println!("{histories} histories ended in {} different states", states.len());
        assert!(states.len() > 10, "the histories are too similar: {states:?}");
        run.stop().await;
    });
}
