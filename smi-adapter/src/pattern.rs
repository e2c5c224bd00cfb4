//! Portable regular expressions with their anchoring.

mod automata;
mod domain;
mod example;
mod facts;
mod lower;
mod member;
mod pieces;
mod structure;

pub use lower::Comparison;

use domain::Domain;
use facts::Facts;

use smi_types::regex::{NotPortableError, Portable};
use std::fmt::{self, Display};
use std::sync::{Arc, OnceLock};

/// The part of a text that a pattern must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The whole text.
    Full,
    /// A prefix of the text.
    Start,
    /// Any part of the text.
    Search,
}

/// The engine that a regular expression is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// RE2, as in Envoy: `\d`, `\w` and `\b` are ASCII.
    Re2,
    /// The `regex` crate, as in Linkerd's proxy: `\d`, `\w` and `\b` are Unicode.
    Rust,
}

/// A regular expression in the portable dialect (S6), and the part of a text that it must match (S4, S12).
///
/// ```
/// use smi_adapter::pattern::{Anchor, Engine, Pattern};
///
/// let pattern = Pattern::new("/a|/ab", Anchor::Full)?;
/// assert!(pattern.is_match("/ab") && !pattern.is_match("/abc"));
/// assert_eq!(pattern.to_full_match(Engine::Re2), "/a|/ab");
///
/// let prefix = Pattern::new("/a|/ab", Anchor::Start)?;
/// assert!(prefix.is_match("/abc"));
/// assert_eq!(prefix.to_full_match(Engine::Re2), "(?:/a|/ab)(?s:.*)");
/// # Ok::<(), smi_types::regex::NotPortableError>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    portable: Portable,
    anchor: Anchor,
    facts: Arc<Facts>,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// If the pattern is outside the portable dialect.
    pub fn new(pattern: &str, anchor: Anchor) -> Result<Self, NotPortableError> {
        Portable::parse(pattern).map(|portable| Self::from_portable(portable, anchor))
    }

    /// Creates a pattern from a parsed one.
    #[must_use]
    pub fn from_portable(portable: Portable, anchor: Anchor) -> Self {
        Self {
            portable,
            anchor,
            facts: Arc::default(),
        }
    }

    /// Returns the regular expression as its author wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.portable.as_str()
    }

    /// Returns the part of a text that the pattern must match.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// Returns `true` if `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    /// Returns the regular expression for an engine that matches whole texts. For an engine that does not, the adapter
    /// adds `^(?:…)$`.
    #[must_use]
    pub fn to_full_match(&self, engine: Engine) -> String {
        let pattern = match engine {
            Engine::Re2 => self.portable.as_str(),
            Engine::Rust => self.portable.ascii(),
        };
        match self.anchor {
            Anchor::Full => pattern.to_owned(),
            Anchor::Start => format!("(?:{pattern})(?s:.*)"),
            Anchor::Search => format!("(?s:.*)(?:{pattern})(?s:.*)"),
        }
    }

    /// Returns `true` if it is proved that no text matches both patterns. Returns `false` if it is not, or if the proof
    /// takes too much work.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        structure::is_disjoint(self, other).unwrap_or_else(|| automata::disjoint(self.language(), other.language()))
    }

    /// Returns comparisons that are equal to the pattern, for meshes without regular expressions: a text matches the
    /// pattern if and only if it fulfils one of them.
    ///
    /// They are sorted, at most 64, and none is covered by another. The equality is proved for all texts without a line
    /// feed, which no part of an HTTP request contains. Returns `None` if there are no such comparisons,
    /// or if the proof takes too much work.
    ///
    /// ```
    /// use smi_adapter::pattern::{Anchor, Comparison, Pattern};
    ///
    /// let below = Pattern::new("/api(/.*)?", Anchor::Full)?;
    /// assert_eq!(
    ///     below.lower(),
    ///     Some(vec![Comparison::Exact("/api".into()), Comparison::Prefix("/api/".into())])
    /// );
    /// let numbers = Pattern::new("/orders/[0-9]+", Anchor::Full)?;
    /// assert_eq!(numbers.lower(), None);
    /// # Ok::<(), smi_types::regex::NotPortableError>(())
    /// ```
    #[must_use]
    pub fn lower(&self) -> Option<Vec<Comparison>> {
        self.lowered(&domain::ANY, &self.facts.lowered)
    }

    /// Returns comparisons like [`lower`](Self::lower) that are equal to the pattern for every path that clients send: it
    /// begins with `/` and contains only visible ASCII characters without `?` and `#`, or is the `*` of OPTIONS.
    ///
    /// ```
    /// use smi_adapter::pattern::{Anchor, Comparison, Pattern};
    ///
    /// // Every path has at least one character.
    /// let any = Pattern::new(".+", Anchor::Full)?;
    /// assert_eq!(any.lower_path(), Some(vec![Comparison::Any]));
    /// assert_eq!(any.lower(), None);
    /// # Ok::<(), smi_types::regex::NotPortableError>(())
    /// ```
    #[must_use]
    pub fn lower_path(&self) -> Option<Vec<Comparison>> {
        self.lowered(&domain::PATHS, &self.facts.lowered_path)
    }

    fn lowered(&self, domain: &Domain, known: &OnceLock<Option<Vec<Comparison>>>) -> Option<Vec<Comparison>> {
        match Comparison::of_plain(self) {
            Some(only) => (domain.may_fulfil)(&only).then(|| vec![only]),
            None => known.get_or_init(|| lower::lower(self, domain)).clone(),
        }
    }

    /// Returns `true` if it is proved that no path matches the pattern, in any form in which a mesh can receive it (S5).
    #[must_use]
    pub fn never_matches_a_path(&self) -> bool {
        structure::never_matches(self, domain::is_path, domain::may_begin_path)
            .unwrap_or_else(|| automata::disjoint(self.language(), domain::RECEIVED_PATHS.as_ref()))
    }

    /// Returns `true` if it is proved that no value of a header matches the pattern.
    #[must_use]
    pub fn never_matches_a_value(&self) -> bool {
        structure::never_matches(self, domain::is_value, domain::may_begin_value)
            .unwrap_or_else(|| automata::disjoint(self.language(), domain::VALUES.as_ref()))
    }

    /// Returns `true` if it is proved that the same paths match the pattern as a whole and with a prefix (S4).
    #[must_use]
    pub fn is_equal_for_prefixes(&self) -> bool {
        let prove = || {
            let forms = [Anchor::Full, Anchor::Start].map(|anchor| Self::from_portable(self.portable.clone(), anchor));
            let [full, start] = forms.each_ref().map(Self::language);
            automata::equal(domain::PATHS.texts.as_ref(), full, start)
        };
        let decide = || structure::is_equal_for_prefixes(self).unwrap_or_else(prove);
        *self.facts.equal_for_prefixes.get_or_init(decide)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.portable, self.anchor) == (&other.portable, other.anchor)
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.anchor, self.as_str())
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_decide_which_texts_match() {
        // S4, S7, S12
        for (pattern, anchor, matching, others) in [
            (
                "/foo",
                Anchor::Full,
                &["/foo"][..],
                &["/foo/", "/xfoo", "/foobar", ""][..],
            ),
            ("^/foo$", Anchor::Full, &["/foo"], &["/foo/", "/xfoo"]),
            ("/a|/ab", Anchor::Full, &["/a", "/ab"], &["/abc", "x/a"]),
            ("/foo", Anchor::Start, &["/foo", "/foobar", "/foo/x"], &["/fo", "x/foo"]),
            ("^/foo$", Anchor::Start, &["/foo"], &["/foobar"]),
            ("/a|/b", Anchor::Start, &["/ax", "/bx"], &["x/a"]),
            ("", Anchor::Full, &[""], &["x"]),
            ("foo", Anchor::Search, &["foo", "xfoox"], &["fo"]),
            ("^foo|bar$", Anchor::Search, &["foox", "xbar"], &["xfoo", "barx"]),
            ("(?i)foo", Anchor::Full, &["FOO"], &["FOOO"]),
            (r"\d+", Anchor::Full, &["7"], &["\u{667}"]),
        ] {
            let pattern = Pattern::new(pattern, anchor).unwrap();
            for text in matching {
                assert!(pattern.is_match(text), "{pattern:?} {text}");
            }
            for text in others {
                assert!(!pattern.is_match(text), "{pattern:?} {text}");
            }
        }
    }

    #[test]
    fn clones_share_what_is_derived() {
        let pattern = Pattern::new("/[^/]*", Anchor::Full).unwrap();
        let clone = pattern.clone();
        assert!(std::ptr::eq(pattern.language().unwrap(), clone.language().unwrap()));
        assert_eq!(pattern, Pattern::new("/[^/]*", Anchor::Full).unwrap());
    }

    #[test]
    fn the_largest_patterns_compile() {
        for pattern in ["[a-z]{0,600}", "(?i)k{1000}", "(?:[^/]{1,30}/){20}", &"a".repeat(3000)] {
            let pattern = Pattern::new(pattern, Anchor::Search).unwrap();
            let _ = pattern.is_match("x");
            assert!(pattern.compiled().is_some(), "{pattern:?}");
        }
    }
}
