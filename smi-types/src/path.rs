//! Field paths, by which violations, diagnostics and errors refer to a part of an object.

mod place;

pub(crate) use place::Place;

use serde::{Serialize, Serializer};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::fmt::{self, Display, Write};

/// A path to a field of an object, in the notation of Kubernetes: `spec.backends[2].weight`.
///
/// The empty path denotes the object itself. A key that is empty or contains `.`, `[` or `]` is written in brackets:
/// `metadata.labels[smi-adapter.dev/enforce]`. Within brackets, `\` and `]` are escaped with `\`.
///
/// Paths are ordered by their segments, so index 2 comes before index 10.
///
/// ```
/// use smi_types::FieldPath;
/// use smi_types::path::Segment;
///
/// let path = FieldPath::root().field("spec").field("backends").index(2).field("weight");
/// assert_eq!(path.to_string(), "spec.backends[2].weight");
/// assert_eq!(path, "spec.backends[2].weight".into());
/// assert_eq!(path.segments().nth(2), Some(Segment::Index(2)));
/// assert!(path.starts_with(&"spec.backends".into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(SmallVec<[Step; 3]>);

/// One step of a [`FieldPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment<'a> {
    /// The key of a field or of an entry of a map.
    Key(&'a str),
    /// The index of an element in a list, from 0.
    Index(usize),
}

/// An owned segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Key(SmolStr),
    Index(usize),
}

impl Step {
    fn segment(&self) -> Segment<'_> {
        match self {
            Self::Key(key) => Segment::Key(key),
            Self::Index(index) => Segment::Index(*index),
        }
    }
}

impl FieldPath {
    /// Returns the empty path, which denotes the object itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(SmallVec::new_const())
    }

    /// Appends the key of a field or of an entry of a map.
    #[must_use]
    pub fn field(mut self, key: impl AsRef<str>) -> Self {
        self.0.push(Step::Key(SmolStr::new(key)));
        self
    }

    /// Appends the index of an element of a list.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }

    /// Returns the segments of the path, from the object inwards.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'_>> + DoubleEndedIterator + Clone {
        self.0.iter().map(Step::segment)
    }

    /// Returns `true` if the path equals `other` or leads to a part of it.
    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Returns the index in the first list with the key `key` on the path. For `matches` in `spec.matches[2].name`,
    /// that is 2.
    #[must_use]
    pub fn index_in(&self, key: &str) -> Option<usize> {
        let pairs = self.segments().zip(self.segments().skip(1));
        pairs
            .filter(|(list, _)| *list == Segment::Key(key))
            .find_map(|(_, segment)| match segment {
                Segment::Index(index) => Some(index),
                Segment::Key(_) => None,
            })
    }

    /// Returns `true` if the path is empty and denotes the object itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if key.is_empty() || key.contains(['.', '[', ']']) => bracketed(key, f)?,
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

fn bracketed(key: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('[')?;
    for c in key.chars() {
        if matches!(c, '\\' | ']') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char(']')
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Parses the notation that [`Display`] writes. Never fails: an unclosed bracket extends to the end of the text.
impl From<&str> for FieldPath {
    fn from(text: &str) -> Self {
        let mut path = Self::root();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (content, after) = closed(inner);
                path = match list_index(&content) {
                    Some(index) => path.index(index),
                    None => path.field(content),
                };
                rest = after;
            } else {
                // A dot separates keys, so there is none before the first one.
                let key = rest.strip_prefix('.').unwrap_or(rest);
                let (key, after) = key.split_at(key.find(['.', '[']).unwrap_or(key.len()));
                path = path.field(key);
                rest = after;
            }
        }
        path
    }
}

/// Returns the unescaped content of brackets and the text after them.
fn closed(inner: &str) -> (String, &str) {
    let mut content = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '\\' => content.extend(chars.next()),
            _ => content.push(c),
        }
    }
    (content, chars.as_str())
}

/// Parses the content of brackets as an index. A key that consists of digits follows a dot instead.
fn list_index(content: &str) -> Option<usize> {
    let is_index = !content.is_empty() && content.bytes().all(|b| b.is_ascii_digit());
    is_index.then(|| content.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_keys_with_special_characters_in_brackets() {
        let labels = || FieldPath::root().field("metadata").field("labels");
        for (key, text) in [
            ("app", "metadata.labels.app"),
            ("smi-adapter.dev/enforce", "metadata.labels[smi-adapter.dev/enforce]"),
            ("", "metadata.labels[]"),
            ("0", "metadata.labels.0"),
            ("a[0]", r"metadata.labels[a[0\]]"),
            (r".\", r"metadata.labels[.\\]"),
        ] {
            assert_eq!(labels().field(key).to_string(), text);
        }
        assert_eq!(FieldPath::root().field("").to_string(), "[]");
        assert_eq!(FieldPath::root().index(0).to_string(), "[0]");
        assert_eq!(serde_json::to_string(&labels()).unwrap(), r#""metadata.labels""#);
    }

    #[test]
    fn orders_paths_by_segments() {
        let sorted = ["", "a", "a.b", "a[2]", "a[2].b", "a[10]", "ab"].map(FieldPath::from);
        for pair in sorted.windows(2) {
            assert!(pair[0] < pair[1], "{} {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn compares_prefixes_by_whole_segments() {
        let path = FieldPath::from("spec.backends[1].service");
        for prefix in [
            "",
            "spec",
            "spec.backends",
            "spec.backends[1]",
            "spec.backends[1].service",
        ] {
            assert!(path.starts_with(&prefix.into()), "{prefix}");
        }
        for other in [
            "spec.back",
            "spec.backends[0]",
            "backends",
            "spec.backends[1].service.x",
        ] {
            assert!(!path.starts_with(&other.into()), "{other}");
        }
    }

    #[test]
    fn finds_the_index_in_the_named_list() {
        for (path, index) in [
            ("spec.matches[12].headers.x-a", Some(12)),
            ("matches[0]", Some(0)),
            ("spec.rules[3].matches[1]", Some(1)),
            ("spec.matches", None),
            ("spec.matches.ports[1]", None),
        ] {
            assert_eq!(FieldPath::from(path).index_in("matches"), index, "{path}");
        }
    }

    #[test]
    fn extends_unclosed_brackets_to_the_end() {
        assert_eq!(FieldPath::from("a[b.c"), FieldPath::root().field("a").field("b.c"));
        assert_eq!(FieldPath::from(r"a[b\"), FieldPath::root().field("a").field("b"));
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<usize>().prop_map(Step::Index),
            r"[a0-9.\[\]\\/é ]{0,6}".prop_map(|key| Step::Key(key.into())),
            any::<String>().prop_map(|key| Step::Key(key.into())),
        ]
    }

    proptest! {
        #[test]
        fn text_round_trips(steps in proptest::collection::vec(step(), 0..5)) {
            let path = FieldPath(steps.into());
            prop_assert_eq!(FieldPath::from(path.to_string().as_str()), path);
        }

        #[test]
        fn parsing_never_fails(text in r"[a0.\[\]\\]{0,20}") {
            let path = FieldPath::from(text.as_str());
            prop_assert_eq!(FieldPath::from(path.to_string().as_str()), path);
        }
    }
}
