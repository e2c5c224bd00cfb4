//! Access control: [`TrafficTarget`] and [`IdentityBinding`], group `access.smi-spec.io`.
//!
//! A traffic target allows its *sources* to send the traffic that its *rules* describe to its *destination*. Targets
//! only allow, and their permissions add up (A1). Traffic that no target allows is denied (A2).
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
//! The same target, built and serialised:
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
//! | version | changes on the wire |
//! |---|---|
//! | [`v1alpha1`] | all fields are at the root; rules are called `specs`; `destination.port` |
//! | [`v1alpha2`] | all fields moved below `spec`; `specs` became `rules` |
//! | [`v1alpha3`] | no `port`: a TCPRoute or a UDPRoute among the rules lists the ports |
//! | [`v1alpha4`] | a draft that was never released: `IdentityBinding`, and `group` in subjects |
//!
//! Every version is read with the fields of all versions: a `port` restricts a target in any version (A10). All
//! versions therefore share the type [`TargetSpec`].

use crate::path::{FieldPath, Place};
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

/// A permission to send traffic to a destination, independent of the version that it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficTarget {
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The permission. It is `None` if an object lacks the `spec` that its version has; such a target allows
    /// nothing (I7).
    pub spec: Option<TargetSpec>,
}

impl TrafficTarget {
    /// Returns the path of the fields in the version that the target was read in: the root, or `spec`.
    #[must_use]
    pub fn spec_path(&self) -> FieldPath {
        self.places().0.path()
    }

    /// Returns the path of the rules in the version that the target was read in: `specs` or `spec.rules`.
    #[must_use]
    pub fn rules_path(&self) -> FieldPath {
        let (place, rules) = self.places();
        place.field(rules).path()
    }

    /// Returns the place of the fields in the version that the target was read in, and the name of the rules there.
    pub(crate) fn places(&self) -> (Place<'static>, &'static str) {
        match self.version {
            Version::V1Alpha1 => (Place::Root, "specs"),
            _ => (Place::SPEC, "rules"),
        }
    }
}

/// The permission for any of the sources to send the traffic that the rules describe to the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["destination"]))]
pub struct TargetSpec {
    /// The identity of the pods that may be called, in the target's own namespace (A22). A target without a
    /// destination allows nothing.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub destination: Option<Subject>,
    /// The traffic that is allowed. An empty list allows nothing (A6).
    #[serde(default, deserialize_with = "objects")]
    pub rules: Vec<Rule>,
    /// The callers that are allowed. An empty list allows no caller (A6).
    #[serde(default, deserialize_with = "objects")]
    pub sources: Vec<Subject>,
}

/// A reference to the object that represents an identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct Subject {
    /// API group of the subject, in v1alpha4. Absent and `access.smi-spec.io` mean the same. A subject with any other
    /// group matches no workload (D12).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub group: String,
    /// `ServiceAccount` or, in v1alpha4, `IdentityBinding`. A subject of any other kind matches no workload (A26).
    #[serde(default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// Name of the service account or the identity binding.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Namespace of the subject. Absent and empty mean the namespace of the target (A23, A24).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub namespace: String,
    /// The port that the destination's workload listens on, in v1alpha1 and v1alpha2. Absent means all ports (A10).
    /// The port of a source has no effect (D9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
}

/// A reference to a route in the target's own namespace (A25).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct Rule {
    /// `HTTPRouteGroup`, `TCPRoute` or, from v1alpha3 on, `UDPRoute`. If a rule has any other kind, its whole target
    /// allows nothing (A12).
    #[serde(default, deserialize_with = "null_as_default")]
    #[schemars(extend("enum" = ["HTTPRouteGroup", "TCPRoute", "UDPRoute"]))]
    pub kind: String,
    /// Name of the route.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Names of matches of the route, of which any one suffices (A8). Absent and empty both mean all of its
    /// matches (A7).
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<String>,
}

/// A named set of identities, in the draft v1alpha4. It has no effect until a [`TrafficTarget`] refers to it.
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
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The identities. A binding without `spec` matches no workload (I7).
    pub spec: Option<BindingSpec>,
}

/// The `spec` of an identity binding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["schemes"]))]
pub struct BindingSpec {
    /// The ways to select identities. An identity belongs to the set if any of them selects it (A27).
    #[serde(default, deserialize_with = "null_as_default")]
    pub schemes: Schemes,
}

/// The ways to select identities. `podLabelSelector` and `serviceAccount` exclude each other (A28).
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

/// A selection of the pods that carry all of the labels (A30).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodLabelSelector {
    /// Labels and their values. A selector without labels is invalid and matches no workload (A30).
    // Not required: Go clients write "no selector" as `{"matchLabels": null}`, which an API server turns into `{}`.
    #[schemars(default, extend("minProperties" = 1))]
    pub match_labels: BTreeMap<String, String>,
}

/// Reads a selector. `{"matchLabels": null}`, the form in which Go clients write "no selector", becomes `None`.
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
