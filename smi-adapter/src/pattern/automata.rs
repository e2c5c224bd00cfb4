//! Proofs on automata that two patterns are disjoint or equal.

use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::{Builder, Config, DFA};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use std::collections::BTreeSet;

/// The size of the largest automaton, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The largest number of tuples of states that are visited.
const MAX_PAIRS: usize = 10_000;

/// A pattern as an automaton over whole texts.
pub(super) struct Language(DFA<Vec<u32>>);

impl Language {
    /// Returns `None` if the automaton would be too large.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let config = Config::new()
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(MAX_BYTES))
            .determinize_size_limit(Some(MAX_BYTES));
        let built = Builder::new().configure(config).build(&format!("^(?:{pattern})$"));
        built.ok().map(Self)
    }

    /// Returns `true` if it is proved that no text is in both languages.
    fn is_disjoint(&self, other: &Self) -> bool {
        holds(
            [self, other],
            |alive| alive[0] && alive[1],
            |ends| !(ends[0] && ends[1]),
        )
    }

    /// Returns `true` if it is proved that the same texts of this language match both patterns.
    fn has_equal(&self, a: &Self, b: &Self) -> bool {
        holds(
            [self, a, b],
            |alive| alive[0] && (alive[1] || alive[2]),
            |ends| !ends[0] || ends[1] == ends[2],
        )
    }

    fn start(&self) -> Option<StateID> {
        self.0.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()
    }

    fn ends(&self, state: StateID) -> bool {
        self.0.is_match_state(self.0.next_eoi_state(state))
    }
}

/// Returns `true` if it is proved that no whole text is in both languages.
pub(super) fn disjoint(a: Option<&Language>, b: Option<&Language>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.is_disjoint(b))
}

/// Returns `true` if it is proved that the same whole texts are in both languages, of the texts in `domain`.
pub(super) fn equal(domain: Option<&Language>, a: Option<&Language>, b: Option<&Language>) -> bool {
    matches!((domain, a, b), (Some(domain), Some(a), Some(b)) if domain.has_equal(a, b))
}

/// Returns `true` if `law` holds for every text. Its arguments are `true` for each language that contains the text.
///
/// Prefixes of texts for which `interest` returns `false` are not extended. Its arguments are `true` for each language
/// that can still contain the text.
fn holds<const N: usize>(
    languages: [&Language; N],
    interest: fn([bool; N]) -> bool,
    law: fn([bool; N]) -> bool,
) -> bool {
    let starts: Vec<StateID> = languages.iter().filter_map(|language| language.start()).collect();
    let Ok(starts) = <[StateID; N]>::try_from(starts) else {
        return false;
    };
    let each = |states: [StateID; N], of: &dyn Fn(&Language, StateID) -> bool| {
        let mut index = 0;
        states.map(|state| {
            index += 1;
            languages.get(index - 1).is_some_and(|language| of(language, state))
        })
    };
    let mut seen = BTreeSet::from([starts]);
    let mut left = vec![starts];
    while let Some(states) = left.pop() {
        if !law(each(states, &Language::ends)) {
            return false;
        }
        for byte in 0..=u8::MAX {
            let mut next = states;
            for (state, language) in next.iter_mut().zip(languages) {
                *state = language.0.next_state(*state, byte);
            }
            let alive = each(next, &|language, state| !language.0.is_dead_state(state));
            if interest(alive) && seen.insert(next) {
                left.push(next);
            }
        }
        if seen.len() > MAX_PAIRS {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Language;
    use crate::pattern::domain::ANY;
    use proptest::prelude::*;

    fn disjoint(a: &str, b: &str) -> bool {
        super::disjoint(Language::new(a).as_ref(), Language::new(b).as_ref())
    }

    fn equal(a: &str, b: &str) -> bool {
        super::equal(ANY.texts.as_ref(), Language::new(a).as_ref(), Language::new(b).as_ref())
    }

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
