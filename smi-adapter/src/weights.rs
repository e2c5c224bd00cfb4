//! Conversion of weights to the limits of a mesh.

use crate::diagnostic::ErrorBound;
pub use smi_types::weight::gcd;

/// Weights whose sum is within the limit of a mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// The weights, in their original order. None of them is zero.
    pub weights: Vec<u32>,
    /// The bound on the error of every share; `None` if the weights are exact.
    pub error: Option<ErrorBound>,
}

/// Scales weights, none of which is zero, to a sum of at most `max`.
///
/// Weights with a smaller sum stay as they are. Others are scaled by the largest remainder method. No weight becomes
/// zero (T8), so there must not be more weights than `max`.
///
/// ```
/// use smi_adapter::weights::bounded;
///
/// assert_eq!(bounded(&[2, 1], 100).weights, [2, 1]);
/// let scaled = bounded(&[2_000, 1], 100);
/// assert_eq!(scaled.weights, [99, 1]);
/// assert_eq!(scaled.error.unwrap().to_string(), "2/100");
/// ```
#[must_use]
pub fn bounded(exact: &[u128], max: u32) -> Bounded {
    let limit = u128::from(max);
    let total = exact.iter().fold(0u128, |sum, weight| sum.saturating_add(*weight));
    if total <= limit {
        return Bounded {
            weights: exact.iter().map(|weight| narrow(*weight)).collect(),
            error: None,
        };
    }
    // The shift keeps products with the limit within 128 bits. The bits that it drops are below 2⁻⁶⁰ of the sum.
    let shift = (128 - total.leading_zeros()).saturating_sub(96);
    let total = (total >> shift).max(1);
    let mut scaled: Vec<(usize, u128, u128)> = exact
        .iter()
        .enumerate()
        .map(|(index, weight)| {
            let product = (weight >> shift) * limit;
            (index, (product / total).max(1), product % total)
        })
        .collect();
    let sum: u128 = scaled.iter().map(|(_, weight, _)| weight).sum();
    // A shortfall goes to the largest remainders, an excess comes from the largest weight.
    scaled.sort_by_key(|(index, _, remainder)| (std::cmp::Reverse(*remainder), *index));
    let missing = usize::try_from(limit.saturating_sub(sum)).unwrap_or(0);
    for (_, weight, _) in scaled.iter_mut().take(missing) {
        *weight += 1;
    }
    let by_weight = |(index, weight, _): &&mut (usize, u128, u128)| (*weight, std::cmp::Reverse(*index));
    if let Some((_, largest, _)) = scaled.iter_mut().max_by_key(by_weight) {
        *largest -= sum.saturating_sub(limit).min(*largest - 1);
    }
    scaled.sort_by_key(|(index, _, _)| *index);
    Bounded {
        weights: scaled.into_iter().map(|(_, weight, _)| narrow(weight)).collect(),
        error: Some(ErrorBound {
            parts: exact.len() as u64,
            of: max.into(),
        }),
    }
}

fn narrow(weight: u128) -> u32 {
    u32::try_from(weight).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u128 = i32::MAX as u128;

    #[test]
    fn weights_within_the_limit_stay_exact() {
        for exact in [vec![1], vec![2, 1], vec![MAX - 1, 1], vec![1; 200]] {
            let bounded = bounded(&exact, i32::MAX.unsigned_abs());
            assert_eq!(bounded.error, None);
            assert!(bounded.weights.iter().map(|weight| u128::from(*weight)).eq(exact));
        }
    }

    #[test]
    fn scaled_weights_are_within_the_stated_error() {
        let quantity = i64::MAX as u128 * 1_000_000_000;
        for exact in [
            vec![MAX, 1],
            vec![MAX, MAX, MAX],
            vec![quantity, 1],
            vec![quantity, quantity - 1, 7],
            vec![quantity * 1000, 1, 1, 1],
            vec![1u128 << 32, 1, 1],
            [vec![quantity], vec![1; 500]].concat(),
        ] {
            let bounded = bounded(&exact, i32::MAX.unsigned_abs());
            assert!(bounded.error.is_some());
            let sum: u128 = bounded.weights.iter().map(|weight| u128::from(*weight)).sum();
            assert_eq!(sum, MAX, "{exact:?}");
            // |exact / total - scaled / MAX| <= n / MAX, without fractions.
            let shift = if exact.iter().sum::<u128>() >> 90 > 0 { 24 } else { 0 };
            let total: u128 = exact.iter().sum::<u128>() >> shift;
            for (exact, scaled) in exact.iter().zip(&bounded.weights) {
                assert!(*scaled >= 1);
                let off = ((exact >> shift) * MAX).abs_diff(u128::from(*scaled) * total);
                assert!(off <= bounded.weights.len() as u128 * total, "{exact} {scaled}");
            }
        }
    }
}
