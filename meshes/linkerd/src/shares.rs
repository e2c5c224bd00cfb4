//! Shares of weighted backends.

use super::route::{Backend, Rule};
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Distribution, Endpoint};

/// Returns the distribution of a non-empty list of weighted backends, or `None` if a proxy cannot build it. The proxy
/// builds the list when it receives the configuration, so an invalid list makes the router fail for every request to the
/// port.
pub(super) fn distribution(weights: Vec<(Endpoint, u32)>) -> Option<Distribution> {
    if let [(target, _)] = weights.as_slice() {
        // The weight of a single backend is ignored.
        return Some(Distribution::all_to(target.clone()));
    }
    let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    u32::try_from(sum).ok().filter(|sum| *sum > 0)?;
    Distribution::of(weights.into_iter().map(|(target, weight)| (target, weight.into())))
}

/// Returns the distribution of a rule: the parent if the rule has no backends, `None` if it makes the router fail.
///
/// A backend that is not a service, has no port or does not exist keeps its share, which goes to `failing`. An existing
/// service receives its share even at a port that it does not have. The default namespace of a backend is that of the
/// parent, not that of the route.
pub(super) fn of_rule(
    rule: &Rule,
    parent: (&ObjectKey, u16),
    exists: impl Fn(&ObjectKey) -> bool,
    failing: &Endpoint,
) -> Option<Distribution> {
    let (root, port) = parent;
    if rule.backends.is_empty() {
        return Some(Distribution::all_to(Endpoint::Service {
            key: root.clone(),
            port,
        }));
    }
    let weigh = |backend: &Backend| {
        let namespace = backend.namespace.as_deref().unwrap_or(&root.namespace);
        let key = ObjectKey::new(namespace, &backend.name);
        let target = match backend.port {
            Some(port) if exists(&key) => Endpoint::Service { key, port },
            _ => failing.clone(),
        };
        (target, backend.weight)
    };
    distribution(rule.backends.iter().map(weigh).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Endpoint {
        Endpoint::Service {
            key: ObjectKey::new("d", name),
            port: 80,
        }
    }

    fn shown(weights: &[(Endpoint, u32)]) -> Option<String> {
        distribution(weights.to_vec()).map(|distribution| distribution.to_string())
    }

    #[test]
    fn ignores_the_weight_of_a_single_backend() {
        for weight in [0, 1, u32::MAX] {
            assert_eq!(shown(&[(service("a"), weight)]), Some("a.d:80".into()));
        }
    }

    #[test]
    fn drops_zero_weights_and_rejects_lists_of_zeros() {
        let (a, b) = (service("a"), service("b"));
        assert_eq!(shown(&[(a.clone(), 0), (b.clone(), 7)]), Some("b.d:80".into()));
        assert_eq!(shown(&[(a.clone(), 0), (b, 0)]), None);
        assert_eq!(shown(&[(a.clone(), 0), (a, 0)]), None);
    }

    #[test]
    fn rejects_sums_beyond_32_bits() {
        let (a, b) = (service("a"), service("b"));
        assert!(shown(&[(a.clone(), u32::MAX), (b.clone(), 0)]).is_some());
        assert_eq!(shown(&[(a, u32::MAX), (b, 1)]), None);
    }
}
