//! Who may talk to whom: [`TrafficTarget`] and [`IdentityBinding`], group `access.smi-spec.io`.
//!
//! A traffic target lets its *sources* send what its *rules* describe to its *destination*. Targets only
//! ever allow, and they add up (A1); what no target allows is denied (A2).
//!
//! ```yaml
//! apiVersion: access.smi-spec.io/v1alpha3
//! kind: TrafficTarget
//! metadata: {name: readers, namespace: shop}
//! spec:
//!   destination: {kind: ServiceAccount, name: catalog}
//!   rules:
//!   - {kind: HTTPRouteGroup, name: reading, matches: [books]}
//!   sources:
//!   - {kind: ServiceAccount, name: frontend, namespace: shop}
//! ```
//!
//! The same target, built and written:
//!
//! ```
//! use smi_types::access::{Rule, Subject, TrafficTarget};
//! use smi_types::{Object, Version};
//!
//! let readers = TrafficTarget::new("shop", "readers", Subject::service_account("shop", "catalog"))
//!     .with_rules([Rule::http_route_group("reading").with_matches(["books"])])
//!     .with_sources([Subject::service_account("shop", "frontend")]);
//! let readers = Object::from(readers);
//! assert!(readers.violations().is_empty());
//! let json = readers.to_value(Version::V1Alpha3)?;
//! assert_eq!(json["spec"]["rules"][0]["matches"][0], "books");
//! # Ok::<(), smi_types::ConvertError>(())
//! ```
//!
//! | version | what changed on the wire |
//! |---|---|
//! | [`v1alpha1`] | everything stands at the root; rules are called `specs`; `destination.port` |
//! | [`v1alpha2`] | everything moved below `spec`; `specs` became `rules` |
//! | [`v1alpha3`] | no `port`: ports are said by a TCPRoute or a UDPRoute among the rules |
//! | [`v1alpha4`] | a draft that was never released: `IdentityBinding`, and `group` in subjects |
//!
//! Every version is read with the fields of all of them: a `port` restricts wherever it stands (A10).
//! Fields are therefore the same in all versions: [`TargetSpec`].

use crate::path::FieldPath;
use crate::port::Port;
use crate::version::Version;
use crate::wire::{null_as_default, object, objects};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod construct;
pub mod v1alpha1;
pub mod v1alpha2;
pub mod v1alpha3;
pub mod v1alpha4;

/// A permission to talk to a destination, whatever version it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficTarget {
    /// The version it was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// What is allowed. `None` where a version that keeps it below `spec` has no `spec`: it allows nothing
    /// (I7).
    pub spec: Option<TargetSpec>,
}

impl TrafficTarget {
    /// Where the version that the target was read in has its fields: the root, or `spec`.
    #[must_use]
    pub fn spec_path(&self) -> FieldPath {
        self.paths().0
    }

    /// Where the version that the target was read in has its rules: `specs` or `spec.rules`.
    #[must_use]
    pub fn rules_path(&self) -> FieldPath {
        let (path, rules) = self.paths();
        path.field(rules)
    }

    /// Where the version that the target was read in has its fields, and what it calls the rules.
    pub(crate) fn paths(&self) -> (FieldPath, &'static str) {
        match self.version {
            Version::V1Alpha1 => (FieldPath::root(), "specs"),
            _ => (FieldPath::root().field("spec"), "rules"),
        }
    }
}

/// What is allowed: any of the sources, to send what the rules describe, to the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["destination"]))]
pub struct TargetSpec {
    /// Whose pods may be talked to. In the target's own namespace (A22); without it nothing is allowed.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub destination: Option<Subject>,
    /// What may be sent. An empty list allows nothing (A6).
    #[serde(default, deserialize_with = "objects")]
    pub rules: Vec<Rule>,
    /// Who may send. An empty list allows nobody (A6).
    #[serde(default, deserialize_with = "objects")]
    pub sources: Vec<Subject>,
}

/// An identity, by the object that stands for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct Subject {
    /// API group of the subject, in v1alpha4. Absent and `access.smi-spec.io` mean the same; with any other
    /// the subject is nobody (D12).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub group: String,
    /// `ServiceAccount`, or, in v1alpha4, `IdentityBinding`. Any other kind is nobody (A26).
    #[serde(default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// Name of the service account or the identity binding.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Its namespace. Absent and empty mean that of the target (A23, A24).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub namespace: String,
    /// The port that the destination's workload listens on, in v1alpha1 and v1alpha2. Absent means all of
    /// them (A10). On a source it says nothing (D9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
}

/// A reference to a route in the target's own namespace (A25).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct Rule {
    /// `HTTPRouteGroup`, `TCPRoute` or `UDPRoute`, which the API has from v1alpha3 on. With any other the whole
    /// target allows nothing (A12).
    #[serde(default, deserialize_with = "null_as_default")]
    #[schemars(extend("enum" = ["HTTPRouteGroup", "TCPRoute", "UDPRoute"]))]
    pub kind: String,
    /// Name of the route.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Names of the matches of the route of which one must be fulfilled (A8). Absent and empty both mean
    /// all of its matches (A7).
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<String>,
}

/// A name for several identities, in the draft v1alpha4. It means nothing until a [`TrafficTarget`] refers
/// to it.
///
/// ```yaml
/// apiVersion: access.smi-spec.io/v1alpha4
/// kind: IdentityBinding
/// metadata: {name: readers, namespace: shop}
/// spec:
///   schemes:
///     serviceAccount: frontend
///     spiffeIdentities: ["spiffe://cluster.local/ns/reports/sa/nightly"]
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityBinding {
    /// The version it was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// Whom it names. Absent: nobody (I7).
    pub spec: Option<BindingSpec>,
}

/// The `spec` of an identity binding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["schemes"]))]
pub struct BindingSpec {
    /// The ways in which an identity may be meant; one is enough (A27).
    #[serde(default, deserialize_with = "null_as_default")]
    pub schemes: Schemes,
}

/// The ways in which an identity may be meant. `podLabelSelector` and `serviceAccount` exclude each other
/// (A28).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1, "x-kubernetes-validations" = [{
    "rule": "!has(self.podLabelSelector) || !has(self.podLabelSelector.matchLabels) \
             || !has(self.serviceAccount) || self.serviceAccount == ''",
    "message": "podLabelSelector and serviceAccount exclude each other"
}]))]
pub struct Schemes {
    /// The identities of pods with these labels, in the binding's namespace (A29).
    #[serde(default, deserialize_with = "selector", skip_serializing_if = "Option::is_none")]
    pub pod_label_selector: Option<PodLabelSelector>,
    /// SPIFFE IDs, with or without `spiffe://` (D19).
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub spiffe_identities: Vec<String>,
    /// Name of a service account in the binding's namespace (A29). Empty means absent.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub service_account: String,
}

/// Which pods are meant: those that carry all of the labels (A30).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodLabelSelector {
    /// Labels and their values. Without any the selector is invalid and means nobody (A30).
    // Not required: an API server makes `{}` of what Go clients write for "no selector", `{"matchLabels": null}`.
    #[schemars(default, extend("minProperties" = 1))]
    pub match_labels: BTreeMap<String, String>,
}

/// Reads what Go clients write for "no selector", `{"matchLabels": null}`, as none.
fn selector<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PodLabelSelector>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Nullable {
        #[serde(default)]
        match_labels: Option<BTreeMap<String, String>>,
    }
    let nullable: Option<Nullable> = object(deserializer)?;
    Ok(nullable
        .and_then(|selector| selector.match_labels)
        .map(|match_labels| PodLabelSelector { match_labels }))
}

#[cfg(test)]
mod tests;
