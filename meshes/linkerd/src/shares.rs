//! Which shares a list of weighted backends comes to.

use super::route::{Backend, Rule};
use smi_adapter::object::ObjectKey;
use smi_adapter::probe::{Distribution, Target};

/// What a proxy does with a weighted list that has entries. It is built when the configuration comes, so a
/// list that cannot be built takes the router down with it, for every request of the port.
pub(super) fn distribution(weights: Vec<(Target, u32)>) -> Option<Distribution> {
    if let [(target, _)] = weights.as_slice() {
        // One backend is not weighed.
        return Some(Distribution::all_to(target.clone()));
    }
    let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    u32::try_from(sum).ok().filter(|sum| *sum > 0)?;
    Distribution::of(weights.into_iter().map(|(target, weight)| (target, weight.into())))
}

/// Where a rule leads: to the parent if it names no backend; nothing if it takes the router down.
///
/// A backend that is no service, has no port or does not exist keeps its share, of which `failing` becomes;
/// a service that exists is sent its share even at a port that it does not have. Where no namespace is
/// written it is the parent's, not the route's.
pub(super) fn of_rule(
    rule: &Rule,
    parent: (&ObjectKey, u16),
    exists: impl Fn(&ObjectKey) -> bool,
    failing: &Target,
) -> Option<Distribution> {
    let (root, port) = parent;
    if rule.backends.is_empty() {
        return Some(Distribution::all_to(Target::Service {
            key: root.clone(),
            port,
        }));
    }
    let weigh = |backend: &Backend| {
        let namespace = backend.namespace.as_ref().unwrap_or(&root.namespace);
        let key = ObjectKey::new(namespace, &backend.name);
        let target = match backend.port {
            Some(port) if exists(&key) => Target::Service { key, port },
            _ => failing.clone(),
        };
        (target, backend.weight)
    };
    distribution(rule.backends.iter().map(weigh).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> Target {
        Target::Service {
            key: ObjectKey::new("d", name),
            port: 80,
        }
    }

    fn shown(weights: &[(Target, u32)]) -> Option<String> {
        distribution(weights.to_vec()).map(|distribution| distribution.to_string())
    }

    #[test]
    fn one_backend_is_not_weighed() {
        for weight in [0, 1, u32::MAX] {
            assert_eq!(shown(&[(service("a"), weight)]), Some("a.d:80".into()));
        }
    }

    #[test]
    fn zero_among_others_gets_nothing_and_all_zero_cannot_be_built() {
        let (a, b) = (service("a"), service("b"));
        assert_eq!(shown(&[(a.clone(), 0), (b.clone(), 7)]), Some("b.d:80".into()));
        assert_eq!(shown(&[(a.clone(), 0), (b, 0)]), None);
        assert_eq!(shown(&[(a.clone(), 0), (a, 0)]), None);
    }

    #[test]
    fn a_sum_beyond_32_bits_cannot_be_built() {
        let (a, b) = (service("a"), service("b"));
        assert!(shown(&[(a.clone(), u32::MAX), (b.clone(), 0)]).is_some());
        assert_eq!(shown(&[(a, u32::MAX), (b, 1)]), None);
    }
}
