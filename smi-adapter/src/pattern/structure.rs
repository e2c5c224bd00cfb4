//! Answers about patterns from their syntax trees, where those decide; `None` where they do not.

use super::domain::{PATHS, is_path};
use super::member::is_member;
use super::{Pattern, lower};
use regex_syntax::hir::literal::{Literal, Seq};
use regex_syntax::hir::{Hir, Look};

/// Returns `true` if no text matches both patterns.
pub(super) fn is_disjoint(a: &Pattern, b: &Pattern) -> Option<bool> {
    let (tree_a, tree_b) = (a.whole_tree()?, b.whole_tree()?);
    let is_outside = |tree: &Hir, literal: &Literal| {
        let text = std::str::from_utf8(literal.as_bytes()).ok();
        literal.is_exact() && text.is_some_and(|text| is_member(tree, text) == Some(false))
    };
    let (begin, end) = (<[u8]>::starts_with, <[u8]>::ends_with);
    if are_apart(a.beginnings(), b.beginnings(), begin, |literal| {
        is_outside(tree_b, literal)
    }) || are_apart(b.beginnings(), a.beginnings(), begin, |literal| {
        is_outside(tree_a, literal)
    }) || are_apart(a.endings(), b.endings(), end, |_| false)
    {
        return Some(true);
    }
    let (a, b) = (a.example()?, b.example()?);
    let is_common = |text: &str| is_member(tree_a, text) == Some(true) && is_member(tree_b, text) == Some(true);
    let is_any_common = is_common(a) || is_common(b) || is_common(&format!("{a}{b}")) || is_common(&format!("{b}{a}"));
    is_any_common.then_some(false)
}

/// Returns `true` if no text has literals of both sequences, except for those of `a` that are `outside` anyway.
fn are_apart(a: &Seq, b: &Seq, has: fn(&[u8], &[u8]) -> bool, outside: impl Fn(&Literal) -> bool) -> bool {
    let anything = [Literal::inexact("")];
    let [a, b] = [a, b].map(|all| all.literals().unwrap_or(&anything));
    let may_have_both = |a: &Literal| {
        let mut others = b.iter();
        others.any(|b| may_extend(a, b, has) || may_extend(b, a, has))
    };
    a.iter().all(|a| !may_have_both(a) || outside(a))
}

/// Returns `true` if a text with the literal `long` may also have the literal `short`.
fn may_extend(long: &Literal, short: &Literal, has: fn(&[u8], &[u8]) -> bool) -> bool {
    has(long.as_bytes(), short.as_bytes()) && (!short.is_exact() || long.len() == short.len())
}

/// Returns `true` if no text matches that begins like a text of the domain, and `false` if `contains` is certain of a
/// matching one.
pub(super) fn never_matches(
    pattern: &Pattern,
    contains: fn(&str) -> bool,
    may_begin: fn(&[u8]) -> bool,
) -> Option<bool> {
    if pattern.example().is_some_and(contains) {
        return Some(false);
    }
    let beginnings = pattern.beginnings().literals()?;
    let mut possible = beginnings.iter().filter(|literal| may_begin(literal.as_bytes()));
    possible.next().is_none().then_some(true)
}

/// Returns `true` if the same paths match the pattern as a whole and with a prefix.
pub(super) fn is_equal_for_prefixes(pattern: &Pattern) -> Option<bool> {
    if pattern.portable.takes_any_suffix() {
        return Some(true);
    }
    let tree = pattern.tree()?;
    if tree.properties().look_set_suffix().contains(Look::End) {
        return Some(true);
    }
    // The example needs no assertion behind it, so every longer path begins with a match.
    if let Some(example) = pattern.example().filter(|text| is_path(text)) {
        // A finite set of texts does not contain every extension of one of them.
        let is_finite = tree.properties().maximum_len().is_some();
        let is_longer_outside = |suffix| is_member(tree, &format!("{example}{suffix}")) == Some(false);
        if is_finite || ["/", "~", "/~"].into_iter().any(is_longer_outside) {
            return Some(false);
        }
    }
    lower::is_closed(tree, &PATHS).then_some(true)
}

#[cfg(test)]
mod tests;
