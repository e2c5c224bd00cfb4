use super::Comparison::{Any, Exact, Prefix, Suffix};
use super::*;
use crate::pattern::domain::{ANY, PATHS};
use crate::pattern::{Anchor, Pattern};
use proptest::prelude::*;

fn lowered(pattern: &str, anchor: Anchor) -> Option<Vec<Comparison>> {
    Pattern::new(pattern, anchor).unwrap().lower()
}

fn exact(texts: &[&str]) -> Vec<Comparison> {
    texts.iter().map(|text| Exact((*text).into())).collect()
}

#[test]
fn plain_patterns_are_lowered_as_by_their_trees() {
    for text in ["/", "/api/v1", "/.*", "/api/v1/.*", "a-b_C.*", "GET"] {
        for anchor in [Anchor::Full, Anchor::Start, Anchor::Search] {
            let pattern = Pattern::new(text, anchor).unwrap();
            let tree = pattern.whole_tree().unwrap();
            assert_eq!(pattern.lower(), decide(tree, &ANY).unwrap(), "{pattern:?}");
            assert_eq!(pattern.lower_path(), decide(tree, &PATHS).unwrap(), "{pattern:?}");
        }
    }
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
