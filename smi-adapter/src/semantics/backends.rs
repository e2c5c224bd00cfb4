//! Backends: the shares of the traffic that a split takes.

use super::call::Call;
use super::destination;
use super::outcome::Outcome;
use super::trace::{Reason, Trace};
use crate::object::{ObjectKey, ObjectRef};
use crate::query::Distribution;
use smi_types::split::Spec;
use smi_types::weight::Weight;
use std::collections::BTreeMap;

/// Returns the weight of every backend in units of 10⁻⁹ (T30).
///
/// # Errors
///
/// Returns the reason if the split is inert (T6, T10, T31).
pub(super) fn weights(spec: &Spec) -> Result<BTreeMap<&str, u128>, Reason> {
    if spec.backends.is_empty() {
        return Err(Reason::new("T31", "it has no backends, which makes it inert"));
    }
    let mut weights = BTreeMap::new();
    for backend in &spec.backends {
        let nanos = match &backend.weight {
            Weight::Missing => 0,
            Weight::Exact(decimal) => decimal.nanos(),
            Weight::Invalid(value) => {
                let why = format!(
                    "the weight `{value}` of `{}` is not valid, which makes the split inert",
                    backend.service
                );
                return Err(Reason::new("T6", why));
            }
        };
        let sum: &mut u128 = weights.entry(&*backend.service).or_default();
        *sum += nanos;
    }
    if weights.values().all(|nanos| *nanos == 0) {
        return Err(Reason::new("T10", "all its weights are `0`, which makes it inert"));
    }
    Ok(weights)
}

/// Returns the shares on the requested port (T8, T20, T23, T25).
///
/// A backend without the port is left out. The root stands in for an absent backend, unless no present backend gets a
/// share.
pub(super) fn shares(
    call: &Call<'_>,
    weights: &BTreeMap<&str, u128>,
    trace: &mut Trace,
) -> Result<Distribution, Reason> {
    let mut shares = Vec::new();
    let mut stand_in = 0;
    for (name, weight) in weights.iter().map(|(name, weight)| (*name, *weight)) {
        let key = ObjectKey::new(&*call.root.namespace, name);
        let object = ObjectRef::service(key.clone());
        if weight == 0 {
            trace.record("T9", object, Outcome::ZeroWeight);
        } else if let Err(Reason { why, .. }) = destination::usable(call.snapshot, &key) {
            trace.record("T25", object, Outcome::Absent { nanos: weight, why });
            stand_in += weight;
        } else if has_port(call, &key) {
            // T28: the root as a backend represents its own endpoints. So does a backend that is itself a root (T27).
            let is_root = key == *call.root;
            let outcome = Outcome::TakesPart { nanos: weight, is_root };
            trace.record(if is_root { "T28" } else { "T8" }, object, outcome);
            shares.push((call.endpoint(key), weight));
        } else {
            let (nanos, port) = (weight, call.port);
            trace.record("T20", object, Outcome::LacksPort { nanos, port });
        }
    }
    let unusable = || Reason::new("T23", format!("no backend with a weight has TCP port {}", call.port));
    if shares.is_empty() {
        return Err(unusable());
    }
    if stand_in > 0 {
        trace.record("T25", call.root_ref(), Outcome::StandsIn { nanos: stand_in });
        shares.push((call.endpoint(call.root.clone()), stand_in));
    }
    Distribution::of(shares).ok_or_else(unusable)
}

/// Returns `true` if a backend has the requested port (T20).
fn has_port(call: &Call<'_>, key: &ObjectKey) -> bool {
    let service = call.snapshot.service(key);
    service.is_some_and(|service| destination::has_tcp_port(service, call.port))
}
