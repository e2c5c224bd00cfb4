//! The Istio adapter and the model of Istio, judged by Istio itself: istiod's own code and a real Envoy.
//!
//! `SMI_WITNESS_WORLDS` raises the number of worlds of each law.

#[path = "../meshes/istio/tests/facts/read.rs"]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests can fail the test"
)]
mod read;

#[path = "judged/facts.rs"]
mod facts;
#[path = "judged/laws.rs"]
mod laws;
#[path = "judged/mutants.rs"]
mod mutants;

/// Disables the check that rejects the handshake of clients of other trust domains, which generated traffic targets name
/// as sources. The facts are replayed with the check.
const ANY_TRUST_DOMAIN: &str = "PILOT_SKIP_VALIDATE_TRUST_DOMAIN=true";
