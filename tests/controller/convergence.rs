//! What is in the cluster converges to what a plan from scratch requires.

use super::place::{KINDS, Place, block_on};
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

/// Random numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// Makes one random edit, as a user, a writer or a vandal does.
async fn edit(place: &Place, random: &mut Random) {
    let name = format!("canary-{}", random.below(3));
    let service = ["web", "web-v1", "web-v2"][usize::try_from(random.below(3)).unwrap_or_default()];
    let splits = place.splits();
    match random.below(10) {
        0..4 => {
            let weights = [random.below(5), random.below(5)].map(|weight| weight * 10);
            let spec = json!({"service": service, "backends": [
                {"service": "web-v1", "weight": weights[0]}, {"service": "web-v2", "weight": weights[1]}]});
            match splits.get_opt(&name).await.expect("splits are read") {
                Some(_) => place.patch(&splits, &name, &json!({"spec": spec})).await,
                None => place.create(super::place::SPLIT, "TrafficSplit", &name, spec).await,
            }
        }
        4 => _ = splits.delete(&name, &DeleteParams::default()).await,
        5 => {
            _ = place
                .api("v1", "Service")
                .delete(service, &DeleteParams::default())
                .await
        }
        6 => {
            if place
                .api("v1", "Service")
                .get_opt(service)
                .await
                .expect("services are read")
                .is_none()
            {
                place.service(service).await;
            }
        }
        vandalism => {
            let routes = place.routes();
            let all = routes
                .list(&ListParams::default())
                .await
                .expect("routes are listed")
                .items;
            let Some(name) = all.first().and_then(|route| route.metadata.name.clone()) else {
                return;
            };
            if vandalism == 7 {
                _ = routes.delete(&name, &DeleteParams::default()).await;
            } else {
                place
                    .patch(&routes, &name, &json!({"spec": {"hosts": ["elsewhere"]}}))
                    .await;
            }
        }
    }
}

#[test]
fn converges_after_random_edits() {
    block_on(async {
        let Some(place) = Place::new("random").await else {
            return;
        };
        let mut run = place.run().await;
        let histories = 20;
        let mut states = BTreeSet::new();
        for seed in 1..=histories {
            let mut random = Random(seed);
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
            states.insert(format!("{:?}", place.shares().await));
        }
        println!("{histories} histories ended in {} different states", states.len());
        assert!(states.len() > 4, "the histories are too similar: {states:?}");
        run.stop().await;
    });
}
