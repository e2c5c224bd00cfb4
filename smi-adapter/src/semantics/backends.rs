//! Who gets how much of what a split takes.

use super::{Call, Reason, Trace, destination};
use crate::object::{ObjectKey, ObjectRef};
use crate::probe::Distribution;
use smi_types::split::Spec;
use smi_types::weight::Weight;
use std::collections::BTreeMap;

/// T6, T10, T30, T31: the weight of every backend in units of 10⁻⁹, or why the split is inert.
pub(super) fn weights(spec: &Spec) -> Result<BTreeMap<&str, u128>, Reason> {
    if spec.backends.is_empty() {
        return Err(Reason::new("T31", "it is inert: it has no backends"));
    }
    let mut weights = BTreeMap::new();
    for backend in &spec.backends {
        let nanos = match &backend.weight {
            Weight::Missing => 0,
            Weight::Exact(decimal) => decimal.nanos(),
            Weight::Invalid(value) => {
                let why = format!(
                    "it is inert: `{value}`, the weight of `{}`, is no weight",
                    backend.service
                );
                return Err(Reason::new("T6", why));
            }
        };
        let sum: &mut u128 = weights.entry(&*backend.service).or_default();
        *sum += nanos;
    }
    if weights.values().all(|nanos| *nanos == 0) {
        return Err(Reason::new("T10", "it is inert: all its weights are 0"));
    }
    Ok(weights)
}

/// T8, T20, T23, T25: the shares on the port that is called.
///
/// A backend without the port is left out. For one that is absent the root stands in, unless no backend is
/// left that is there.
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
        let text = decimal(weight);
        if weight == 0 {
            trace.note("T9", object, "gets nothing: its weight is `0`");
        } else if let Err(Reason { why, .. }) = destination::usable(call.snapshot, &key) {
            trace.note("T25", object, format!("is absent, with weight `{text}`: {why}"));
            stand_in += weight;
        } else if has_port(call, &key) {
            let (rule, whose) = whose(call, &key);
            trace.note(rule, object, format!("takes part with weight `{text}`{whose}"));
            shares.push((call.target(key), weight));
        } else {
            let why = format!("is left out, with weight `{text}`: it has no TCP port {}", call.port);
            trace.note("T20", object, why);
        }
    }
    let unusable = || Reason::new("T23", format!("no backend with a weight has TCP port {}", call.port));
    if shares.is_empty() {
        return Err(unusable());
    }
    if stand_in > 0 {
        let text = decimal(stand_in);
        let why = format!("takes part with weight `{text}`, in the place of the absent backends");
        trace.note("T25", call.root_ref(), why);
        shares.push((call.target(call.root.clone()), stand_in));
    }
    Distribution::of(shares).ok_or_else(unusable)
}

/// T20: whether a backend has the port that is called.
fn has_port(call: &Call<'_>, key: &ObjectKey) -> bool {
    let service = call.snapshot.service(key);
    service.is_some_and(|service| destination::has_tcp_port(service, call.port))
}

/// T28: the root as a backend means its own endpoints. So does any other backend, whoever splits it (T27).
fn whose(call: &Call<'_>, key: &ObjectKey) -> (&'static str, &'static str) {
    if key == call.root {
        ("T28", ", by its own endpoints")
    } else {
        ("T8", "")
    }
}

/// A weight as users write it.
fn decimal(nanos: u128) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
