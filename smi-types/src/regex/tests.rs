use super::*;
use proptest::prelude::*;

/// Patterns that both engines accept with the same meaning.
const PORTABLE: &[&str] = &[
    "",
    "/",
    "/api/.*",
    "/api/v[0-9]+(/.*)?",
    "^/foo$",
    "/a|/ab",
    "(?i)/Foo",
    "(?i:foo)bar",
    "a{2}",
    "a{2,}",
    "a{0,1000}?",
    "(a{10}){100}",
    "[^/]+",
    "[]a]",
    "[a-]",
    "[a&b]",
    r"\.\/\-\_\%",
    r"\d+\D\w\W\s\S",
    r"[\d\w.-]",
    r"\x41\x{1F600}",
    r"\bfoo\B",
    r"\Afoo\z",
    "[[:alpha:]][[:^digit:]]",
    "(?P<name>x)",
    ".*?x+?y??",
    "()",
    "(a|)",
    "é",
];

/// Patterns that one of the engines rejects, or that differ in meaning, from a measured comparison of the two on 49
/// patterns. The comments describe the differences.
const NOT_PORTABLE: &[&str] = &[
    "[a&&b]",  // different meanings: an intersection, or the characters a & b
    "[a[b]c]", // different meanings: a nested class, or a class and a literal
    r"\<",     // different meanings: a word boundary, or a literal
    r"\>",
    r"\b{start}", // different meanings
    r"\Qa\E",     // RE2 only
    r"\C",        // RE2 only
    r"\101",      // RE2 only
    "a{",         // RE2 only
    "a{,2}",      // RE2: a literal
    "a{01}",      // RE2: a literal
    "{",
    r"[\w-.]", // RE2 only
    "(?x) a",  // Rust only
    "(?u)a",
    "(?R)a",
    "a**",          // Rust only
    "a++",          // Rust only
    "a{2}{3}",      // Rust only
    "a{0,1001}",    // Rust only
    "(a{100}){11}", // RE2: too large in total
    "[a--b]",       // Rust only
    "[a~~b]",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    r"(a)\1",
    "(?<name>x)",
    r"\pL",
    r"\p{Greek}",
    r"[\pL]",
    r"[^\D]",
    r"\u0041",
    "^*",
    "(",
    ")",
    "[",
    "*",
    "a{2,1}",
];

#[test]
fn accepts_exactly_the_portable_dialect() {
    // S6
    for pattern in PORTABLE {
        let portable = Portable::parse(pattern);
        assert!(portable.is_ok(), "{pattern}: {portable:?}");
    }
    for pattern in NOT_PORTABLE {
        assert!(Portable::parse(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn renders_perl_classes_as_ascii() {
    // S6
    let ascii = |pattern: &str| {
        let portable = Portable::parse(pattern).unwrap();
        regex::Regex::new(&format!("^(?:{})$", portable.ascii())).unwrap()
    };
    for (pattern, member, other) in [
        (r"\d", "7", "\u{667}"),
        (r"\w", "a", "é"),
        (r"\s", " ", "\u{a0}"),
        (r"\s", "\t", "\u{b}"), // RE2's \s has no vertical tab
        (r"[\d.]", ".", "\u{667}"),
        (r"\W", "é", "a"),
        (r"a\b.*", "aé", "ab"),
    ] {
        assert!(ascii(pattern).is_match(member), "{pattern} {member}");
        assert!(!ascii(pattern).is_match(other), "{pattern} {other}");
    }
}

#[test]
fn rejects_large_patterns() {
    // Only 140 bytes, but a real Envoy loses its whole route configuration.
    let bomb = ".{1000}".repeat(20);
    assert!(Portable::parse(&bomb).is_err());
    assert!(Portable::parse(&"a".repeat(Portable::MAX_LENGTH + 1)).is_err());
    assert!(Portable::parse(&"(".repeat(4000)).is_err());
    for pattern in [
        &"[a-z]{1,63}".repeat(4),
        "[a-z]{0,1000}",
        "[^/]{1000}",
        ".{1000}",
        &"a".repeat(4000),
    ] {
        assert!(Portable::parse(pattern).is_ok(), "{pattern}");
    }
    let error = Portable::parse("/a(?!b)").unwrap_err();
    assert_eq!(error.offset(), 2);
}

#[test]
fn detects_patterns_that_take_any_suffix() {
    for pattern in [".*", "/a.*", "/a.*?", "/a(/.+)", "/a.*|/b.*", "/a$", r"/a\z"] {
        let expected = pattern != "/a$"; // `$` could be under `(?m)`
        assert_eq!(
            Portable::parse(pattern).unwrap().takes_any_suffix(),
            expected,
            "{pattern}"
        );
    }
    for pattern in ["", "/a", "/a(/.*)?", ".*x", "/a.*|/b", "(.*)?"] {
        assert!(!Portable::parse(pattern).unwrap().takes_any_suffix(), "{pattern}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Every portable pattern compiles, as written and in ASCII, and both forms match the same ASCII texts without
    /// vertical tabs.
    #[test]
    fn portable_patterns_compile(pattern in r"[-a-c./*+?(){}\[\]|^$\\0-3,:=!<>PidwsbDWSB&~ ]{0,24}", text in "[a-c0-3 /.-]{0,6}") {
        if let Ok(portable) = Portable::parse(&pattern) {
            let plain = regex::Regex::new(&format!("^(?:{})$", portable.as_str()));
            let ascii = regex::Regex::new(&format!("^(?:{})$", portable.ascii()));
            prop_assert_eq!(plain.unwrap().is_match(&text), ascii.unwrap().is_match(&text));
        }
    }

    #[test]
    fn parsing_never_panics(pattern in "\\PC{0,80}") {
        let _ = Portable::parse(&pattern);
    }

    /// A pattern that claims to take any suffix still matches with any suffix.
    #[test]
    fn matches_with_any_suffix_where_claimed(
        pattern in r"[ab]{0,2}(\(a\|b\.\*\)|\.\*|\.\+|\.\{1,\}|\(b\.\*\))",
        text in "[ab]{0,4}",
        suffix in "[ab]{0,2}",
    ) {
        let portable = Portable::parse(&pattern).unwrap();
        let full = regex::Regex::new(&format!("^(?:{})$", portable.ascii())).unwrap();
        if portable.takes_any_suffix() && full.is_match(&text) {
            let longer = text + &suffix;
            prop_assert!(full.is_match(&longer));
        }
    }
}

#[test]
fn plain_patterns_are_read_as_their_syntax_trees_are() {
    let longest = "a".repeat(Portable::MAX_LENGTH - 2);
    for text in ["/", "a", "/api/v1", "/a_b-C/9", longest.as_str()] {
        for rest in ["", ".*"] {
            let pattern = format!("{text}{rest}");
            let parsed = Portable::parse(&pattern).unwrap();
            assert_eq!(parsed.plain(), Some((text, !rest.is_empty())), "{pattern}");
            assert_eq!(Portable::parse_tree(&pattern), Ok(parsed), "{pattern}");
        }
    }
    for pattern in [
        "", ".*", "/a.*b", "/a.", "/a*", "/a..*", "/a b", "/é", "/a\\.*", "/(a).*", "^/a", "/a$",
    ] {
        assert!(
            Portable::parse(pattern).is_ok_and(|parsed| parsed.plain().is_none()),
            "{pattern}"
        );
    }
}
