//! Traffic splits: [`TrafficSplit`], group `split.smi-spec.io`.
//!
//! A split sends the traffic of one *root service* to several *backend* services, by weight:
//!
//! ```yaml
//! apiVersion: split.smi-spec.io/v1alpha4
//! kind: TrafficSplit
//! metadata: {name: canary, namespace: shop}
//! spec:
//!   service: web
//!   backends:
//!   - {service: web-v1, weight: 90}
//!   - {service: web-v2, weight: 10}
//! ```
//!
//! | version | changes on the wire |
//! |---|---|
//! | [`v1alpha1`] | weights are Kubernetes quantities (`500m`) |
//! | [`v1alpha2`] | weights are whole numbers |
//! | [`v1alpha3`] | `matches`: only requests that match a route group are split |
//! | [`v1alpha4`] | none |
//!
//! A tool that produces splits builds one and writes it in the version that the cluster serves:
//!
//! ```
//! use smi_types::split::{Backend, TrafficSplit};
//! use smi_types::{Object, Version};
//!
//! let canary = TrafficSplit::new("shop", "canary", "web", [Backend::new("web-v1", 90), Backend::new("web-v2", 10)]);
//! let json = Object::from(canary).to_value(Version::V1Alpha4)?;
//! assert_eq!(json["apiVersion"], "split.smi-spec.io/v1alpha4");
//! assert_eq!(json["spec"]["backends"][1]["weight"], 10);
//! # Ok::<(), smi_types::ConvertError>(())
//! ```
//!
//! Every version is read with the fields of all versions, because an API server returns stored objects in any version
//! that a client requests: `matches` counts in any version (T12), and so does every form of weight (T6). All versions
//! therefore share the type [`Spec`].

use crate::version::Version;
use crate::weight::Weight;
use crate::wire::{named, null_as_default, objects};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod v1alpha1;
pub mod v1alpha2;
pub mod v1alpha3;
pub mod v1alpha4;

/// A traffic split, independent of the version that it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficSplit {
    /// The version that the object was read in.
    pub version: Version,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// The root service and its backends. Absent in a stored object whose fields no served version knows (I7).
    pub spec: Option<Spec>,
}

impl TrafficSplit {
    /// Creates a split of all traffic of the service `root` among `backends`.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        root: impl Into<String>,
        backends: impl IntoIterator<Item = Backend>,
    ) -> Self {
        Self {
            metadata: named(namespace, name),
            spec: Some(Spec {
                service: root.into(),
                backends: backends.into_iter().collect(),
                matches: Vec::new(),
            }),
            ..Self::default()
        }
    }

    /// Restricts the split to requests that one of these route groups describes. An empty list restricts nothing (T18).
    #[must_use]
    pub fn with_matches(mut self, matches: impl IntoIterator<Item = MatchRef>) -> Self {
        self.spec.get_or_insert_default().matches = matches.into_iter().collect();
        self
    }
}

/// The root service of a split, its backends, and the requests that are split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["backends", "service"]))]
pub struct Spec {
    /// The root service: the name that clients call. Forms: `name`, `name.namespace`,
    /// `name.namespace.svc`, `name.namespace.svc.<cluster domain>` (T2, T3).
    #[serde(default, deserialize_with = "null_as_default")]
    pub service: String,
    /// The services that share the traffic of the root, by weight (T5).
    #[serde(default, deserialize_with = "objects")]
    pub backends: Vec<Backend>,
    /// The route groups that select requests: a request is split if it matches any of them. If the list is absent or
    /// empty, all traffic is split (T18).
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<MatchRef>,
}

/// One service that receives a share of the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["service"]))]
pub struct Backend {
    /// Name of a service in the split's own namespace (T32).
    #[serde(default, deserialize_with = "null_as_default")]
    pub service: String,
    /// Weight of the backend. Weights are relative to their sum and not percentages (T8).
    #[serde(default, skip_serializing_if = "Weight::is_missing")]
    pub weight: Weight,
}

impl Backend {
    /// Creates a backend with a weight.
    #[must_use]
    pub fn new(service: impl Into<String>, weight: impl Into<Weight>) -> Self {
        Self {
            service: service.into(),
            weight: weight.into(),
        }
    }
}

/// A reference to a route group in the split's own namespace (T16).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["kind", "name"]))]
pub struct MatchRef {
    /// API group of the route group. Absent means `specs.smi-spec.io`. References to any other group are not
    /// resolved (D18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_group: Option<String>,
    /// Kind of the route group: `HTTPRouteGroup`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schemars(extend("enum" = ["HTTPRouteGroup"]))]
    pub kind: String,
    /// Name of the route group.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
}

impl MatchRef {
    /// Creates a reference to the `HTTPRouteGroup` with this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            api_group: None,
            kind: "HTTPRouteGroup".to_owned(),
            name: name.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_absent_null_and_empty_lists_alike() {
        let absent: Spec = serde_json::from_str(r#"{"service":"web"}"#).unwrap();
        let null: Spec = serde_json::from_str(r#"{"service":"web","backends":null,"matches":null}"#).unwrap();
        let empty: Spec = serde_json::from_str(r#"{"service":"web","backends":[],"matches":[]}"#).unwrap();
        assert_eq!(absent, null);
        assert_eq!(absent, empty);
    }

    #[test]
    fn always_writes_lists_that_crds_require() {
        assert_eq!(
            serde_json::to_string(&Spec::default()).unwrap(),
            r#"{"service":"","backends":[]}"#
        );
    }

    #[test]
    fn writes_api_version_and_kind() {
        let split = v1alpha2::TrafficSplit::default();
        assert_eq!(
            serde_json::to_string(&split).unwrap(),
            r#"{"apiVersion":"split.smi-spec.io/v1alpha2","kind":"TrafficSplit","metadata":{}}"#
        );
    }
}
