//! What traffic looks like: [`HTTPRouteGroup`], [`TCPRoute`] and [`UDPRoute`], group `specs.smi-spec.io`.
//!
//! A route does nothing by itself (S9): a split refers to a group, to say which requests are split, and a
//! traffic target refers to any of them, to say what is allowed.
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
//! ---
//! apiVersion: specs.smi-spec.io/v1alpha4
//! kind: TCPRoute
//! metadata: {name: database, namespace: shop}
//! spec:
//!   matches:
//!     ports: [5432]
//! ```
//!
//! | version | what changed on the wire |
//! |---|---|
//! | [`v1alpha1`] | `matches` of a group stands at the root; no `headers`. A `TCPRoute` means any TCP traffic |
//! | [`v1alpha2`] | `headers` |
//! | [`v1alpha3`] | `matches` moved below `spec`. A `TCPRoute` has an empty `spec` |
//! | [`v1alpha4`] | `TCPRoute` has ports; `UDPRoute` is new |
//!
//! Every version is read with the fields of all of them: `headers` (S10) and ports restrict wherever they
//! stand.

use crate::headers::{HeaderForm, Headers};
use crate::path::FieldPath;
use crate::port::Port;
use crate::version::Version;
use crate::wire::{null_as_default, object, objects};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::iter;

pub mod v1alpha1;
pub mod v1alpha2;
pub mod v1alpha3;
pub mod v1alpha4;

/// The methods that the API knows, sorted (S8). In [`HTTPMatch::methods`], `*` stands for all methods.
pub const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

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

    /// Where the version that the group was read in has its matches: `matches` or `spec.matches`.
    #[must_use]
    pub fn matches_path(&self) -> FieldPath {
        match self.version {
            Version::V1Alpha1 | Version::V1Alpha2 => FieldPath::root(),
            Version::V1Alpha3 | Version::V1Alpha4 => FieldPath::root().field("spec"),
        }
        .field("matches")
    }

    /// The same group with all headers to be written in `form`, the one that the CRD accepts (D1).
    #[must_use]
    pub fn with_header_form(mut self, form: HeaderForm) -> Self {
        for matching in self.matches.iter_mut().flatten() {
            matching.headers.form = form;
        }
        self
    }
}

/// One set of HTTP requests: those that fulfil everything that is said here. What is not said is not
/// asked (S13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(extend("items" = method_schema()))]
    pub methods: Vec<String>,
    /// Header filters, all of which must hold (S14).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Headers::is_empty"
    )]
    pub headers: Headers,
}

fn method_schema() -> Value {
    let names: Vec<&str> = iter::once("*").chain(METHODS).collect();
    json!({"type": "string", "enum": names})
}

/// The `spec` of a route group in the versions that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HTTPRouteGroupSpec {
    /// The matches, any of which a request may fulfil (S15).
    #[serde(default, deserialize_with = "objects")]
    pub matches: Vec<HTTPMatch>,
}

/// TCP traffic to certain ports, or to all of them, whatever version it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TCPRoute {
    /// The version it was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// Which ports are meant. Not said at all: all of them (S22, S23).
    pub spec: Option<PortsSpec>,
}

/// UDP traffic to certain ports, or to all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UDPRoute {
    /// The version it was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// Which ports are meant. Not said at all: all of them (S23).
    pub spec: Option<PortsSpec>,
}

/// The `spec` of a TCP or UDP route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortsSpec {
    /// Which ports are meant. An object, unlike the `matches` of a group.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub matches: Option<PortMatch>,
}

/// A set of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["ports"]))]
pub struct PortMatch {
    /// Its name, by which a rule may select it (A8). Not in the specification's text, and not known to all
    /// CRDs (D7).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// Ports that a workload listens on (A11). An empty list means all of them (S23); it is written, since
    /// CRDs require it (D6).
    #[serde(default, deserialize_with = "null_as_default")]
    pub ports: Vec<Port>,
}
