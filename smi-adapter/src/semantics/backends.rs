//! Backends: the shares of the traffic that a split takes.

use super::call::Call;
use super::outcome::Outcome;
use super::trace::{Reason, Trace};
use super::unknown::Unknown;
use super::{destination, split};
use crate::object::{ObjectKey, ObjectRef};
use crate::query::Distribution;
use smi_types::split::Spec;
use smi_types::weight::Weight;
use std::collections::BTreeMap;

/// The weights of a split, in units of 10⁻⁹.
pub(super) struct Weights<'a> {
    /// The sums of the weights by service (T30).
    by_service: BTreeMap<&'a str, u128>,
    /// The entries with an unknown field, which count as absent (I8). They do not add to the weights of their service.
    unusable: Vec<Unusable<'a>>,
}

/// An entry of a split that has an unknown field.
struct Unusable<'a> {
    service: &'a str,
    nanos: u128,
    reason: Reason,
}

/// Returns the weights of a split.
///
/// # Errors
///
/// Returns the reason if the split is inert (T6, T10, T31). All entries count for this, with or without an unknown
/// field (I8).
pub(super) fn weights<'a>(spec: &'a Spec, unknown: &Unknown<'_>) -> Result<Weights<'a>, Reason> {
    if spec.backends.is_empty() {
        return Err(Reason::new("T31", "it has no backends, which makes it inert"));
    }
    let mut by_service = BTreeMap::new();
    let mut unusable = Vec::new();
    for (index, backend) in spec.backends.iter().enumerate() {
        let service = &*backend.service;
        let nanos = match &backend.weight {
            Weight::Missing => 0,
            Weight::Exact(decimal) => decimal.nanos(),
            Weight::Invalid(value) => {
                let why = format!("the weight `{value}` of `{service}` is not valid, which makes the split inert");
                return Err(Reason::new("T6", why));
            }
        };
        match unknown.not_in(&split::backends_path().index(index)) {
            Ok(()) => *by_service.entry(service).or_default() += nanos,
            Err(reason) => unusable.push(Unusable { service, nanos, reason }),
        }
    }
    if by_service.values().all(|nanos| *nanos == 0) && unusable.iter().all(|entry| entry.nanos == 0) {
        return Err(Reason::new("T10", "all its weights are `0`, which makes it inert"));
    }
    Ok(Weights { by_service, unusable })
}

/// Returns the shares on the requested port (T8, T20, T23, T25).
///
/// A backend without the port is left out. The root stands in for an absent backend, unless no present backend gets a
/// share. An entry with an unknown field counts as absent (I8).
pub(super) fn shares(call: &Call<'_>, weights: &Weights<'_>, trace: &mut Trace) -> Result<Distribution, Reason> {
    let mut shares = Vec::new();
    let mut stand_in = unusable(call, weights, trace);
    for (name, weight) in weights.by_service.iter().map(|(name, weight)| (*name, *weight)) {
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
    let no_backend = || Reason::new("T23", format!("no backend with a weight has TCP port {}", call.port));
    if shares.is_empty() {
        return Err(no_backend());
    }
    if stand_in > 0 {
        trace.record("T25", call.root_ref(), Outcome::StandsIn { nanos: stand_in });
        shares.push((call.endpoint(call.root.clone()), stand_in));
    }
    Distribution::of(shares).ok_or_else(no_backend)
}

/// Returns the sum of the weights of the entries that have an unknown field (I8).
fn unusable(call: &Call<'_>, weights: &Weights<'_>, trace: &mut Trace) -> u128 {
    let mut sum = 0;
    for Unusable { service, nanos, reason } in &weights.unusable {
        let object = ObjectRef::service(ObjectKey::new(&*call.root.namespace, *service));
        let (nanos, why) = (*nanos, reason.why.clone());
        trace.record(reason.rule, object, Outcome::Absent { nanos, why });
        sum += nanos;
    }
    sum
}

/// Returns `true` if a backend has the requested port (T20).
fn has_port(call: &Call<'_>, key: &ObjectKey) -> bool {
    let service = call.snapshot.service(key);
    service.is_some_and(|service| destination::has_tcp_port(service, call.port))
}
