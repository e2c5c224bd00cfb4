//! What traffic looks like: [`HTTPRouteGroup`], group `specs.smi-spec.io`.
//!
//! A route group names sets of HTTP requests. It does nothing by itself (S9): a split refers to it, to
//! say which requests are split, or a traffic target, to say which requests are allowed.
//!
//! ```yaml
//! apiVersion: specs.smi-spec.io/v1alpha4
//! kind: HTTPRouteGroup
//! metadata: {name: reading, namespace: shop}
//! spec:
//!   matches:
//!   - name: books
//!     pathRegex: /books/[0-9]+
//!     methods: [GET, HEAD]
//!     headers:
//!     - x-reader: .+
//! ```
//!
//! | version | what changed on the wire |
//! |---|---|
//! | [`v1alpha1`] | `matches` stands at the root; no `headers` |
//! | [`v1alpha2`] | `headers` |
//! | [`v1alpha3`] | `matches` moved below `spec` |
//! | [`v1alpha4`] | nothing |
//!
//! `headers` is read in every version (S10). The other kinds of this group, `TCPRoute` and `UDPRoute`,
//! are not read yet: [`crate::Object`] reports them as unsupported.

use crate::headers::Headers;
use crate::object::Version;
use crate::wire::{null_as_default, objects};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub mod v1alpha1;
pub mod v1alpha2;
pub mod v1alpha3;
pub mod v1alpha4;

/// A group of HTTP matches, whatever version it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HTTPRouteGroup {
    /// The version it was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The matches, any of which a request may fulfil (S15). `None` where a version that keeps them below
    /// `spec` has no `spec` (I7).
    pub matches: Option<Vec<HTTPMatch>>,
}

impl HTTPRouteGroup {
    /// The matches; none, if there is no `spec`.
    #[must_use]
    pub fn matches(&self) -> &[HTTPMatch] {
        self.matches.as_deref().unwrap_or_default()
    }
}

/// One set of HTTP requests: those that fulfil everything that is said here. What is not said is not
/// asked (S13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPMatch {
    /// Its name within the group (S2).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// A regular expression in the [portable dialect](crate::regex), for the whole path without query
    /// (S4, S5). Empty means the same as absent (S13).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub path_regex: String,
    /// Methods; `*`, an empty list and absence mean all of them (S8, S13).
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Header filters, all of which must hold (S14).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Headers::is_empty"
    )]
    pub headers: Headers,
}

/// The `spec` of a route group in the versions that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HTTPRouteGroupSpec {
    /// The matches, any of which a request may fulfil (S15).
    #[serde(default, deserialize_with = "objects")]
    pub matches: Vec<HTTPMatch>,
}
