//! The native structs of access control. All objects are in the namespace of their workload, so no reference names a
//! namespace, except references to service accounts.

use super::{HttpRoute, HttpRouteMatch};
use serde::Serialize;
use smi_adapter::manifest::Native;
use smi_adapter::object::{Kind, SmolStr};
use std::collections::BTreeMap;

/// The API group of all of these kinds.
pub(crate) const GROUP: &str = "policy.linkerd.io";

/// The spec of a `Server` of `policy.linkerd.io/v1beta3` (Linkerd 2.16 or later): one port of some pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Server<'a> {
    /// Never empty: an empty selector selects every pod of the namespace.
    pub(crate) pod_selector: Labels<'a>,
    pub(crate) port: u16,
    pub(crate) proxy_protocol: &'static str,
    pub(crate) access_policy: &'static str,
}

impl Native for Server<'_> {
    const KIND: Kind = Kind::new(&[GROUP, "v1beta3", "Server", "servers"]);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Labels<'a> {
    pub(crate) match_labels: &'a BTreeMap<String, String>,
}

/// The spec of an `AuthorizationPolicy`: clients with all of the authentications can use the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthorizationPolicy {
    pub(crate) target_ref: ObjectRef,
    /// Exactly one: an empty list authorizes every client, and Linkerd rejects two of one kind.
    pub(crate) required_authentication_refs: [ObjectRef; 1],
}

impl Native for AuthorizationPolicy {
    const KIND: Kind = Kind::new(&[GROUP, "v1alpha1", "AuthorizationPolicy", "authorizationpolicies"]);
}

/// A reference to an object of Linkerd in the same namespace: a target, an authentication or a parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ObjectRef {
    group: &'static str,
    kind: &'static str,
    name: String,
}

impl ObjectRef {
    fn new(kind: &'static str, name: &str) -> Self {
        Self {
            group: GROUP,
            kind,
            name: name.to_owned(),
        }
    }

    pub(crate) fn server(name: &str) -> Self {
        Self::new("Server", name)
    }

    pub(crate) fn route(name: &str) -> Self {
        Self::new("HTTPRoute", name)
    }

    pub(crate) fn mesh_tls(name: &str) -> Self {
        Self::new("MeshTLSAuthentication", name)
    }

    pub(crate) fn network(name: &str) -> Self {
        Self::new("NetworkAuthentication", name)
    }
}

/// The spec of a `MeshTLSAuthentication`: any of these clients. The CRD accepts only one of the two fields. The list is
/// never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MeshTlsAuthentication {
    Identities(Vec<String>),
    IdentityRefs(Vec<IdentityRef>),
}

impl Native for MeshTlsAuthentication {
    const KIND: Kind = Kind::new(&[GROUP, "v1alpha1", "MeshTLSAuthentication", "meshtlsauthentications"]);
}

/// A reference to a service account. Without a name it would be all accounts, without a namespace another account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct IdentityRef {
    pub(crate) kind: &'static str,
    pub(crate) name: SmolStr,
    pub(crate) namespace: SmolStr,
}

/// The spec of a `NetworkAuthentication`: any client with an address in one of these networks. The list is never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NetworkAuthentication {
    pub(crate) networks: Vec<Network>,
}

impl Native for NetworkAuthentication {
    const KIND: Kind = Kind::new(&[GROUP, "v1alpha1", "NetworkAuthentication", "networkauthentications"]);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Network {
    pub(crate) cidr: String,
}

/// The spec of an `HTTPRoute` whose parents are `Server`s: a class of requests that policies target. The kind is that of
/// the routes of splits. Parents have neither port nor namespace; with either of them, the route would not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InboundRoute {
    pub(crate) parent_refs: Vec<ObjectRef>,
    pub(crate) rules: Vec<InboundRule>,
}

impl Native for InboundRoute {
    const KIND: Kind = HttpRoute::KIND;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct InboundRule {
    /// Alternatives. Never empty: the CRD would add a match of every request.
    pub(crate) matches: Vec<HttpRouteMatch>,
}
