//! Membership of a text in the language of a syntax tree, without compiling it.

use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};
use std::collections::BTreeSet;

/// The largest number of trees that are visited. Usual patterns need less than a hundred.
const MAX_VISITS: usize = 2000;

/// Returns `true` if a tree matches `text` as a whole; `None` if that takes too much work, or depends on word boundaries
/// or lines.
pub(super) fn is_member(tree: &Hir, text: &str) -> Option<bool> {
    let mut walk = Walk { text, left: MAX_VISITS };
    let ends = walk.ends(tree, &BTreeSet::from([0]))?;
    Some(ends.contains(&text.len()))
}

struct Walk<'t> {
    text: &'t str,
    left: usize,
}

type Positions = BTreeSet<usize>;

impl Walk<'_> {
    /// Returns the positions at which matches end that begin at one of these positions.
    fn ends(&mut self, tree: &Hir, begins: &Positions) -> Option<Positions> {
        self.left = self.left.checked_sub(1)?;
        match tree.kind() {
            HirKind::Empty => Some(begins.clone()),
            HirKind::Look(Look::Start) => Some(begins.iter().copied().filter(|&at| at == 0).collect()),
            HirKind::Look(Look::End) => Some(begins.iter().copied().filter(|&at| at == self.text.len()).collect()),
            HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => None,
            HirKind::Literal(literal) => {
                let end = |&at: &usize| {
                    let rest = self.text.as_bytes().get(at..)?;
                    rest.starts_with(&literal.0).then_some(at + literal.0.len())
                };
                Some(begins.iter().filter_map(end).collect())
            }
            HirKind::Class(Class::Unicode(class)) => {
                let contains = |c: char| {
                    class
                        .ranges()
                        .iter()
                        .any(|range| (range.start()..=range.end()).contains(&c))
                };
                let end = |&at: &usize| {
                    let next = self.text.get(at..)?.chars().next()?;
                    contains(next).then_some(at + next.len_utf8())
                };
                Some(begins.iter().filter_map(end).collect())
            }
            HirKind::Repetition(repetition) => self.repeat(repetition, begins),
            HirKind::Capture(capture) => self.ends(&capture.sub, begins),
            HirKind::Concat(parts) => parts
                .iter()
                .try_fold(begins.clone(), |begins, part| self.ends(part, &begins)),
            HirKind::Alternation(parts) => parts.iter().try_fold(Positions::new(), |mut all, part| {
                all.extend(self.ends(part, begins)?);
                Some(all)
            }),
        }
    }

    fn repeat(&mut self, repetition: &Repetition, begins: &Positions) -> Option<Positions> {
        let mut last = begins.clone();
        for _ in 0..repetition.min {
            let next = self.ends(&repetition.sub, &last)?;
            if next == last {
                break;
            }
            last = next;
        }
        let mut all = last.clone();
        for _ in repetition.min..repetition.max.unwrap_or(u32::MAX) {
            last = self.ends(&repetition.sub, &last)?;
            if last.is_subset(&all) {
                break;
            }
            all.extend(&last);
        }
        Some(all)
    }
}
