//! Shares that are correct up to rounding.
use smi_adapter::diagnostic::ErrorBound;
use smi_adapter::query::Distribution;

/// Returns `true` if the same targets have shares, and no share differs by more than the error.
pub(super) fn near(wanted: &Distribution, got: &Distribution, error: ErrorBound) -> bool {
    let (parts, of) = (u128::from(error.parts), u128::from(error.of));
    let targets = |distribution: &Distribution| {
        distribution
            .shares()
            .map(|(target, _)| target.clone())
            .collect::<Vec<_>>()
    };
    let (wanted_total, got_total) = (wanted.total(), got.total());
    targets(wanted) == targets(got)
        && wanted.shares().zip(got.shares()).all(|((_, wanted), (_, got))| {
            let wanted = Parts::of(wanted, wanted_total, of);
            let got = Parts::of(got, got_total, of);
            wanted.zip(got).is_some_and(|(wanted, got)| {
                let (more, less) = if wanted.exceeds(&got) {
                    (wanted, got)
                } else {
                    (got, wanted)
                };
                let whole = more.whole - less.whole;
                whole < parts || (whole == parts && !more.rest_exceeds(&less))
            })
        })
}

/// A share in parts of a whole: a number of whole parts, and a remainder over a total.
struct Parts {
    whole: u128,
    rest: u128,
    total: u128,
}

impl Parts {
    fn of(weight: u128, total: u128, of: u128) -> Option<Self> {
        let product = weight.checked_mul(of)?;
        Some(Self {
            whole: product.checked_div(total)?,
            rest: product % total,
            total,
        })
    }

    fn exceeds(&self, other: &Self) -> bool {
        self.whole > other.whole || (self.whole == other.whole && self.rest_exceeds(other))
    }

    /// Returns `true` if the remainder is larger, or if that cannot be computed.
    fn rest_exceeds(&self, other: &Self) -> bool {
        match (self.rest.checked_mul(other.total), other.rest.checked_mul(self.total)) {
            (Some(one), Some(other)) => one > other,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::object::ObjectKey;
    use smi_adapter::query::Endpoint;

    fn shares(a: u128, b: u128) -> Distribution {
        let target = |name: &str| Endpoint::Service {
            key: ObjectKey::new("shop", name),
            port: 80,
        };
        Distribution::of([(target("a"), a), (target("b"), b)]).unwrap()
    }

    #[test]
    fn shares_may_differ_by_at_most_the_error() {
        let error = ErrorBound { parts: 1, of: 100 };
        assert!(near(&shares(50, 50), &shares(51, 49), error));
        assert!(!near(&shares(500, 500), &shares(511, 489), error));
        assert!(near(&shares(999, 1), &shares(99, 1), error));
        // A zero stays a zero, and a share stays a share.
        assert!(!near(&shares(1000, 1), &shares(1, 0), error));
        assert!(!near(&shares(1, 0), &shares(1000, 1), error));
    }
}
