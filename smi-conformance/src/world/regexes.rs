//! Regular expressions whose languages are known, so that matching texts and near misses can be generated.

use crate::dice::Dice;
use crate::queries::near::other_case;
use proptest::prelude::*;
use proptest::sample::select;

/// A regular expression, as a syntax tree. Random text is hardly ever an interesting pattern, and a tree gives the
/// texts that match and those that narrowly miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Re {
    /// The empty pattern.
    Empty,
    /// Literal characters, escaped if they have a special meaning.
    Literal(&'static str),
    /// A set of characters or a run of them, as written, with some texts that it matches.
    Set(Set),
    /// `^`
    Begin,
    /// `$`
    End,
    /// A sequence.
    Then(Vec<Re>),
    /// An alternation, without a group if it is the whole pattern.
    Either(Vec<Re>),
    /// `(…)?`
    Maybe(Box<Re>),
    /// `{least,most}`, or `{least,}`, and `?` if it is lazy.
    Times {
        /// The repeated expression.
        re: Box<Re>,
        /// The minimum number of repetitions.
        least: u8,
        /// The maximum number of repetitions.
        most: Option<u8>,
        /// Is `true` if it prefers fewer repetitions, which does not change the language.
        lazy: bool,
    },
    /// `(?i)`
    AnyCase(Box<Re>),
    /// A pattern outside the portable dialect (S6) that some engines accept.
    Foreign {
        /// The pattern as written.
        text: &'static str,
        /// A text that such an engine would match.
        member: &'static str,
    },
}

/// A leaf of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The set as written.
    text: &'static str,
    /// Some texts that it matches.
    members: &'static [&'static str],
}

const fn set(text: &'static str, members: &'static [&'static str]) -> Set {
    Set { text, members }
}

const ANYTHING: Set = set(".*", &["", "x", "/x", "x/1", "a"]);
const SETS: [Set; 13] = [
    set("[^/]+", &["x", "ab", "1"]),
    set(".+", &["x", "/x", "a/b"]),
    set(".", &["x", "/", "a"]),
    set(".*?", &["", "x", "/x"]),
    set("[a-c]", &["a", "b", "c"]),
    set("[0-9]+", &["1", "42"]),
    set(r"\d", &["7"]),
    set(r"\w*", &["", "x_1"]),
    set("[^a]", &["b", "/"]),
    set(r"[/\-.]", &["/", "-", "."]),
    set("[[:alpha:]]", &["a", "Z"]),
    set(r"\S+?", &["x", "x,y"]),
    set(r"\b", &[""]),
];
/// Sets that need large automata, and are therefore rare.
const LARGE: [Set; 3] = [
    set("[a-z]{0,600}", &["abc"]),
    set("(?:[^/]{1,30}/){3}", &["a/b/c/"]),
    set(".{0,1000}", &["abc"]),
];

const PATHS: [&str; 8] = ["/", "/api", "/a", "/api/v1", "/b.c", "/A", "/~x", "/a%20b"];
const VALUES: [&str; 8] = ["a", "ab", "b", "true", "x,y", "A", "a.b", "web:80"];
const JOINTS: [&str; 6] = ["b", "/", "/v1", ".", "x", "-"];

const FOREIGN: [(&str, &str); 18] = [
    ("/(?!admin).*", "/x"),
    ("/(?=a)a", "/a"),
    ("[a&&b]", "a"),
    ("[a&&a]", "a"),
    ("[/a[b]]+", "/ab"),
    ("/a**", "/aa"),
    ("/a++", "/aa"),
    (r"\Q/a\E", "/a"),
    ("/a{", "/a{"),
    ("/a{1001}", "/a"),
    (r"(/a)\1", "/a/a"),
    (r"/\p{L}", "/a"),
    ("/a)|(?:/b", "/a"),
    ("(/a", "/a"),
    ("(?x)/a b", "/ab"),
    (r"/\<a\>", "/a"),
    ("(?<n>/a)", "/a"),
    ("/a{,2}", "/aa"),
];

impl Re {
    /// Returns the strategy of patterns for paths.
    pub fn path() -> impl Strategy<Value = Self> {
        Self::any(&PATHS)
    }

    /// Returns the strategy of patterns for values of headers.
    pub fn value() -> impl Strategy<Value = Self> {
        Self::any(&VALUES)
    }

    fn any(words: &'static [&'static str]) -> impl Strategy<Value = Self> {
        let word = select(words).prop_map(Self::Literal).boxed();
        let piece = Self::piece(&word).boxed();
        let rest = proptest::collection::vec(piece, 0..=2);
        let sequence = (word.clone(), rest).prop_map(|(word, rest)| {
            let parts = std::iter::once(word).chain(rest);
            Self::Then(parts.collect())
        });
        let sequence = sequence.boxed();
        let longer = (sequence.clone(), any::<bool>()).prop_map(|(re, turned)| re.or_longer(turned));
        let either = (word, sequence.clone()).prop_map(|(one, other)| Self::Either(vec![one, other]));
        let anchored = (any::<bool>(), sequence.clone(), any::<bool>()).prop_map(|(begin, re, end)| {
            let begin = begin.then_some(Self::Begin);
            let end = end.then_some(Self::End);
            Self::Then(begin.into_iter().chain([re]).chain(end).collect())
        });
        let any_case = sequence.clone().prop_map(|re| Self::AnyCase(Box::new(re)));
        prop_oneof![
            46 => sequence,
            14 => longer,
            10 => either,
            10 => anchored,
            6 => any_case,
            6 => Just(Self::Set(ANYTHING)),
            2 => Just(Self::Empty),
            5 => select(&FOREIGN[..]).prop_map(|(text, member)| Self::Foreign { text, member }),
        ]
    }

    fn piece(word: &BoxedStrategy<Self>) -> impl Strategy<Value = Self> + use<> {
        let joint = select(&JOINTS[..]).prop_map(Self::Literal);
        let set = select(&SETS[..]).prop_map(Self::Set);
        let leaf = prop_oneof![joint, word.clone(), set.clone()].boxed();
        let times =
            (leaf.clone(), 0..3u8, proptest::option::of(0..3u8), any::<bool>()).prop_map(|(re, least, more, lazy)| {
                Self::Times {
                    re: Box::new(re),
                    least,
                    most: more.map(|more| least + more),
                    lazy,
                }
            });
        prop_oneof![
            120 => leaf.clone(),
            100 => Just(Self::Set(ANYTHING)),
            60 => set,
            50 => leaf.clone().prop_map(|re| Self::Maybe(Box::new(re))),
            50 => (leaf.clone(), any::<bool>()).prop_map(|(re, turned)| re.or_longer(turned)),
            40 => times,
            20 => leaf.prop_map(|re| Self::AnyCase(Box::new(re))),
            1 => select(&LARGE[..]).prop_map(Self::Set),
        ]
    }

    /// Returns an alternation in which one branch is a prefix of the other. An engine that does not group it, or stops
    /// at the first branch that matches, gives a different result.
    fn or_longer(self, longer_first: bool) -> Self {
        let longer = Self::Then(vec![self.clone(), Self::Literal("b")]);
        Self::Either(if longer_first {
            vec![longer, self]
        } else {
            vec![self, longer]
        })
    }

    /// Returns the pattern as users write it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::AnyCase(re) => format!("(?i){}", re.text()),
            Self::Either(branches) => branches.iter().map(Self::text).collect::<Vec<_>>().join("|"),
            Self::Then(parts) => parts.iter().map(Self::part).collect(),
            _ => self.part(),
        }
    }

    /// Returns the pattern as it is written within another one.
    fn part(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Literal(text) => text.replace('.', r"\."),
            Self::Set(Set { text, .. }) | Self::Foreign { text, .. } => (*text).to_owned(),
            Self::Begin => "^".to_owned(),
            Self::End => "$".to_owned(),
            Self::Then(_) => self.text(),
            Self::Either(_) => format!("({})", self.text()),
            Self::Maybe(re) => format!("({})?", re.text()),
            Self::Times { re, least, most, lazy } => {
                let most = most.map(|most| most.to_string()).unwrap_or_default();
                let lazy = if *lazy { "?" } else { "" };
                format!("(?:{}){{{least},{most}}}{lazy}", re.text())
            }
            Self::AnyCase(re) => format!("(?i:{})", re.text()),
        }
    }

    /// Returns a text that the pattern matches, except that anchors within a pattern may exclude every text.
    #[must_use]
    pub fn member(&self, dice: &mut Dice) -> String {
        match self {
            Self::Empty | Self::Begin | Self::End => String::new(),
            Self::Literal(text) | Self::Foreign { member: text, .. } => (*text).to_owned(),
            Self::Set(Set { members, .. }) => dice.text(members).to_owned(),
            Self::Then(parts) => parts.iter().map(|part| part.member(dice)).collect(),
            Self::Either(branches) => {
                let branch = dice.below(branches.len());
                branches.get(branch).map(|re| re.member(dice)).unwrap_or_default()
            }
            Self::Maybe(re) => {
                if dice.one_in(2) {
                    re.member(dice)
                } else {
                    String::new()
                }
            }
            Self::Times { re, least, most, .. } => {
                let more = most.map_or(2, |most| usize::from(most - least));
                let times = usize::from(*least) + dice.below(more + 1);
                (0..times).map(|_| re.member(dice)).collect()
            }
            Self::AnyCase(re) => {
                let member = re.member(dice);
                let turn = |c: char| if dice.one_in(2) { other_case(c) } else { c };
                member.chars().map(turn).collect()
            }
        }
    }

    /// Returns patterns that are parts of this one, to reduce a counterexample.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let without_one = |list: &[Self]| {
            let keep = |index| {
                let kept = list.iter().enumerate().filter(|(other, _)| *other != index);
                kept.map(|(_, re)| re.clone()).collect::<Vec<_>>()
            };
            (0..list.len()).map(keep).collect::<Vec<_>>()
        };
        match self {
            Self::Then(parts) => {
                let shorter = without_one(parts).into_iter().map(Self::Then);
                parts.iter().cloned().chain(shorter).collect()
            }
            Self::Either(branches) => branches.clone(),
            Self::Maybe(re) | Self::Times { re, .. } | Self::AnyCase(re) => vec![(**re).clone()],
            _ => Vec::new(),
        }
    }
}
