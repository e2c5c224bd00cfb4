//! The native structs that the adapter writes. They contain every field for which a CRD has a default.

mod access;

pub(crate) use access::{
    AuthorizationPolicy, IdentityRef, InboundRoute, InboundRule, Labels, MeshTlsAuthentication, Network,
    NetworkAuthentication, ObjectRef, Server,
};

use serde::Serialize;
use smi_adapter::manifest::Native;
use smi_adapter::object::{Kind, SmolStr};

/// The spec of an `HTTPRoute` of `policy.linkerd.io/v1beta3` (Linkerd 2.14 or later).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRoute {
    pub(crate) parent_refs: Vec<ParentRef>,
    pub(crate) rules: Vec<HttpRule>,
}

impl Native for HttpRoute {
    const KIND: Kind = Kind::new(&["policy.linkerd.io", "v1beta3", "HTTPRoute", "httproutes"]);
}

/// The spec of a `TCPRoute` of `gateway.networking.k8s.io/v1alpha2`, the only version that Linkerd supports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TcpRoute {
    pub(crate) parent_refs: Vec<ParentRef>,
    pub(crate) rules: Vec<TcpRule>,
}

impl Native for TcpRoute {
    const KIND: Kind = Kind::new(&["gateway.networking.k8s.io", "v1alpha2", "TCPRoute", "tcproutes"]);
}

/// A reference to one port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ParentRef {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: SmolStr,
    pub(crate) namespace: SmolStr,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRule {
    /// Alternatives. Never empty: a rule without matches would match nothing.
    pub(crate) matches: Vec<HttpRouteMatch>,
    pub(crate) backend_refs: Vec<BackendRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TcpRule {
    pub(crate) backend_refs: Vec<BackendRef>,
}

/// A match of requests, all of whose conditions must hold. The path is never absent: a CRD would add its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct HttpRouteMatch {
    pub(crate) path: Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<Header>,
    /// Parameters that the query must contain, among any others.
    #[serde(rename = "queryParams", skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<Header>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "value")]
pub(crate) enum Path {
    Exact(String),
    #[serde(rename = "PathPrefix")]
    Prefix(&'static str),
    RegularExpression(String),
}

/// A filter of a header or of a query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BackendRef {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: SmolStr,
    /// Never absent: the two controllers of Linkerd disagree on the meaning of an absent namespace.
    pub(crate) namespace: SmolStr,
    pub(crate) port: u16,
    pub(crate) weight: u32,
}

/// The spec of a `ServiceProfile` of `linkerd.io/v1alpha2`, in the format of the SMI extension of Linkerd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceProfile {
    pub(crate) dst_overrides: Vec<DstOverride>,
}

impl Native for ServiceProfile {
    const KIND: Kind = Kind::new(&["linkerd.io", "v1alpha2", "ServiceProfile", "serviceprofiles"]);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DstOverride {
    /// A host without a port: Linkerd adds the port that the client called.
    pub(crate) authority: String,
    pub(crate) weight: String,
}
