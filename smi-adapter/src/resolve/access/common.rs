//! Common grants: the grants that several pods share.

use crate::model::access::{Grant, Granted, Ports};
use crate::model::route::HttpMatch;
use crate::object::ObjectKey;
use crate::principal::Principal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The grants that all of several lists have.
pub(super) struct Common {
    pub(super) grants: Vec<Grant>,
    /// The targets that lose a grant or a part of one.
    pub(super) lost: BTreeSet<ObjectKey>,
}

/// The maximum number of combinations of source, port, match and other grant that are examined.
///
/// Further grants are lost, which affects only overlapping workloads.
const MAX_COMBINATIONS: usize = 2_000_000;

impl Common {
    /// Returns no grants, so that every target loses its own.
    pub(super) fn nothing(lists: &[Vec<&Grant>]) -> Self {
        let lost = lists.iter().flatten().map(|grant| grant.target.clone()).collect();
        Self {
            grants: Vec::new(),
            lost,
        }
    }
}

/// Returns the grants, and parts of grants, that every list allows: same source, same port, same match.
pub(super) fn to_all(lists: &[Vec<&Grant>]) -> Common {
    let (Some(first), more) = (lists.first(), lists.len() > 1) else {
        return Common::nothing(lists);
    };
    if !more {
        let grants = first.iter().map(|grant| (*grant).clone()).collect();
        return Common {
            grants,
            lost: BTreeSet::new(),
        };
    }
    let mut common = Common {
        grants: Vec::new(),
        lost: BTreeSet::new(),
    };
    let mut seen: BTreeSet<*const Grant> = BTreeSet::new();
    let mut left = MAX_COMBINATIONS;
    for grant in lists.iter().flatten() {
        if !seen.insert(std::ptr::from_ref(*grant)) {
            continue;
        }
        let kept = part(grant, lists, &mut left);
        if kept.as_slice() != [(*grant).clone()] {
            common.lost.insert(grant.target.clone());
        }
        common.grants.extend(kept);
    }
    common.grants.sort_by(|one, other| one.target.cmp(&other.target));
    common
}

/// The reach of a source: ports, where `None` stands for all of them, and the matches allowed on each.
type Extent = Vec<(Option<u16>, Vec<usize>)>;

/// Returns the part of a grant that every list allows, as grants.
fn part(grant: &Grant, lists: &[Vec<&Grant>], left: &mut usize) -> Vec<Grant> {
    let ports: Vec<Option<u16>> = match &grant.ports {
        Ports::All => vec![None],
        Ports::Only(ports) => ports.iter().copied().map(Some).collect(),
    };
    let matches: Vec<Option<&Arc<HttpMatch>>> = match &grant.traffic {
        Granted::Http(matches) => matches.iter().map(Some).collect(),
        Granted::Tcp | Granted::Udp => vec![None],
    };
    let others = lists.iter().map(Vec::len).sum();
    let counts = [ports.len(), matches.len(), grant.sources.len(), others];
    let combinations = counts.into_iter().fold(1, usize::saturating_mul);
    let Some(rest) = left.checked_sub(combinations) else {
        return Vec::new();
    };
    *left = rest;
    // Group sources of the same extent, then ports with the same matches.
    let mut by_extent: BTreeMap<Extent, BTreeSet<Principal>> = BTreeMap::new();
    for source in grant.sources.iter() {
        let extent = ports.iter().filter_map(|port| {
            let in_every_list = matches.iter().enumerate().filter(|(_, matching)| {
                lists.iter().all(|list| {
                    list.iter()
                        .any(|other| covers(other, source, *port, &grant.traffic, **matching))
                })
            });
            let allowed: Vec<usize> = in_every_list.map(|(index, _)| index).collect();
            (!allowed.is_empty()).then_some((*port, allowed))
        });
        let extent: Extent = extent.collect();
        if !extent.is_empty() {
            by_extent.entry(extent).or_default().insert(source.clone());
        }
    }
    let mut kept = Vec::new();
    for (extent, sources) in by_extent {
        let mut by_matches: BTreeMap<Vec<usize>, Vec<Option<u16>>> = BTreeMap::new();
        for (port, allowed) in extent {
            by_matches.entry(allowed).or_default().push(port);
        }
        let sources = Arc::new(sources);
        for (allowed, ports) in by_matches {
            let only = ports.iter().copied().collect::<Option<BTreeSet<u16>>>();
            let chosen = allowed
                .iter()
                .filter_map(|index| matches.get(*index).copied().flatten().cloned());
            kept.push(Grant {
                sources: Arc::clone(&sources),
                ports: only.map_or(Ports::All, Ports::Only),
                traffic: match &grant.traffic {
                    Granted::Http(_) => Granted::Http(chosen.collect()),
                    other => other.clone(),
                },
                ..grant.clone()
            });
        }
    }
    kept
}

/// Returns `true` if a grant allows a source to send the traffic to one port, or to all ports if `port` is `None`.
fn covers(
    grant: &Grant,
    source: &Principal,
    port: Option<u16>,
    traffic: &Granted,
    matching: Option<&Arc<HttpMatch>>,
) -> bool {
    let allows_port = match port {
        Some(port) => grant.ports.contains(port),
        None => grant.ports == Ports::All,
    };
    let allows = match (&grant.traffic, traffic) {
        (Granted::Tcp, Granted::Tcp | Granted::Http(_)) | (Granted::Udp, Granted::Udp) => true,
        (Granted::Http(matches), Granted::Http(_)) => matching.is_some_and(|matching| matches.contains(matching)),
        _ => false,
    };
    allows_port && allows && grant.sources.contains(source)
}
