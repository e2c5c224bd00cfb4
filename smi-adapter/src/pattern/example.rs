//! An example of a text that a pattern matches, to avoid proofs on automata.

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look};

/// The length of the longest example, in bytes.
const MAX_LENGTH: usize = 256;

/// Returns a text that matches `tree` as a whole; `None` if none is found quickly.
pub(super) fn of(tree: &Hir) -> Option<String> {
    let mut text = String::new();
    extend(&within_anchors(tree), &mut text)?;
    (text.len() <= MAX_LENGTH).then_some(text)
}

/// Returns the parts of a tree without an anchor at its beginning and end.
pub(super) fn within_anchors(tree: &Hir) -> Vec<&Hir> {
    let mut parts: Vec<&Hir> = match tree.kind() {
        HirKind::Concat(parts) => parts.iter().collect(),
        _ => vec![tree],
    };
    if parts
        .first()
        .is_some_and(|part| *part.kind() == HirKind::Look(Look::Start))
    {
        parts.remove(0);
    }
    if parts
        .last()
        .is_some_and(|part| *part.kind() == HirKind::Look(Look::End))
    {
        parts.pop();
    }
    parts
}

/// Appends a text that matches the parts one after the other.
fn extend(parts: &[&Hir], text: &mut String) -> Option<()> {
    parts.iter().try_for_each(|part| append(part, text))
}

fn append(tree: &Hir, text: &mut String) -> Option<()> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    match tree.kind() {
        HirKind::Empty => {}
        // Its meaning depends on the characters around it.
        HirKind::Look(_) => return None,
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(character(class)?),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                append(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, text)?,
        HirKind::Concat(parts) => extend(&parts.iter().collect::<Vec<_>>(), text)?,
        HirKind::Alternation(parts) => append(parts.first()?, text)?,
    }
    Some(())
}

/// Returns a character of a class: a slash at best, or a letter or digit.
fn character(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let contains = |c: &char| {
        class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(c))
    };
    let preferred = std::iter::once('/')
        .chain('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain('!'..='~');
    let first = || class.ranges().first().map(ClassUnicodeRange::start);
    preferred.into_iter().find(contains).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_examples() {
        for (pattern, example) in [
            ("/api", Some("/api")),
            ("^/api$", Some("/api")),
            (".+", Some("/")),
            ("/api/v[0-9]+(/.*)?", Some("/api/v0")),
            ("(?i)/A|/b", Some("/a")),
            ("a$b", None),
            ("a{1000}", None),
        ] {
            let tree = regex_syntax::parse(pattern).unwrap();
            assert_eq!(of(&tree).as_deref(), example, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn examples_match(pattern in "[ab./]{0,3}(\\*|\\?|\\+)?(a|b|[^a])?") {
            if let Some(example) = regex_syntax::parse(&pattern).ok().as_ref().and_then(of) {
                let regex = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
                prop_assert!(regex.is_match(&example), "{} {}", pattern, example);
            }
        }
    }
}
