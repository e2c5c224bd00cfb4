//! Conversion of patterns to comparisons, for meshes without regular expressions.

use super::automata::{Language, equal};
use super::domain::Domain;
use super::member::is_member;
use super::pieces::{self, expand};
use super::{Anchor, Pattern};
use regex_syntax::hir::Hir;
use std::collections::BTreeSet;

/// The largest size of all comparisons that are returned without a proof on automata, whose limits bound it otherwise.
const MAX_BYTES: usize = 4096;

/// A comparison of a text that needs no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// Any text.
    Any,
    /// This text.
    Exact(String),
    /// A text that begins with this nonempty one.
    Prefix(String),
    /// A text that ends with this nonempty one.
    Suffix(String),
}

impl Comparison {
    /// Returns the only comparison that is equal to a pattern without special characters.
    pub(super) fn of_plain(pattern: &Pattern) -> Option<Self> {
        let (text, has_rest) = pattern.portable.plain()?;
        match (pattern.anchor, has_rest) {
            (Anchor::Full, false) => Some(Self::Exact(text.to_owned())),
            (Anchor::Full, true) | (Anchor::Start, _) => Some(Self::Prefix(text.to_owned())),
            (Anchor::Search, _) => None,
        }
    }

    /// Returns an equal regular expression, which must match the whole text.
    fn to_regex(&self) -> String {
        match self {
            Self::Any => "(?s:.*)".to_owned(),
            Self::Exact(text) => regex::escape(text),
            Self::Prefix(text) => format!("{}(?s:.*)", regex::escape(text)),
            Self::Suffix(text) => format!("(?s:.*){}", regex::escape(text)),
        }
    }

    /// Returns `true` if every text that fulfils `other` also fulfils this comparison.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Prefix(begin), Self::Exact(text) | Self::Prefix(text)) => text.starts_with(begin.as_str()),
            (Self::Suffix(end), Self::Exact(text) | Self::Suffix(text)) => text.ends_with(end.as_str()),
            (one, other) => one == other,
        }
    }

    /// Returns some texts that fulfil the comparison.
    fn samples(&self) -> Vec<String> {
        let some = ["", "/", "~", "/~"].into_iter();
        match self {
            Self::Any => some.map(str::to_owned).collect(),
            Self::Exact(text) => vec![text.clone()],
            Self::Prefix(text) => some.map(|rest| format!("{text}{rest}")).collect(),
            Self::Suffix(text) => some.map(|rest| format!("{rest}{text}")).collect(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Exact(text) | Self::Prefix(text) | Self::Suffix(text) => text.len(),
        }
    }
}

/// The syntax tree does not decide a question.
#[derive(Debug)]
pub(super) struct Undecided;

/// Returns sorted comparisons, none covered by another, that are equal to matching `pattern` as a whole, for the texts in
/// `domain`.
pub(super) fn lower(pattern: &Pattern, domain: &Domain) -> Option<Vec<Comparison>> {
    let tree = pattern.whole_tree()?;
    decide(tree, domain).unwrap_or_else(|Undecided| prove(tree, pattern.language(), domain))
}

/// Returns what [`prove`] returns, or more where that takes too much work, from the syntax tree alone.
pub(super) fn decide(tree: &Hir, domain: &Domain) -> Result<Option<Vec<Comparison>>, Undecided> {
    if let Some(all) = exact(tree, domain) {
        let is_covered = |part: &Comparison| all.iter().any(|one| one.covers(part));
        // The others leave out a text, because there are more characters than comparisons.
        return Ok(if domain.parts.iter().all(is_covered) {
            Some(vec![Comparison::Any])
        } else {
            within(&all, domain)
        });
    }
    if may_be_any(tree) {
        if pieces::is_every_text(tree, domain) {
            return Ok(Some(vec![Comparison::Any]));
        }
        if !domain.samples.iter().any(|text| is_outside(tree, text)) {
            return Err(Undecided);
        }
    }
    let candidates = candidates(tree)
        .and_then(|all| within(&all, domain))
        .unwrap_or_default();
    let samples = candidates.iter().flat_map(Comparison::samples);
    let mut samples = samples.filter(|text| (domain.contains)(text));
    if candidates.is_empty() || samples.any(|text| is_outside(tree, &text)) {
        Ok(None)
    } else {
        Err(Undecided)
    }
}

/// Derives comparisons from the syntax tree, and proves on automata that they are equal to the language.
pub(super) fn prove(tree: &Hir, language: Option<&Language>, domain: &Domain) -> Option<Vec<Comparison>> {
    let is_equal_to = |regex: &str| equal(domain.texts.as_ref(), language, Language::new(regex).as_ref());
    if may_be_any(tree) && is_equal_to(&Comparison::Any.to_regex()) {
        return Some(vec![Comparison::Any]);
    }
    let comparisons = within(&candidates(tree)?, domain)?;
    let regexes: Vec<String> = comparisons.iter().map(Comparison::to_regex).collect();
    is_equal_to(&regexes.join("|")).then_some(comparisons)
}

/// Returns `true` unless it is certain that some text of a request does not match: the shortest ones have one character,
/// and there is no longest one.
fn may_be_any(tree: &Hir) -> bool {
    let properties = tree.properties();
    properties.minimum_len().is_some_and(|least| least <= 1) && properties.maximum_len().is_none()
}

fn is_outside(tree: &Hir, text: &str) -> bool {
    is_member(tree, text) == Some(false)
}

/// Returns comparisons that are probably equal to a syntax tree.
fn candidates(tree: &Hir) -> Option<BTreeSet<Comparison>> {
    pieces::comparisons(&expand(tree)?)
}

/// Returns comparisons that are certainly equal to a syntax tree, for all texts of the characters of a domain.
fn exact(tree: &Hir, domain: &Domain) -> Option<BTreeSet<Comparison>> {
    let texts = expand(tree)?;
    let all = pieces::comparisons(&texts)?;
    let is_small = all.iter().map(Comparison::len).sum::<usize>() <= MAX_BYTES;
    (is_small && pieces::are_exact(tree, &texts, domain)).then_some(all)
}

/// Returns the comparisons that a text of the domain can fulfil, except those covered by others; `None` if there are none,
/// because an empty alternation would match the empty text.
fn within(all: &BTreeSet<Comparison>, domain: &Domain) -> Option<Vec<Comparison>> {
    let possible: Vec<&Comparison> = all.iter().filter(|one| (domain.may_fulfil)(one)).collect();
    let is_covered = |one: &Comparison| possible.iter().any(|other| **other != *one && other.covers(one));
    let comparisons: Vec<Comparison> = possible
        .iter()
        .filter(|one| !is_covered(one))
        .map(|one| (*one).clone())
        .collect();
    (!comparisons.is_empty()).then_some(comparisons)
}

/// Returns `true` if it is certain that every text that begins with a match also matches.
pub(super) fn is_closed(tree: &Hir, domain: &Domain) -> bool {
    let Some(all) = exact(tree, domain) else { return false };
    let is_open = |one: &Comparison| match one {
        Comparison::Any | Comparison::Prefix(_) => false,
        Comparison::Exact(text) => {
            let longer = Comparison::Prefix(text.clone());
            !all.iter().any(|other| other.covers(&longer))
        }
        Comparison::Suffix(_) => true,
    };
    !all.iter().any(is_open)
}

#[cfg(test)]
mod tests;
