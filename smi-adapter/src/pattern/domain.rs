//! The texts that occur in requests: paths and values of headers.

use super::automata::Language;
use super::lower::Comparison;
use std::sync::LazyLock;

/// A set of texts.
pub(super) struct Domain {
    pub(super) texts: LazyLock<Option<Language>>,
    /// Returns `true` if the set contains a text.
    pub(super) contains: fn(&str) -> bool,
    /// Returns `true` if some text of the set has a character.
    pub(super) may_have: fn(char) -> bool,
    /// The length of the shortest text.
    pub(super) shortest: u32,
    /// Some texts of the set. Most patterns that match all of them match every text.
    pub(super) samples: &'static [&'static str],
    /// Comparisons one of which each text fulfils.
    pub(super) parts: LazyLock<Vec<Comparison>>,
    /// Returns `false` if no text of the set fulfils a comparison.
    pub(super) may_fulfil: fn(&Comparison) -> bool,
}

/// All texts without a line feed, which no part of a request contains.
pub(super) static ANY: Domain = Domain {
    texts: LazyLock::new(|| Language::new("[^\\n]*")),
    contains: |text| !text.contains('\n'),
    may_have: |character| character != '\n',
    shortest: 0,
    samples: &["", "/", "~ é"],
    parts: LazyLock::new(|| vec![Comparison::Any]),
    may_fulfil: |_| true,
};

/// The paths that clients send, without query and fragment: they begin with `/` and have only visible ASCII characters, or
/// are the `*` of OPTIONS.
pub(super) static PATHS: Domain = Domain {
    texts: LazyLock::new(|| Language::new(r"/[!-~&&[^?#]]*|\*")),
    contains: is_sent,
    may_have: |character| u8::try_from(character).is_ok_and(is_in_path),
    shortest: 1,
    samples: &["*", "/", "/~"],
    parts: LazyLock::new(|| vec![Comparison::Exact("*".to_owned()), Comparison::Prefix("/".to_owned())]),
    may_fulfil: |comparison| match comparison {
        Comparison::Any => true,
        Comparison::Exact(text) | Comparison::Prefix(text) => is_sent(text),
        Comparison::Suffix(text) => text.bytes().all(is_in_path),
    },
};

/// Like [`PATHS`], with the forms that some proxies rewrite to such a path (S5).
pub(super) static RECEIVED_PATHS: LazyLock<Option<Language>> =
    LazyLock::new(|| Language::new(r"(?:[/\\]|(?i:https?)://)[!-~&&[^?#]]*|\*"));

/// The values of headers: without control characters other than tabs.
pub(super) static VALUES: LazyLock<Option<Language>> = LazyLock::new(|| Language::new(r"[^\x00-\x08\x0A-\x1F\x7F]*"));

/// Returns `true` if it is certain that a path, in a form that a mesh may receive, contains the text.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(is_in_path)
}

fn is_sent(text: &str) -> bool {
    is_path(text) || text == "*"
}

fn is_in_path(b: u8) -> bool {
    b.is_ascii_graphic() && !b"?#".contains(&b)
}

/// Returns `true` unless it is certain that no path, in a form that a mesh may receive, begins with the text.
pub(super) fn may_begin_path(text: &[u8]) -> bool {
    // Schemes are left out, because some begin with other characters under `(?i)`.
    let may_begin = |first| b"hH".contains(first) || b"/\\*".contains(first) && text.iter().all(|&b| is_in_path(b));
    text.first().is_none_or(may_begin)
}

/// Returns `true` unless it is certain that no value of a header begins with the text.
pub(super) fn may_begin_value(text: &[u8]) -> bool {
    text.iter().all(|&b| b == b'\t' || !b.is_ascii_control())
}

/// Returns `true` if it is certain that a header can have the value.
pub(super) fn is_value(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}
