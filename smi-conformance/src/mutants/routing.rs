//! Adapters that send traffic elsewhere.

use super::How::{Documents, Policy as Misread, Settings as Choice};
use super::{Mutant, documents, one_header, without_headers, without_methods};
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Conditional, HttpMatch, PortRoute, PortSplit, Root};
use smi_adapter::pattern::{Anchor, Pattern};
use smi_adapter::settings::{HeaderAnchor, PathAnchor};
use std::sync::Arc;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "a path pattern matches a beginning",
        "faithful",
        Choice(|settings| {
            settings.path_anchor = PathAnchor::Start;
        }),
    ),
    Mutant::new(
        "a path pattern matches anywhere",
        "faithful",
        Misread(|policy| paths(policy, anywhere)),
    ),
    Mutant::new(
        "a path is compared with the pattern's text",
        "faithful",
        Misread(|policy| paths(policy, literal)),
    ),
    Mutant::new(
        "an alternation is not grouped",
        "faithful",
        Misread(|policy| paths(policy, ungrouped)),
    ),
    Mutant::new(
        "a header pattern matches anywhere",
        "faithful",
        Choice(|settings| {
            settings.header_anchor = HeaderAnchor::Search;
        }),
    ),
    Mutant::new(
        "methods of splits are dropped",
        "faithful",
        Misread(|policy| matches(policy, without_methods)),
    ),
    Mutant::new(
        "headers of splits are dropped",
        "faithful",
        Misread(|policy| matches(policy, without_headers)),
    ),
    Mutant::new(
        "one header of several is enough for a split",
        "faithful",
        Misread(|policy| matches(policy, one_header)),
    ),
    Mutant::new(
        "splits take what others match",
        "faithful",
        Misread(|policy| {
            ports(policy, |port| {
                let matches = |conditional: &Conditional| conditional.matches.clone();
                let mut all: Vec<_> = port.conditional.iter().map(matches).collect();
                all.reverse();
                for (conditional, matches) in port.conditional.iter_mut().zip(all) {
                    conditional.matches = matches;
                }
            });
        }),
    ),
    Mutant::new(
        "a match takes every request",
        "fallback",
        Misread(|policy| matches(policy, everything)),
    ),
    Mutant::new(
        "the split for all requests hides those with matches",
        "split_exact",
        Misread(|policy| {
            ports(policy, |port| {
                if port.default.is_some() {
                    port.conditional.clear();
                }
            });
        }),
    ),
    Mutant::new(
        "the split without matches takes nothing",
        "split_exact",
        Misread(|policy| {
            ports(policy, |port| {
                if !port.conditional.is_empty() {
                    port.default = None;
                }
            });
        }),
    ),
    Mutant::new(
        "a weight of zero becomes one",
        "split_exact",
        Documents(|all| documents::weights_of_one(all)),
    ),
    Mutant::new(
        "all weights are one",
        "split_exact",
        Misread(|policy| {
            splits(policy, |split| {
                split.backends.iter_mut().for_each(|backend| backend.weight = 1);
            });
        }),
    ),
    Mutant::new(
        "weights overflow",
        "split_exact",
        Misread(|policy| {
            splits(policy, |split| {
                for backend in &mut split.backends {
                    backend.weight = (backend.weight & 0xff).max(1);
                }
            });
        }),
    ),
    Mutant::new(
        "percentages, and the rest to the last backend",
        "split_exact",
        Misread(|policy| {
            splits(policy, percentages);
        }),
    ),
    Mutant::new(
        "the backend with the smallest share is forgotten",
        "split_exact",
        Misread(|policy| {
            splits(policy, |split| {
                let least = split.backends.iter().map(|backend| backend.weight).min();
                let place = split.backends.iter().position(|backend| Some(backend.weight) == least);
                if let Some(place) = place.filter(|_| split.backends.len() > 1) {
                    split.backends.remove(place);
                }
            });
        }),
    ),
    Mutant::new(
        "a backend without the port is kept",
        "split_exact",
        Documents(|all| documents::every_port(all)),
    ),
    Mutant::new(
        "an absent backend's share goes to the others",
        "split_exact",
        Misread(root_left_out),
    ),
    Mutant::new(
        "the routes of one port are those of all",
        "faithful",
        Misread(|policy| {
            let Policy::Route(route) = policy else { return };
            let Some(first) = route.ports.first().cloned() else {
                return;
            };
            route.ports = route
                .service
                .tcp_ports
                .iter()
                .map(|port| PortRoute {
                    port: *port,
                    ..first.clone()
                })
                .collect();
        }),
    ),
];

fn ports(policy: &mut Policy, edit: impl Fn(&mut PortRoute)) {
    if let Policy::Route(route) = policy {
        route.ports.iter_mut().for_each(edit);
    }
}

fn splits(policy: &mut Policy, edit: impl Fn(&mut PortSplit)) {
    ports(policy, |port| {
        let conditional = port.conditional.iter_mut().map(|conditional| &mut conditional.split);
        conditional.chain(&mut port.default).for_each(&edit);
    });
}

fn matches(policy: &mut Policy, edit: impl Fn(&HttpMatch) -> Vec<HttpMatch>) {
    ports(policy, |port| {
        for conditional in &mut port.conditional {
            let edited = conditional.matches.iter().flat_map(|matching| edit(matching));
            conditional.matches = edited.map(Arc::new).collect();
        }
    });
}

fn paths(policy: &mut Policy, edit: fn(&Pattern) -> Option<Pattern>) {
    matches(policy, |matching| {
        let path = matching.path.as_ref();
        let path = path.map(|pattern| edit(pattern).unwrap_or_else(|| pattern.clone()));
        vec![HttpMatch {
            path,
            ..matching.clone()
        }]
    });
}

fn everything(matching: &HttpMatch) -> Vec<HttpMatch> {
    let (path, methods, headers) = (None, None, Vec::new());
    vec![HttpMatch {
        path,
        methods,
        headers,
        ..matching.clone()
    }]
}

fn anywhere(pattern: &Pattern) -> Option<Pattern> {
    Pattern::new(pattern.as_str(), Anchor::Search).ok()
}

/// The characters of the pattern are taken for those of the path.
fn literal(pattern: &Pattern) -> Option<Pattern> {
    Pattern::new(&regex::escape(pattern.as_str()), Anchor::Full).ok()
}

/// `a|b` written as `^a|b$`: whatever begins with the one, or ends with the other.
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

/// Each share in whole percent, cut; what is missing goes to the last one.
fn percentages(split: &mut PortSplit) {
    let total: u128 = split.backends.iter().map(|backend| backend.weight).sum();
    let mut left = 100;
    let last = split.backends.len().saturating_sub(1);
    for (place, backend) in split.backends.iter_mut().enumerate() {
        let percent = backend
            .weight
            .saturating_mul(100)
            .checked_div(total)
            .unwrap_or_default();
        backend.weight = if place == last { left } else { percent };
        left = left.saturating_sub(percent);
    }
    split.backends.retain(|backend| backend.weight > 0);
}

fn root_left_out(policy: &mut Policy) {
    let Policy::Route(route) = policy else { return };
    let Root::Service(root) = route.root.clone() else {
        return;
    };
    splits(policy, |split| {
        if split.backends.len() > 1 {
            split.backends.retain(|backend| backend.service != root.name);
        }
    });
}
