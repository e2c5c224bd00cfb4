use super::*;
use crate::pattern::automata::{Language, disjoint, equal};
use crate::pattern::domain::{self, ANY, RECEIVED_PATHS, VALUES};
use crate::pattern::{Anchor, Engine};
use proptest::prelude::*;

/// Parts that are decided, and those that only look like them.
const PARTS: &[&str] = &[
    "",
    "()",
    "/",
    "/a",
    "a",
    "b",
    "ab",
    "k",
    "é",
    "~",
    "1",
    r"\*",
    r"\.",
    r"\?",
    "#",
    r"\n",
    r"\x{212A}",
    ".",
    ".*",
    ".+",
    ".*?",
    ".{2,}",
    "(.*)",
    "(/.*)?",
    "(?s:.)",
    "(?s:.*)",
    "(?s:.+)",
    "[^/]",
    "[^/]*",
    "[^/]+",
    "[^a]*",
    "[^?#]*",
    "[^é]*",
    r"[^\n]*",
    "[^~]*",
    "[0-9]+",
    "[ab]",
    "[a-z]*",
    r"\d",
    r"\w+",
    r"\W*",
    r"[^\x00-\x{10FFFF}]",
    "^",
    "$",
    r"\A",
    r"\z",
    "(?m:^)",
    "(?m:$)",
    r"\b",
    r"\B",
];

const REPETITIONS: &[&str] = &["*", "+", "?", "*?", "??", "{0}", "{1}", "{2}", "{0,2}", "{1,}", "{0,}"];

const FLAGS: &[&str] = &["", "?:", "?i:", "?s:", "?m:", "?U:", "?is:", "?P<n>"];

/// Patterns of paths as users write them.
const USUAL: [&str; 17] = [
    "/",
    "/api",
    "^/api$",
    "/api/.*",
    "/api/.+",
    "/api(/.*)?",
    ".*",
    ".+",
    "/.*",
    "(/a|/b)",
    "/v[12]/.*",
    "(?i)/api",
    "/orders/[0-9]+",
    "/orders/[^/]+/items",
    r"/a\.html",
    ".*/end",
    r"/api/v\d+(/.*)?",
];

fn texts() -> impl Strategy<Value = String> {
    let part = prop::sample::select(PARTS).prop_map(str::to_owned);
    part.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| parts.concat()),
            1 => inner.clone().prop_map(|part| format!("/{part}")),
            2 => (prop::sample::select(FLAGS), prop::collection::vec(inner.clone(), 1..4))
                .prop_map(|(flags, parts)| format!("({flags}{})", parts.join("|"))),
            1 => (inner, prop::sample::select(REPETITIONS)).prop_map(|(part, count)| format!("(?:{part}){count}")),
        ]
    })
}

fn patterns() -> impl Strategy<Value = Pattern> {
    let flags = prop::sample::select(&["", "", "", "(?i)", "(?s)", "(?m)", "/", "^/"][..]);
    let anchor = prop::sample::select(&[Anchor::Full, Anchor::Start, Anchor::Search][..]);
    (flags, texts(), anchor).prop_filter_map("portable", |(flags, text, anchor)| {
        Pattern::new(&format!("{flags}{text}"), anchor).ok()
    })
}

fn language(pattern: &Pattern, anchor: Anchor) -> Option<Language> {
    let pattern = Pattern::from_portable(pattern.portable.clone(), anchor);
    Language::new(&pattern.to_full_match(Engine::Rust))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Where the syntax tree decides, the automata give the same answers.
    #[test]
    fn answers_are_those_of_the_automata(pattern in patterns(), other in patterns()) {
        let tree = pattern.whole_tree().unwrap();
        for domain in [&ANY, &PATHS] {
            if let Ok(comparisons) = lower::decide(tree, domain) {
                prop_assert_eq!(comparisons, lower::prove(tree, pattern.language(), domain));
            }
        }
        if let Some(never) = never_matches(&pattern, is_path, domain::may_begin_path) {
            prop_assert_eq!(never, disjoint(pattern.language(), RECEIVED_PATHS.as_ref()));
        }
        if let Some(never) = never_matches(&pattern, domain::is_value, domain::may_begin_value) {
            prop_assert_eq!(never, disjoint(pattern.language(), VALUES.as_ref()));
        }
        if let Some(is_equal) = is_equal_for_prefixes(&pattern) {
            let [full, start] = [Anchor::Full, Anchor::Start].map(|anchor| language(&pattern, anchor));
            prop_assert_eq!(is_equal, equal(PATHS.texts.as_ref(), full.as_ref(), start.as_ref()));
        }
        if let Some(is_disjoint) = is_disjoint(&pattern, &other) {
            prop_assert_eq!(is_disjoint, disjoint(pattern.language(), other.language()));
        }
    }

    #[test]
    fn members_are_the_matching_texts(pattern in patterns(), text in "[abkK/~1é\n]{0,4}") {
        if let Some(is_member) = is_member(pattern.whole_tree().unwrap(), &text) {
            prop_assert_eq!(is_member, pattern.is_match(&text));
        }
    }
}

#[test]
fn decides_usual_patterns() {
    let more = [
        "",
        "/api/?",
        "^/.*$",
        "/a|/b/.*",
        r"/\w+/x",
        "/a.*b",
        "/[^/]*",
        "GET|POST",
        "v[0-9]",
        ".*chrome.*",
        "[a-z]+",
        "(?i)foo",
        r"text/.*\+json",
    ];
    let mut undecided = Vec::new();
    for text in USUAL.into_iter().chain(more) {
        for anchor in [Anchor::Full, Anchor::Start, Anchor::Search] {
            let pattern = Pattern::new(text, anchor).unwrap();
            let tree = pattern.whole_tree().unwrap();
            let decided = [
                lower::decide(tree, &ANY).is_ok(),
                lower::decide(tree, &PATHS).is_ok(),
                never_matches(&pattern, domain::is_value, domain::may_begin_value).is_some(),
                is_equal_for_prefixes(&pattern).is_some() || !pattern.example().is_some_and(is_path),
            ];
            if decided.contains(&false) {
                undecided.push(format!("{pattern:?} {decided:?}"));
            }
        }
    }
    // `[^/]*` is not any text, but what follows it is.
    assert_eq!(undecided, [r#"Start("/[^/]*") [false, false, true, true]"#]);
}

#[test]
fn decides_whether_usual_patterns_are_disjoint() {
    let patterns = || USUAL.into_iter().chain(["/users/[a-z]+/x"]);
    let mut undecided = Vec::new();
    for a in patterns() {
        for b in patterns() {
            let [a, b] = [a, b].map(|text| Pattern::new(text, Anchor::Full).unwrap());
            if is_disjoint(&a, &b).is_none() {
                undecided.push(format!("{a:?} {b:?}"));
            }
        }
    }
    assert_eq!(undecided, Vec::<String>::new());
}

#[test]
fn finds_patterns_that_no_request_matches() {
    for (pattern, never) in [
        ("foo", Some(true)),
        ("api/v[0-9]+", Some(true)),
        (r"/a\?b=.*", Some(true)),
        ("/ü", Some(true)),
        ("/foo", Some(false)),
        ("http://x", None),
        (".*foo", None),
    ] {
        let pattern = Pattern::new(pattern, Anchor::Full).unwrap();
        assert_eq!(
            never_matches(&pattern, is_path, domain::may_begin_path),
            never,
            "{pattern:?}"
        );
    }
}

#[test]
fn large_patterns_take_bounded_work() {
    let numbers: Vec<String> = (0..100).map(|number| format!("{number:02}")).collect();
    let tree = regex_syntax::parse(&format!("(?:{})*", numbers.join("|"))).unwrap();
    assert_eq!(is_member(&tree, &"42".repeat(10)), Some(true));
    assert_eq!(is_member(&tree, &"42".repeat(50)), None);
}
