//! Native types: the parts of Istio's API that the adapter writes.

pub(crate) mod authorization;
pub(crate) mod envoy_filter;

pub(crate) use authorization::AuthorizationPolicy;
pub(crate) use envoy_filter::EnvoyFilter;

use serde::Serialize;
use smi_adapter::manifest::Native;
use smi_adapter::object::{Kind, SmolStr};
use std::collections::BTreeMap;

/// The spec of a `VirtualService`, `networking.istio.io/v1` (Istio 1.22 or later).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct VirtualService {
    pub(crate) hosts: Vec<String>,
    /// An absent list stands for the mesh.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gateways: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) http: Vec<HttpRoute>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tcp: Vec<TcpRoute>,
}

impl Native for VirtualService {
    const KIND: Kind = Kind::new(&["networking.istio.io", "v1", "VirtualService", "virtualservices"]);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HttpRoute {
    pub(crate) name: SmolStr,
    /// Alternatives. An absent list matches all requests.
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub(crate) matches: Vec<HttpMatchRequest>,
    pub(crate) route: Vec<RouteDestination>,
}

/// A conjunction: a request has to match every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct HttpMatchRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gateways: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uri: Option<StringMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<StringMatch>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, StringMatch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StringMatch {
    Exact(String),
    Regex(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TcpRoute {
    #[serde(rename = "match")]
    pub(crate) matches: Vec<L4Match>,
    pub(crate) route: Vec<RouteDestination>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct L4Match {
    pub(crate) port: u16,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) gateways: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RouteDestination {
    pub(crate) destination: Destination,
    /// The weight. It is absent for a single destination, where Istio ignores it, even if it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Destination {
    pub(crate) host: String,
    /// The port. It is never absent, because Istio would then select another port of the backend.
    pub(crate) port: PortSelector,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PortSelector {
    pub(crate) number: u16,
}
