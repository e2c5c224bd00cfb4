//! Traffic metrics: `TrafficMetrics`, group `metrics.smi-spec.io`.
//!
//! Metrics are not stored objects. An extension API server returns them for one resource, or for the traffic between
//! two resources (an *edge*):
//!
//! ```yaml
//! apiVersion: metrics.smi-spec.io/v1alpha1
//! kind: TrafficMetrics
//! resource: {kind: Deployment, name: web, namespace: shop}
//! edge: {direction: from, side: server, resource: {kind: Deployment, name: frontend, namespace: shop}}
//! timestamp: "2026-11-27T06:00:00Z"
//! window: 30s
//! metrics:
//! - {name: p99_response_latency, unit: ms, value: "12"}
//! - {name: success_count, value: "310"}
//! ```
//!
//! | version | changes on the wire |
//! |---|---|
//! | [`v1alpha1`] | the released version; its text has `side` and `backend`, its Go types lack them |
//! | [`v1alpha2`] | `side` of an edge, and `backend` |
//!
//! Both versions are read and written with the fields of both (D23), so no conversion is needed: they differ only in
//! `apiVersion` and share the type [`Metrics`].

use crate::wire::{null_as_default, object, objects};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ListMeta, ObjectMeta, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use window::{Window, WindowError};

pub mod v1alpha1;
pub mod v1alpha2;
mod window;

/// The measurements of one resource or edge in one interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Metadata of the resource, of which servers fill in only a part.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: ObjectMeta,
    /// The measured resource.
    #[serde(default, deserialize_with = "null_as_default")]
    pub resource: ObjectReference,
    /// The other end, if the metrics measure the traffic between two resources.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub edge: Option<Edge>,
    /// The backend, if the metrics measure one backend of a traffic split (M21).
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// The end of the interval (M17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Time>,
    /// The length of the interval, which ends at `timestamp` (M17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The values.
    #[serde(default, deserialize_with = "objects")]
    pub metrics: Vec<Metric>,
}

/// The other end of the measured traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// The direction of the traffic: `to` the other end or `from` it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub direction: String,
    /// The side of the proxy that measured: `client` or `server`. The Go types of v1alpha1 lack this field (D23).
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub side: String,
    /// The resource at the other end. Servers return `null` if there is none.
    #[serde(default)]
    pub resource: Option<ObjectReference>,
}

/// One backend of a traffic split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backend {
    /// The root service of the split.
    #[serde(default, deserialize_with = "null_as_default")]
    pub apex: String,
    /// The backend service.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The weight of the backend.
    #[serde(default, deserialize_with = "null_as_default")]
    pub weight: u64,
}

/// One measured value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    /// Name of the metric: `p99_response_latency`, `p90_response_latency`, `p50_response_latency`, `success_count` or
    /// `failure_count`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The unit of `value`: `ms` or `seconds` for latencies (D24), empty for counts.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub unit: String,
    /// The value. Counts are totals over the window, not rates (M16).
    #[serde(default, deserialize_with = "null_as_default")]
    pub value: Quantity,
}

/// The metrics of several resources, or of all edges of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricsList<T> {
    /// Standard list metadata.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: ListMeta,
    /// The requested resource. For a list of one kind it has only `kind`, `namespace` and `apiVersion` (M18).
    #[serde(default, deserialize_with = "null_as_default")]
    pub resource: ObjectReference,
    /// The labels by which the resources were selected (D25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The metrics.
    #[serde(
        default,
        deserialize_with = "objects",
        bound(deserialize = "T: Default + Deserialize<'de>")
    )]
    pub items: Vec<T>,
}

/// Declares the types of one version, which write their `apiVersion` and `kind`.
macro_rules! version {
    ($api_version:literal) => {
        typed! {
            /// The measurements of one resource or edge in one interval.
            TrafficMetrics(crate::metrics::Metrics) = $api_version
        }
        typed! {
            /// The metrics of several resources, or of all edges of one.
            TrafficMetricsList(crate::metrics::MetricsList<TrafficMetrics>) = $api_version
        }
    };
}

macro_rules! typed {
    ($(#[$doc:meta])* $kind:ident($content:ty) = $api_version:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $kind(pub $content);

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                #[serde(rename_all = "camelCase")]
                struct Typed<'a> {
                    api_version: &'static str,
                    kind: &'static str,
                    #[serde(flatten)]
                    content: &'a $content,
                }
                Typed {
                    api_version: $api_version,
                    kind: stringify!($kind),
                    content: &self.0,
                }
                .serialize(serializer)
            }
        }

        impl From<$content> for $kind {
            fn from(content: $content) -> Self {
                Self(content)
            }
        }

        impl From<$kind> for $content {
            fn from(wire: $kind) -> Self {
                wire.0
            }
        }
    };
}

pub(crate) use {typed, version};

#[cfg(test)]
mod tests;
