//! The texts of a syntax tree as sequences of fixed parts and any rests.

use super::domain::Domain;
use super::example::within_anchors;
use super::lower::Comparison;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};
use std::collections::BTreeSet;

/// The largest number of comparisons that a pattern may become.
const MAX_COMPARISONS: usize = 64;
/// The largest number of pieces in all of them while they are constructed, which bounds the work.
const MAX_PIECES: usize = 4096;

/// A piece of a text: a fixed part, any rest, or a position at which the text must begin or end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Rest,
    Begin,
    End,
}

/// Returns the texts of a syntax tree, with [`Piece::Rest`] for nearly any characters and without word boundaries:
/// [`are_exact`] tells whether that makes no difference.
pub(super) fn expand(tree: &Hir) -> Option<Vec<Vec<Piece>>> {
    let texts = match tree.kind() {
        HirKind::Look(Look::Start) => vec![vec![Piece::Begin]],
        HirKind::Look(Look::End) => vec![vec![Piece::End]],
        HirKind::Empty | HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => vec![vec![Piece::Text(String::from_utf8(literal.0.to_vec()).ok()?)]],
        HirKind::Class(class) => characters(class)?,
        HirKind::Repetition(repetition) => repeat(repetition)?,
        HirKind::Capture(capture) => expand(&capture.sub)?,
        HirKind::Concat(parts) => parts
            .iter()
            .try_fold(vec![Vec::new()], |texts, part| join(&texts, &expand(part)?))?,
        HirKind::Alternation(parts) => {
            let mut texts = Vec::new();
            for part in parts {
                texts.extend(expand(part)?);
            }
            texts
        }
    };
    is_small(&texts).then_some(texts)
}

fn is_small(texts: &[Vec<Piece>]) -> bool {
    texts.len() <= MAX_COMPARISONS && texts.iter().map(Vec::len).sum::<usize>() <= MAX_PIECES
}

/// Concatenates every text of `first` with every text of `second`.
fn join(first: &[Vec<Piece>], second: &[Vec<Piece>]) -> Option<Vec<Vec<Piece>>> {
    if first.len() * second.len() > MAX_COMPARISONS {
        return None;
    }
    let joined: Vec<_> = first
        .iter()
        .flat_map(|first| second.iter().map(move |second| [&**first, second].concat()))
        .collect();
    is_small(&joined).then_some(joined)
}

fn characters(class: &Class) -> Option<Vec<Vec<Piece>>> {
    let Class::Unicode(class) = class else { return None };
    let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    let some: Vec<char> = all.take(MAX_COMPARISONS + 1).collect();
    Some(
        some.into_iter()
            .map(|character| vec![Piece::Text(character.into())])
            .collect(),
    )
}

fn repeat(repetition: &Repetition) -> Option<Vec<Vec<Piece>>> {
    if repetition.min == 0 && repetition.max.is_none() && is_any(&repetition.sub) {
        return Some(vec![vec![Piece::Rest]]);
    }
    let once = expand(&repetition.sub)?;
    let mut texts = vec![Vec::new()];
    for _ in 0..repetition.min {
        texts = join(&texts, &once)?;
    }
    let mut all = texts.clone();
    for _ in repetition.min..repetition.max? {
        texts = join(&texts, &once)?;
        all.extend(texts.iter().cloned());
        if !is_small(&all) {
            return None;
        }
    }
    Some(all)
}

/// Returns `true` if a tree matches any single character, except for a few.
fn is_any(tree: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = tree.kind() else {
        return false;
    };
    class.ranges().iter().map(ClassUnicodeRange::len).sum::<usize>() >= 0x11_0000 - 0x800 - 1
}

/// Returns `true` if it is certain that the texts of a syntax tree are the matching ones, for the characters of a domain.
pub(super) fn are_exact(tree: &Hir, texts: &[Vec<Piece>], domain: &Domain) -> bool {
    // At an end before a beginning, `within_ends` does not see that the text must be empty.
    let is_in_order = |pieces: &Vec<Piece>| {
        let end = pieces.iter().position(|piece| *piece == Piece::End);
        let begin = pieces.iter().rposition(|piece| *piece == Piece::Begin);
        end.is_none() || begin.is_none() || begin < end
    };
    has_plain_parts(tree, domain) && texts.iter().all(is_in_order)
}

/// Returns `true` if a tree has no assertions other than for whole texts, and each rest can be any text of the domain.
fn has_plain_parts(tree: &Hir, domain: &Domain) -> bool {
    match tree.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(Look::Start | Look::End) => true,
        HirKind::Look(_) => false,
        HirKind::Class(class) => !is_any(tree) || contains_all(class, domain),
        HirKind::Repetition(repetition) => has_plain_parts(&repetition.sub, domain),
        HirKind::Capture(capture) => has_plain_parts(&capture.sub, domain),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|part| has_plain_parts(part, domain)),
    }
}

/// Returns `true` if a class contains every character of the domain, and nearly every other one.
fn contains_all(class: &Class, domain: &Domain) -> bool {
    let Class::Unicode(class) = class else { return false };
    let mut missing: ClassUnicode = class.clone();
    missing.negate();
    missing
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .all(|character| !(domain.may_have)(character))
}

/// Returns `true` if it is certain that a tree matches every text of the domain, because it only repeats any character.
pub(super) fn is_every_text(tree: &Hir, domain: &Domain) -> bool {
    let parts = within_anchors(tree);
    let least = parts.iter().map(|part| least_any(part, domain)).sum::<Option<u32>>();
    !parts.is_empty() && least.is_some_and(|least| least <= domain.shortest)
}

/// Returns the length from which on a tree matches every text of the characters of the domain.
fn least_any(tree: &Hir, domain: &Domain) -> Option<u32> {
    match tree.kind() {
        HirKind::Capture(capture) => least_any(&capture.sub, domain),
        HirKind::Repetition(repetition) => {
            let HirKind::Class(class) = repetition.sub.kind() else {
                return None;
            };
            let is_any = is_any(&repetition.sub) && contains_all(class, domain);
            (is_any && repetition.max.is_none()).then_some(repetition.min)
        }
        _ => None,
    }
}

/// Returns the comparisons for some texts; `None` if there is no comparison for one of them.
pub(super) fn comparisons(texts: &[Vec<Piece>]) -> Option<BTreeSet<Comparison>> {
    texts
        .iter()
        .filter_map(|text| within_ends(text))
        .map(comparison)
        .collect()
}

/// Returns the pieces between the positions at which the text must begin and end; `None` if no text is possible.
fn within_ends(pieces: &[Piece]) -> Option<&[Piece]> {
    let may_be_empty = |pieces: &[Piece]| {
        !pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Text(text) if !text.is_empty()))
    };
    let begin = pieces.iter().rposition(|piece| *piece == Piece::Begin);
    let (before, pieces) = pieces.split_at(begin.map_or(0, |begin| begin + 1));
    let end = pieces.iter().position(|piece| *piece == Piece::End);
    let (pieces, after) = pieces.split_at(end.unwrap_or(pieces.len()));
    (may_be_empty(before) && may_be_empty(after)).then_some(pieces)
}

/// Converts pieces to a comparison; `None` if they contain [`Piece::Rest`] elsewhere than at one end.
fn comparison(pieces: &[Piece]) -> Option<Comparison> {
    let rest = pieces.iter().position(|piece| *piece == Piece::Rest);
    let last_rest = pieces.iter().rposition(|piece| *piece == Piece::Rest);
    let (Some(rest), Some(last_rest)) = (rest, last_rest) else {
        return Some(Comparison::Exact(text(pieces)));
    };
    let (begin, others) = pieces.split_at(rest);
    let (between, end) = others.split_at(last_rest - rest);
    match (text(begin), text(between), text(end)) {
        (begin, between, end) if begin.is_empty() && between.is_empty() && end.is_empty() => Some(Comparison::Any),
        (begin, between, end) if between.is_empty() && end.is_empty() => Some(Comparison::Prefix(begin)),
        (begin, between, end) if begin.is_empty() && between.is_empty() => Some(Comparison::Suffix(end)),
        _ => None,
    }
}

/// Concatenates the fixed parts of some pieces.
fn text(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Rest | Piece::Begin | Piece::End => "",
    });
    texts.collect()
}
