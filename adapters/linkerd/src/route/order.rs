//! The order of splits with matches on one port.
//!
//! Linkerd uses the most specific match of all routes: it compares the length of the matched path, then the number of
//! headers, then whether there is a method. Only between equals does it use the first one, and only within one route is
//! it certain which one that is. So a later split stands where every earlier match is at least as specific (T29), and
//! matches that tie are kept together.

use super::{MAX_MATCHES, MAX_RULES};
use crate::native::HttpRouteMatch;
use smi_adapter::model::route::{HttpMatch, PortSplit};
use smi_adapter::object::ObjectKey;
use smi_adapter::pattern::{Comparison, Pattern};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The most rules that can precede the rule for every request in its route.
const MAX_PINNED: usize = MAX_RULES - 1;

/// The splits with matches that are in force on a port, in their order.
#[derive(Default)]
pub(super) struct Order<'a> {
    splits: Vec<Ordered<'a>>,
}

/// A split with the matches that Linkerd can express.
pub(super) struct Ordered<'a> {
    pub(super) split: &'a PortSplit,
    matches: Vec<Expressed<'a>>,
    /// The indices of matches that tie with a match of another split, or with the rule for every request. They must be in
    /// the route of that rule.
    pinned: BTreeSet<usize>,
}

/// A match, and the native matches that express it. There is at least one.
pub(super) struct Expressed<'a> {
    pub(super) matching: &'a HttpMatch,
    pub(super) requests: Vec<HttpRouteMatch>,
}

/// The reason why a split cannot take its place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// For some request that the earlier split takes, a match of the later one may be more specific.
    MoreSpecific(ObjectKey),
    /// The matches that tie with those of the earlier split do not fit into one route.
    NoRoomBeside(ObjectKey),
    /// The matches that tie with the rule for every request do not fit into its route.
    NoRoom,
}

impl<'a> Order<'a> {
    /// Adds a split behind all others, unless Linkerd would not keep that order.
    pub(super) fn add(&mut self, split: &'a PortSplit, matches: Vec<Expressed<'a>>) -> Result<(), Misfit> {
        let mut later = Ordered::new(split, matches);
        let mut tied = None;
        let mut pins = Vec::new();
        for earlier in &self.splits {
            let pinned = pin_ties(earlier, &mut later).ok_or_else(|| Misfit::MoreSpecific(earlier.key()))?;
            if !pinned.is_empty() {
                tied.get_or_insert_with(|| earlier.key());
            }
            pins.push(&pinned | &earlier.pinned);
        }
        let earlier = self.splits.iter().zip(&pins);
        let rules: usize = earlier.map(|(earlier, pinned)| earlier.rules(pinned)).sum();
        if rules + later.rules(&later.pinned) > MAX_PINNED {
            return Err(tied.map_or(Misfit::NoRoom, Misfit::NoRoomBeside));
        }
        for (earlier, pinned) in self.splits.iter_mut().zip(pins) {
            earlier.pinned = pinned;
        }
        self.splits.push(later);
        Ok(())
    }

    /// Returns the splits in their order.
    pub(super) fn splits(&self) -> &[Ordered<'a>] {
        &self.splits
    }
}

impl<'a> Ordered<'a> {
    fn new(split: &'a PortSplit, matches: Vec<Expressed<'a>>) -> Self {
        let indexed = matches.iter().enumerate();
        let pinned = indexed
            .filter(|(_, expressed)| ties_with_everything(expressed.matching))
            .map(|(index, _)| index)
            .collect();
        Self { split, matches, pinned }
    }

    fn key(&self) -> ObjectKey {
        self.split.key().clone()
    }

    /// Returns the native matches that are pinned, or the others.
    pub(super) fn requests(&self, pinned: bool) -> Vec<HttpRouteMatch> {
        let indexed = self.matches.iter().enumerate();
        indexed
            .filter(|(index, _)| self.pinned.contains(index) == pinned)
            .flat_map(|(_, expressed)| expressed.requests.iter().cloned())
            .collect()
    }

    /// Returns the number of rules for these matches.
    fn rules(&self, pinned: &BTreeSet<usize>) -> usize {
        let matches = pinned.iter().filter_map(|index| self.matches.get(*index));
        let requests: usize = matches.map(|expressed| expressed.requests.len()).sum();
        requests.div_ceil(MAX_MATCHES)
    }
}

/// Pins the matches of the later split that tie with one of the earlier split, and returns those of the earlier split.
/// Returns `None` if a match of the later split may be more specific.
fn pin_ties(earlier: &Ordered<'_>, later: &mut Ordered<'_>) -> Option<BTreeSet<usize>> {
    let mut pinned = BTreeSet::new();
    let is_pinned = |pinned: &BTreeSet<usize>, index| pinned.contains(&index) || earlier.pinned.contains(&index);
    for (after, second) in later.matches.iter().enumerate() {
        for (before, first) in earlier.matches.iter().enumerate() {
            let order = compare(first.matching, second.matching);
            let counts = match order {
                Ordering::Less => true,
                // A proof that two matches are disjoint is expensive, and changes nothing if both are pinned.
                Ordering::Equal => !(is_pinned(&pinned, before) && later.pinned.contains(&after)),
                Ordering::Greater => false,
            };
            if !counts || first.matching.is_disjoint(second.matching) {
                continue;
            }
            if order == Ordering::Less {
                return None;
            }
            pinned.insert(before);
            later.pinned.insert(after);
        }
    }
    Some(pinned)
}

/// Compares how specific two matches are for a request that both take. Where that depends on the request, returns the
/// least result.
fn compare(first: &HttpMatch, second: &HttpMatch) -> Ordering {
    let others = |matching: &HttpMatch| (matching.headers().len(), matching.methods().is_some());
    let others = others(first).cmp(&others(second));
    // A pattern matches the whole path; no pattern is the prefix `/`, which always has length 1.
    match (first.path(), second.path()) {
        (None, Some(path)) if !takes_only_short_paths(path) => Ordering::Less,
        (Some(path), None) if !path.is_match("/") => Ordering::Greater,
        _ => others,
    }
}

/// Returns `true` if it is certain that a pattern matches no path that is longer than `/`.
fn takes_only_short_paths(path: &Pattern) -> bool {
    let is_short = |comparison: &Comparison| matches!(comparison, Comparison::Exact(text) if text.len() <= 1);
    path.lower().is_some_and(|comparisons| comparisons.iter().all(is_short))
}

/// Returns `true` if, for some request, a match is no more specific than the match of every request.
fn ties_with_everything(matching: &HttpMatch) -> bool {
    let takes_the_root_path = || matching.path().is_none_or(|path| path.is_match("/"));
    // The path is last, because its pattern has to be compiled.
    matching.methods().is_none() && matching.headers().is_empty() && takes_the_root_path()
}
