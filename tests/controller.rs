//! The controller on a real API server.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are test code as well"
)]

#[path = "controller/acceptance.rs"]
mod acceptance;
#[path = "controller/convergence.rs"]
mod convergence;
#[path = "controller/history.rs"]
mod history;
#[path = "controller/kinds.rs"]
mod kinds;
#[path = "controller/metrics.rs"]
mod metrics;
#[path = "controller/permissions.rs"]
mod permissions;
#[path = "controller/place.rs"]
mod place;
#[path = "controller/random.rs"]
mod random;
#[path = "controller/survival.rs"]
mod survival;
#[path = "controller/telling.rs"]
mod telling;
#[path = "controller/writers.rs"]
mod writers;
