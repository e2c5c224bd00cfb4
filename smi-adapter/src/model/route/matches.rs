//! Which requests a split with matches takes.

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
    /// Whether it is certain that no request fulfils both: they have no method in common, or no path. Header
    /// filters prove nothing, since a request may have several lines of one name (S17).
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

    /// The route group that it stands in.
    #[must_use]
    pub fn group(&self) -> &ObjectRef {
        &self.group
    }

    /// Where it stands there.
    #[must_use]
    pub fn field(&self) -> &FieldPath {
        &self.field
    }

    /// Its name, which may be empty (S3).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the path without query must match; `None` is any path.
    #[must_use]
    pub fn path(&self) -> Option<&Pattern> {
        self.path.as_ref()
    }

    /// The methods; `None` is any, and there is at least one otherwise. Each is an HTTP token.
    #[must_use]
    pub fn methods(&self) -> Option<&BTreeSet<String>> {
        self.methods.as_ref()
    }

    /// The header filters, all of which must hold. One name may come twice (S19).
    #[must_use]
    pub fn headers(&self) -> &[HeaderMatch] {
        &self.headers
    }

    /// Whether `request` fulfils it, with the path as received.
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

/// A header that some line of must match (S17, S18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    pub(crate) name: String,
    pub(crate) value: Pattern,
}

impl HeaderMatch {
    /// The header's name in lower case, an HTTP token (S11, S16). `host` is the authority.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its value must match.
    #[must_use]
    pub fn value(&self) -> &Pattern {
        &self.value
    }
}
