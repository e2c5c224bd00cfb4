//! Mutants of routing, which send traffic to the wrong destination.

use super::How::{Documents, Policy as Misread, Settings as Choice};
use super::{Law, Mutant, documents, everything, one_header, or_same, without_headers, without_methods};
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Backend, Conditional, HttpMatch, PortRoute, PortSplit, Root};
use smi_adapter::pattern::{Anchor, Pattern};
use smi_adapter::settings::{HeaderAnchor, PathAnchor, UnknownFields};
use std::sync::Arc;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "a path pattern matches a beginning",
        Law::Faithful,
        Choice(|settings| {
            settings.path_anchor = PathAnchor::Start;
        }),
    ),
    Mutant::new(
        "a path pattern matches anywhere",
        Law::Faithful,
        Misread(|policy| paths(policy, anywhere)),
    ),
    Mutant::new(
        "a path is compared with the pattern's text",
        Law::Faithful,
        Misread(|policy| paths(policy, literal)),
    ),
    Mutant::new(
        "an alternation is not grouped",
        Law::Faithful,
        Misread(|policy| paths(policy, ungrouped)),
    ),
    Mutant::new(
        "a header pattern matches anywhere",
        Law::Faithful,
        Choice(|settings| {
            settings.header_anchor = HeaderAnchor::Search;
        }),
    ),
    Mutant::new(
        "unknown fields of splits are ignored",
        Law::Faithful,
        Choice(|settings| {
            settings.unknown_fields = UnknownFields::Ignore;
        }),
    ),
    Mutant::new(
        "methods of splits are dropped",
        Law::Faithful,
        Misread(|policy| matches(policy, without_methods)),
    ),
    Mutant::new(
        "headers of splits are dropped",
        Law::Faithful,
        Misread(|policy| matches(policy, without_headers)),
    ),
    Mutant::new(
        "one header of several is enough for a split",
        Law::Faithful,
        Misread(|policy| matches(policy, one_header)),
    ),
    Mutant::new(
        "splits take what others match",
        Law::Faithful,
        Misread(|policy| {
            ports(policy, |port| {
                let others = port.conditional().iter().rev();
                let pairs = port.conditional().iter().zip(others);
                let conditional = pairs.map(|(own, other)| matching(own, other.matches().to_vec()));
                port.clone().with_conditional(conditional)
            })
        }),
    ),
    Mutant::new(
        "a match takes every request",
        Law::Fallback,
        Misread(|policy| matches(policy, |matching| vec![everything(matching)])),
    ),
    Mutant::new(
        "the split for all requests hides those with matches",
        Law::SplitExact,
        Misread(|policy| {
            ports(policy, |port| match port.default() {
                Some(_) => port.clone().with_conditional([]),
                None => port.clone(),
            })
        }),
    ),
    Mutant::new(
        "the split without matches takes nothing",
        Law::SplitExact,
        Misread(|policy| {
            ports(policy, |port| {
                if port.conditional().is_empty() {
                    port.clone()
                } else {
                    port.clone().with_default(None)
                }
            })
        }),
    ),
    Mutant::new(
        "a weight of zero becomes one",
        Law::SplitExact,
        Documents(|all| documents::weights_of_one(all)),
    ),
    Mutant::new(
        "all weights are one",
        Law::SplitExact,
        Misread(|policy| splits(policy, |split| weighted(split, |_| 1))),
    ),
    Mutant::new(
        "weights overflow",
        Law::SplitExact,
        Misread(|policy| {
            splits(policy, |split| {
                weighted(split, |backend| (backend.weight() & 0xff).max(1))
            })
        }),
    ),
    Mutant::new(
        "percentages, and the rest to the last backend",
        Law::SplitExact,
        Misread(|policy| splits(policy, percentages)),
    ),
    Mutant::new(
        "the backend with the smallest share is forgotten",
        Law::SplitExact,
        Misread(|policy| {
            splits(policy, |split| {
                let least = split.backends().iter().min_by_key(|backend| backend.weight());
                let others = split.backends().iter().filter(|backend| Some(*backend) != least);
                shared(split, others.cloned())
            })
        }),
    ),
    Mutant::new(
        "a backend without the port is kept",
        Law::SplitExact,
        Documents(|all| documents::every_port(all)),
    ),
    Mutant::new(
        "an absent backend's share goes to the others",
        Law::SplitExact,
        Misread(root_left_out),
    ),
    Mutant::new(
        "the routes of one port are those of all",
        Law::Faithful,
        Misread(|policy| {
            let Policy::Route(route) = policy else {
                return policy.clone();
            };
            let first = route.ports().first();
            let like_first = |number: &u16| {
                let first = first?;
                let mut port = PortRoute::new(*number)
                    .ok()?
                    .with_conditional(first.conditional().iter().cloned())
                    .with_default(first.default().cloned());
                if let Some(name) = first.name() {
                    port = port.with_name(name);
                }
                if let Some(protocol) = first.app_protocol() {
                    port = port.with_app_protocol(protocol);
                }
                Some(port)
            };
            let ports = route.service().tcp_ports().iter().filter_map(like_first);
            or_same(route.clone(), |route| route.with_ports(ports)).into()
        }),
    ),
];

fn ports(policy: &Policy, edit: impl Fn(&PortRoute) -> PortRoute) -> Policy {
    let Policy::Route(route) = policy else {
        return policy.clone();
    };
    let ports = route.ports().iter().map(edit);
    or_same(route.clone(), |route| route.with_ports(ports)).into()
}

fn conditionals(policy: &Policy, edit: impl Fn(&Conditional) -> Conditional) -> Policy {
    ports(policy, |port| {
        port.clone().with_conditional(port.conditional().iter().map(&edit))
    })
}

fn splits(policy: &Policy, edit: impl Fn(&PortSplit) -> PortSplit) -> Policy {
    let policy = conditionals(policy, |conditional| {
        let matches = conditional.matches().iter().cloned();
        or_same(conditional.clone(), |it| Conditional::new(matches, edit(it.split())))
    });
    ports(&policy, |port| port.clone().with_default(port.default().map(&edit)))
}

/// Returns a split with these backends, or the original one if there are none.
fn shared(split: &PortSplit, backends: impl Iterator<Item = Backend>) -> PortSplit {
    or_same(split.clone(), |split| PortSplit::new(split.key().clone(), backends))
}

/// Returns a split with other weights, without the backends whose weight becomes zero.
fn weighted(split: &PortSplit, mut weight: impl FnMut(&Backend) -> u128) -> PortSplit {
    let backends = split.backends().iter().filter_map(|backend| {
        let weight = weight(backend);
        backend.clone().with_weight(weight).ok()
    });
    shared(split, backends)
}

fn matching(conditional: &Conditional, matches: Vec<Arc<HttpMatch>>) -> Conditional {
    or_same(conditional.clone(), |it| Conditional::new(matches, it.split().clone()))
}

fn matches(policy: &Policy, edit: impl Fn(&HttpMatch) -> Vec<HttpMatch>) -> Policy {
    conditionals(policy, |conditional| {
        let edited = conditional.matches().iter().flat_map(|matching| edit(matching));
        matching(conditional, edited.map(Arc::new).collect())
    })
}

fn paths(policy: &Policy, edit: fn(&Pattern) -> Option<Pattern>) -> Policy {
    matches(policy, |matching| {
        let path = matching.path().and_then(edit);
        let edited = path.map(|path| matching.clone().with_path(path));
        vec![edited.unwrap_or_else(|| matching.clone())]
    })
}

fn anywhere(pattern: &Pattern) -> Option<Pattern> {
    Pattern::new(pattern.as_str(), Anchor::Search).ok()
}

/// Reads the characters of a pattern as those of the path.
fn literal(pattern: &Pattern) -> Option<Pattern> {
    Pattern::new(&regex::escape(pattern.as_str()), Anchor::Full).ok()
}

/// Reads `a|b` as `^a|b$`, which matches everything that begins with the one or ends with the other.
fn ungrouped(pattern: &Pattern) -> Option<Pattern> {
    let (mut depth, mut escaped) = (0_u32, false);
    let bar = pattern.as_str().char_indices().find(|(_, c)| {
        let literal = std::mem::take(&mut escaped);
        match c {
            _ if literal => {}
            '\\' => escaped = true,
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == '|' && depth == 0 && !literal
    });
    let (first, last) = pattern.as_str().split_at_checked(bar?.0)?;
    let last = last.strip_prefix('|')?;
    Pattern::new(&format!("(?:{first})(?s:.*)|(?s:.*)(?:{last})"), Anchor::Full).ok()
}

/// Rounds each share down to whole percent, and gives the remainder to the last backend.
fn percentages(split: &PortSplit) -> PortSplit {
    let total: u128 = split.backends().iter().map(Backend::weight).sum();
    let (mut left, last) = (100, split.backends().last());
    weighted(split, |backend| {
        let percent = backend
            .weight()
            .saturating_mul(100)
            .checked_div(total)
            .unwrap_or_default();
        let share = if Some(backend) == last { left } else { percent };
        left = left.saturating_sub(percent);
        share
    })
}

fn root_left_out(policy: &Policy) -> Policy {
    let Policy::Route(route) = policy else {
        return policy.clone();
    };
    let Root::Service(root) = route.root() else {
        return policy.clone();
    };
    splits(policy, |split| {
        let others = split.backends().iter().filter(|backend| backend.service() != root.name);
        shared(split, others.cloned())
    })
}
