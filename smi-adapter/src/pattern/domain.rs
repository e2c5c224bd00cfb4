//! The texts that occur in requests: paths and values of headers.

use super::automata::Language;
use super::lower::Comparison;
use std::sync::LazyLock;

/// A set of texts.
pub(super) struct Domain {
    pub(super) texts: LazyLock<Option<Language>>,
    /// Returns `false` if no text of the set fulfils a comparison.
    pub(super) may_fulfil: fn(&Comparison) -> bool,
}

/// All texts without a line feed, which no part of a request contains.
pub(super) static ANY: Domain = Domain {
    texts: LazyLock::new(|| Language::new("[^\\n]*")),
    may_fulfil: |_| true,
};

/// The paths that clients send, without query and fragment: they begin with `/` and have only visible ASCII characters, or
/// are the `*` of OPTIONS.
pub(super) static PATHS: Domain = Domain {
    texts: LazyLock::new(|| Language::new(r"/[!-~&&[^?#]]*|\*")),
    may_fulfil: |comparison| match comparison {
        Comparison::Any => true,
        Comparison::Exact(text) | Comparison::Prefix(text) => is_path(text) || text == "*",
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

fn is_in_path(b: u8) -> bool {
    b.is_ascii_graphic() && !b"?#".contains(&b)
}

/// Returns `true` if it is certain that a header can have the value.
pub(super) fn is_value(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}
