//! Matches: sets of HTTP requests.

mod build;

use crate::object::ObjectRef;
use crate::pattern::Pattern;
use crate::query::Request;
use smi_types::FieldPath;
use std::collections::BTreeSet;

/// A set of HTTP requests: those that fulfil path, method and every header (S13, S14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpMatch {
    pub(crate) group: ObjectRef,
    pub(crate) field: FieldPath,
    pub(crate) name: String,
    pub(crate) path: Option<Pattern>,
    pub(crate) methods: Option<BTreeSet<String>>,
    pub(crate) headers: Vec<HeaderMatch>,
}

impl HttpMatch {
    /// Returns `true` if it is certain that no request fulfils both matches, because they have no method or no path in
    /// common. Header filters prove nothing, because a request can have several lines with one name (S17).
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let methods = match (&self.methods, &other.methods) {
            (Some(ours), Some(theirs)) => ours.is_disjoint(theirs),
            _ => false,
        };
        methods
            || match (&self.path, &other.path) {
                (Some(ours), Some(theirs)) => ours.is_disjoint(theirs),
                _ => false,
            }
    }

    /// Returns the route group that contains the match.
    #[must_use]
    pub fn group(&self) -> &ObjectRef {
        &self.group
    }

    /// Returns the path of the match within the route group.
    #[must_use]
    pub fn field(&self) -> &FieldPath {
        &self.field
    }

    /// Returns the name, which may be empty (S3).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the pattern that the path without query must match; `None` means any path.
    #[must_use]
    pub fn path(&self) -> Option<&Pattern> {
        self.path.as_ref()
    }

    /// Returns the methods, at least one and each an HTTP token; `None` means any method.
    #[must_use]
    pub fn methods(&self) -> Option<&BTreeSet<String>> {
        self.methods.as_ref()
    }

    /// Returns the header filters, all of which a request must fulfil. A name can appear twice (S19).
    #[must_use]
    pub fn headers(&self) -> &[HeaderMatch] {
        &self.headers
    }

    /// Returns `true` if `request`, with the path as received, fulfils the match.
    #[must_use]
    pub fn is_match(&self, request: &Request) -> bool {
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        let has = |header: &HeaderMatch| {
            let mut lines = request.headers.iter();
            lines.any(|(name, value)| name.eq_ignore_ascii_case(&header.name) && header.value.is_match(value))
        };
        self.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
            && self
                .methods
                .as_ref()
                .is_none_or(|methods| methods.contains(&request.method))
            && self.headers.iter().all(has)
    }
}

/// A header filter. A request fulfils it if some line of the header matches (S17, S18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    pub(crate) name: String,
    pub(crate) value: Pattern,
}

impl HeaderMatch {
    /// Returns the name of the header in lower case, an HTTP token (S11, S16). `host` is the authority.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the pattern that the value must match.
    #[must_use]
    pub fn value(&self) -> &Pattern {
        &self.value
    }
}
