//! Proofs on automata that two patterns are disjoint or equal.

use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::{Builder, Config, DFA};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use std::collections::BTreeSet;

/// The size of the largest automaton, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The largest number of pairs of states that are visited.
const MAX_PAIRS: usize = 10_000;

/// Returns `true` if it is proved that no whole text matches both patterns.
pub(super) fn disjoint(a: &str, b: &str) -> bool {
    holds(
        a,
        b,
        |alive_a, alive_b| alive_a && alive_b,
        |ends_a, ends_b| !(ends_a && ends_b),
    )
}

/// Returns `true` if it is proved that the same whole texts match both patterns. Texts with a line feed do not count,
/// because no part of an HTTP request contains one.
pub(super) fn equal(a: &str, b: &str) -> bool {
    holds(
        a,
        b,
        |alive_a, alive_b| alive_a || alive_b,
        |ends_a, ends_b| ends_a == ends_b,
    )
}

/// Returns `true` if `law` holds for every text without a line feed. Its arguments are `true` if the text matches the
/// first and the second pattern.
///
/// Prefixes of texts for which `interest` returns `false` are not extended. Its arguments are `true` if the first and
/// the second pattern can still match.
fn holds(a: &str, b: &str, interest: fn(bool, bool) -> bool, law: fn(bool, bool) -> bool) -> bool {
    let (Some(a), Some(b)) = (automaton(a), automaton(b)) else {
        return false;
    };
    let start = |dfa: &DFA<Vec<u32>>| dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok();
    let (Some(start_a), Some(start_b)) = (start(&a), start(&b)) else {
        return false;
    };
    let ends = |dfa: &DFA<Vec<u32>>, state: StateID| dfa.is_match_state(dfa.next_eoi_state(state));
    let mut seen = BTreeSet::from([(start_a, start_b)]);
    let mut left = vec![(start_a, start_b)];
    while let Some((state_a, state_b)) = left.pop() {
        if !law(ends(&a, state_a), ends(&b, state_b)) {
            return false;
        }
        for byte in (0..=u8::MAX).filter(|byte| *byte != b'\n') {
            let next = (a.next_state(state_a, byte), b.next_state(state_b, byte));
            let alive = (!a.is_dead_state(next.0), !b.is_dead_state(next.1));
            if interest(alive.0, alive.1) && seen.insert(next) {
                left.push(next);
            }
        }
        if seen.len() > MAX_PAIRS {
            return false;
        }
    }
    true
}

fn automaton(pattern: &str) -> Option<DFA<Vec<u32>>> {
    let config = Config::new()
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(MAX_BYTES))
        .determinize_size_limit(Some(MAX_BYTES));
    Builder::new().configure(config).build(&format!("^(?:{pattern})$")).ok()
}

#[cfg(test)]
mod tests {
    use super::{disjoint, equal};
    use proptest::prelude::*;

    #[test]
    fn proves_that_patterns_are_disjoint() {
        for (a, b) in [
            ("/a", "/b"),
            ("/a", "/a/"),
            ("/api/.*", "/admin/.*"),
            ("/v[0-9]", "/v[a-z]"),
            ("(?i)/a", "/b"),
            ("/a$", "/ab"),
        ] {
            assert!(disjoint(a, b) && disjoint(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("/a", "/a"),
            ("/a.*", "/ab"),
            (".*", "/x"),
            ("(?i)/a", "/A"),
            ("", ""),
            ("/a|/b", "/b|/c"),
            ("(", "a"),
            ("[ab]*a[ab]{18}", "x"), // too large an automaton
        ] {
            assert!(!disjoint(a, b), "{a} {b}");
        }
    }

    #[test]
    fn proves_that_patterns_are_equal() {
        for (a, b) in [
            ("a|b", "[ab]"),
            ("(?i)a", "[aA]"),
            (".*", "(?s:.*)"),
            ("ab?", "a|ab"),
            ("a|a", "a"),
        ] {
            assert!(equal(a, b) && equal(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("a", "b"),
            ("a", "a|b"),
            (".+", ".*"),
            ("a", "a.*"),
            ("(", "("),
            ("a{1000}", "a{999}"),
        ] {
            assert!(!equal(a, b) && !equal(b, a), "{a} {b}");
        }
    }

    proptest! {
        /// Disjoint patterns have no text in common.
        #[test]
        fn no_text_matches_two_disjoint_patterns(a in "[ab.]{0,3}(\\*|\\?)?", b in "[ab.]{0,3}(\\*|\\?)?", text in "[ab]{0,4}") {
            let matches = |pattern: &str| {
                regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(&text))
            };
            if disjoint(&a, &b) {
                prop_assert!(!(matches(&a) && matches(&b)));
            }
        }
    }
}
