//! The controller survives: it is killed at any moment, and the API server stops and starts again.

use super::place::{Run, crds, in_place, on_server_with};
use super::random::{Random, edit};
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
        assert!(run.handle.live());
        run.stop().await;
    });
}
