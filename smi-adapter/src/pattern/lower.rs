//! Conversion of patterns to comparisons, for meshes without regular expressions.

use super::automata::equal;
use super::domain::Domain;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look, Repetition};
use std::collections::BTreeSet;

/// The largest number of comparisons that a pattern may become.
const MAX_COMPARISONS: usize = 64;
/// The largest number of pieces in all of them while they are constructed, which bounds the work.
const MAX_PIECES: usize = 4096;

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
}

/// A piece of a text: a fixed part, any rest, or a position at which the text must begin or end.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Rest,
    Begin,
    End,
}

/// Returns sorted comparisons, none covered by another, that are equal to matching `pattern` as a whole, for the texts in
/// `domain`. They are derived from the syntax tree, and then proved equal on automata.
pub(super) fn lower(pattern: &str, domain: &Domain) -> Option<Vec<Comparison>> {
    let tree = regex_syntax::parse(pattern).ok()?;
    if may_be_any(&tree) && equal(&domain.texts, pattern, &Comparison::Any.to_regex()) {
        return Some(vec![Comparison::Any]);
    }
    let texts = expand(&tree)?;
    let all: BTreeSet<Comparison> = texts
        .iter()
        .filter_map(|text| within_ends(text))
        .map(comparison)
        .filter(|one| one.as_ref().is_none_or(|one| (domain.may_fulfil)(one)))
        .collect::<Option<_>>()?;
    let is_covered = |one: &Comparison| all.iter().any(|other| other != one && other.covers(one));
    let comparisons: Vec<Comparison> = all.iter().filter(|one| !is_covered(one)).cloned().collect();
    let regexes: Vec<String> = comparisons.iter().map(Comparison::to_regex).collect();
    // An empty alternation would match the empty text.
    if comparisons.is_empty() {
        return None;
    }
    equal(&domain.texts, pattern, &regexes.join("|")).then_some(comparisons)
}

/// Returns `true` unless it is certain that some text of a request does not match: the shortest ones have one character,
/// and there is no longest one.
fn may_be_any(tree: &Hir) -> bool {
    let properties = tree.properties();
    properties.minimum_len().is_some_and(|least| least <= 1) && properties.maximum_len().is_none()
}

/// Returns the texts of a syntax tree. Word boundaries are ignored here; if they matter, the proof fails.
fn expand(tree: &Hir) -> Option<Vec<Vec<Piece>>> {
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

/// Returns `true` if a tree matches any single character, possibly except a line feed.
fn is_any(tree: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = tree.kind() else {
        return false;
    };
    class.ranges().iter().map(ClassUnicodeRange::len).sum::<usize>() >= 0x11_0000 - 0x800 - 1
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

#[cfg(test)]
mod tests {
    use super::Comparison::{Any, Exact, Prefix, Suffix};
    use super::*;
    use crate::pattern::{Anchor, Pattern};
    use proptest::prelude::*;

    fn lowered(pattern: &str, anchor: Anchor) -> Option<Vec<Comparison>> {
        Pattern::new(pattern, anchor).unwrap().lower()
    }

    fn exact(texts: &[&str]) -> Vec<Comparison> {
        texts.iter().map(|text| Exact((*text).into())).collect()
    }

    #[test]
    fn lowers_patterns_that_equal_comparisons() {
        for (pattern, expected) in [
            ("/api", exact(&["/api"])),
            ("^/api$", exact(&["/api"])),
            ("", exact(&[""])),
            ("/api/.*", vec![Prefix("/api/".into())]),
            ("/a(/.*)?", vec![Exact("/a".into()), Prefix("/a/".into())]),
            (".*", vec![Any]),
            (".*.*", vec![Any]),
            ("a.*.*", vec![Prefix("a".into())]),
            (".*/end", vec![Suffix("/end".into())]),
            ("(?i)ab", exact(&["AB", "Ab", "aB", "ab"])),
            ("/v[12]/x|/y", exact(&["/v1/x", "/v2/x", "/y"])),
            ("a{2}b{0,1}", exact(&["aa", "aab"])),
            ("/a.*|/ab|/abc.*", vec![Prefix("/a".into())]),
            ("/foo\\*", exact(&["/foo*"])),
            ("a(?:b|)", exact(&["a", "ab"])),
            ("\\bfoo", exact(&["foo"])),
            ("a|b^c|d$e", exact(&["a"])),
        ] {
            assert_eq!(lowered(pattern, Anchor::Full), Some(expected), "{pattern}");
        }
        assert_eq!(lowered("/api", Anchor::Start), Some(vec![Prefix("/api".into())]));
        assert_eq!(lowered("^/api$", Anchor::Start), Some(exact(&["/api"])));
        assert_eq!(lowered("", Anchor::Search), Some(vec![Any]));
        assert_eq!(
            lowered("^a|b$", Anchor::Search),
            Some(vec![Prefix("a".into()), Suffix("b".into())])
        );
    }

    #[test]
    fn does_not_lower_other_patterns() {
        for pattern in [
            ".+",
            "/a/.+",
            "/[^/]+",
            "/orders/[0-9]+",
            "a.*b",
            ".*a.*",
            "a*",
            "[a-z]{2}",
            "[^a]",
            "a^b",
            "(?:.*a){3}",
            "a{1000}b{0,1000}",
        ] {
            assert_eq!(lowered(pattern, Anchor::Full), None, "{pattern}");
        }
        assert_eq!(lowered("a", Anchor::Search), None);
    }

    #[test]
    fn the_largest_patterns_take_bounded_work() {
        let many: Vec<String> = (0..65).map(|number| format!("/{number:03}")).collect();
        assert_eq!(lowered(&many.join("|"), Anchor::Full), None);
        assert_eq!(
            lowered(&many[1..].join("|"), Anchor::Full).map(|all| all.len()),
            Some(64)
        );
        for pattern in [
            "(?:(?:a?){30}){30}",
            "(?:a|b){0,15}",
            "(?i)k{500}",
            "(?:[^/]{1,30}/){20}",
            &"a".repeat(4000),
        ] {
            _ = lowered(pattern, Anchor::Search);
        }
    }

    proptest! {
        /// A text fulfils one of the comparisons if and only if it matches the pattern.
        #[test]
        fn comparisons_match_the_same_texts_as_the_pattern(
            pattern in "((a|b|c|ab|/|[ab]|(ab?)|(a|bc)|\\.\\*)\\??){0,4}",
            text in "[abc/]{0,5}",
        ) {
            let pattern = Pattern::new(&pattern, Anchor::Full).unwrap();
            if let Some(comparisons) = pattern.lower() {
                let fulfilled = comparisons.iter().any(|comparison| match comparison {
                    Any => true,
                    Exact(exact) => text == *exact,
                    Prefix(begin) => text.starts_with(begin.as_str()),
                    Suffix(end) => text.ends_with(end.as_str()),
                });
                prop_assert_eq!(fulfilled, pattern.is_match(&text));
            }
        }
    }
}
