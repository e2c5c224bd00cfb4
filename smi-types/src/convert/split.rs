//! Conversions of traffic splits to older versions.

use super::{Lossy, downwards};
use crate::path::FieldPath;
use crate::split::{Backend, TrafficSplit, v1alpha1, v1alpha2, v1alpha3, v1alpha4};
use crate::version::Version;
use crate::weight::{Decimal, Weight, gcd};

downwards! {
    TrafficSplit:
    V1Alpha1 v1alpha1::TrafficSplit,
    V1Alpha2 v1alpha2::TrafficSplit,
    V1Alpha3 v1alpha3::TrafficSplit,
    V1Alpha4 v1alpha4::TrafficSplit
}

impl TrafficSplit {
    /// Converts the split to the vocabulary of `version`.
    fn expressed_in(mut self, version: Version) -> Result<Self, Lossy> {
        let mut lost = Vec::new();
        if let Some(spec) = &mut self.spec {
            let path = FieldPath::root().field("spec");
            if version < Version::V1Alpha3 && !spec.matches.is_empty() {
                lost.push(path.clone().field("matches"));
            }
            if version > Version::V1Alpha1
                && let Err(fractions) = make_whole(&mut spec.backends)
            {
                let backends = path.field("backends");
                lost.extend(
                    fractions
                        .into_iter()
                        .map(|index| backends.clone().index(index).field("weight")),
                );
            }
        }
        Lossy::check("TrafficSplit", version, lost)?;
        Ok(self)
    }
}

/// Scales all weights to whole numbers of the same ratio (T8), and sets missing ones to 0 (T6). The factor is the
/// smallest sufficient one of 1, 10³, 10⁶ and 10⁹. If the results are out of range, the weights become the smallest
/// whole numbers of that ratio. If these are out of range too, returns the indexes of the weights that are fractions.
fn make_whole(backends: &mut [Backend]) -> Result<(), Vec<usize>> {
    for backend in backends.iter_mut().filter(|backend| backend.weight.is_missing()) {
        backend.weight = Weight::Exact(Decimal::ZERO);
    }
    let weights = || backends.iter().filter_map(|backend| exact(&backend.weight));
    let unit = [1_000_000_000, 1_000_000, 1_000, 1]
        .into_iter()
        .find(|unit| weights().all(|weight| weight.nanos().is_multiple_of(*unit)))
        .unwrap_or(1);
    let smallest = weights().map(Decimal::nanos).fold(0, gcd);
    for unit in [unit, smallest] {
        let scaled: Option<Vec<_>> = backends
            .iter()
            .map(|backend| match exact(&backend.weight) {
                Some(weight) => Decimal::from_whole(weight.nanos().checked_div(unit)?).map(Weight::Exact),
                None => Some(backend.weight.clone()),
            })
            .collect();
        if let Some(scaled) = scaled {
            for (backend, weight) in backends.iter_mut().zip(scaled) {
                backend.weight = weight;
            }
            return Ok(());
        }
    }
    let is_fraction = |backend: &Backend| exact(&backend.weight).is_some_and(|weight| !weight.is_whole());
    let fractions = backends.iter().enumerate().filter(|(_, backend)| is_fraction(backend));
    Err(fractions.map(|(index, _)| index).collect())
}

fn exact(weight: &Weight) -> Option<Decimal> {
    match weight {
        Weight::Exact(decimal) => Some(*decimal),
        Weight::Missing | Weight::Invalid(_) => None,
    }
}
