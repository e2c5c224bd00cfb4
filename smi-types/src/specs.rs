//! Descriptions of traffic: [`HTTPRouteGroup`], [`TCPRoute`] and [`UDPRoute`], group `specs.smi-spec.io`.
//!
//! A route has no effect by itself (S9). A split refers to route groups to select the requests that are split. A
//! traffic target refers to routes of any kind to select the traffic that is allowed.
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
//! | version | changes on the wire |
//! |---|---|
//! | [`v1alpha1`] | `matches` of a group is at the root; no `headers`. A `TCPRoute` matches any TCP traffic |
//! | [`v1alpha2`] | `headers` |
//! | [`v1alpha3`] | `matches` moved below `spec`. A `TCPRoute` has an empty `spec` |
//! | [`v1alpha4`] | `TCPRoute` has ports; `UDPRoute` is new |
//!
//! Every version is read with the fields of all versions: `headers` (S10) and ports restrict a route in any version.

use crate::headers::{HeaderForm, Headers};
use crate::path::{FieldPath, Place};
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

/// The methods that the API knows, sorted (S8). In [`HTTPMatch::methods`], `*` matches all methods.
pub const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// A group of HTTP matches, independent of the version that it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HTTPRouteGroup {
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The matches, of which any one suffices (S15). The field is `None` if an object lacks the `spec` that its
    /// version has (I7).
    pub matches: Option<Vec<HTTPMatch>>,
}

impl HTTPRouteGroup {
    /// Returns the matches, or an empty slice if there is no `spec`.
    #[must_use]
    pub fn matches(&self) -> &[HTTPMatch] {
        self.matches.as_deref().unwrap_or_default()
    }

    /// Returns the path of the matches in the version that the group was read in: `matches` or `spec.matches`.
    #[must_use]
    pub fn matches_path(&self) -> FieldPath {
        self.matches_place().path()
    }

    pub(crate) fn matches_place(&self) -> Place<'static> {
        const IN_SPEC: Place<'_> = Place::SPEC.field("matches");
        match self.version {
            Version::V1Alpha1 | Version::V1Alpha2 => Place::Root.field("matches"),
            Version::V1Alpha3 | Version::V1Alpha4 => IN_SPEC,
        }
    }

    /// Sets the wire form in which all headers are written. The CRD that the object is written to accepts only one
    /// form (D1).
    #[must_use]
    pub fn with_header_form(mut self, form: HeaderForm) -> Self {
        for matching in self.matches.iter_mut().flatten() {
            matching.headers.form = form;
        }
        self
    }
}

/// A set of HTTP requests: those that fulfil all conditions of the match. An absent field sets no condition (S13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HTTPMatch {
    /// Name of the match within its group (S2).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// A regular expression in the [portable dialect](crate::regex) that must match the whole path, without the query
    /// (S4, S5). Empty means the same as absent (S13).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub path_regex: String,
    /// Methods of the requests. `*` in the list, an empty list and an absent list mean all methods (S8, S13).
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
    /// The matches, of which any one suffices (S15).
    #[serde(default, deserialize_with = "objects")]
    pub matches: Vec<HTTPMatch>,
}

/// TCP traffic to certain ports or to all ports, independent of the version that the route was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TCPRoute {
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The ports. An absent `spec` means all ports (S22, S23).
    pub spec: Option<PortsSpec>,
}

/// UDP traffic to certain ports or to all ports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UDPRoute {
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The ports. An absent `spec` means all ports (S23).
    pub spec: Option<PortsSpec>,
}

/// The `spec` of a TCP or UDP route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortsSpec {
    /// The ports. Unlike the `matches` of a route group, this is an object. Absent means all ports (S23).
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub matches: Option<PortMatch>,
}

/// A set of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["ports"]))]
pub struct PortMatch {
    /// Name of the match, by which a rule can select it (A8). The specification's text and some CRDs lack this
    /// field (D7).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub name: String,
    /// Ports that a workload listens on (A11). An empty list means all ports (S23). It is always written, because CRDs
    /// require it (D6).
    #[serde(default, deserialize_with = "null_as_default")]
    pub ports: Vec<Port>,
}
