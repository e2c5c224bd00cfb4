//! The modelled part of the `spec` of a `VirtualService`.

use super::pattern::Pattern;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `VirtualService`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) hosts: Vec<String>,
    pub(super) gateways: Vec<String>,
    pub(super) http: Vec<HttpRoute>,
    pub(super) tls: Vec<TlsRoute>,
    pub(super) tcp: Vec<TcpRoute>,
    pub(super) export_to: Vec<String>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `HTTPRoute`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HttpRoute {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "match")]
    pub(super) matches: Vec<HttpMatch>,
    pub(super) route: Vec<Weighted>,
    /// Redirects, faults, delegates, timeouts and all other fields except the destinations.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `HTTPMatchRequest`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HttpMatch {
    #[serde(rename = "name")]
    _name: String,
    pub(super) uri: Option<Pattern>,
    pub(super) scheme: Option<Pattern>,
    pub(super) method: Option<Pattern>,
    pub(super) authority: Option<Pattern>,
    pub(super) headers: BTreeMap<String, Pattern>,
    pub(super) without_headers: BTreeMap<String, Pattern>,
    pub(super) query_params: BTreeMap<String, Pattern>,
    pub(super) ignore_uri_case: bool,
    pub(super) port: u32,
    pub(super) gateways: Vec<String>,
    pub(super) source_labels: BTreeMap<String, String>,
    pub(super) source_namespace: String,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `TCPRoute`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TcpRoute {
    #[serde(rename = "match")]
    pub(super) matches: Vec<TcpMatch>,
    pub(super) route: Vec<Weighted>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `L4MatchAttributes`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TcpMatch {
    pub(super) port: u32,
    pub(super) gateways: Vec<String>,
    pub(super) source_labels: BTreeMap<String, String>,
    pub(super) source_namespace: String,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `TLSRoute`. Only its weights are modelled.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TlsRoute {
    pub(super) route: Vec<Weighted>,
}

/// `HTTPRouteDestination` and `RouteDestination`
#[derive(Debug, Deserialize)]
pub(super) struct Weighted {
    pub(super) destination: Destination,
    #[serde(default)]
    pub(super) weight: i64,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `Destination`
#[derive(Debug, Deserialize)]
pub(super) struct Destination {
    pub(super) host: String,
    #[serde(default)]
    pub(super) subset: String,
    pub(super) port: Option<PortSelector>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `PortSelector`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PortSelector {
    pub(super) number: u16,
}

impl HttpMatch {
    /// Returns all patterns that become part of the sidecar's configuration; the flag is `true` for the path.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (&Pattern, bool)> {
        let others = [&self.scheme, &self.method, &self.authority].into_iter().flatten();
        let maps = [&self.headers, &self.without_headers, &self.query_params];
        let others = others.chain(maps.into_iter().flat_map(BTreeMap::values));
        self.uri
            .iter()
            .map(|uri| (uri, true))
            .chain(others.map(|pattern| (pattern, false)))
    }

    /// Returns `true` if it matches every request. istiod then omits the routes that follow.
    pub(super) fn is_catch_all(&self) -> bool {
        let any_path = match &self.uri {
            None | Some(Pattern::Present) => true,
            Some(Pattern::Prefix(prefix)) => prefix == "/",
            Some(Pattern::Regex(regex)) => regex == ".*",
            Some(Pattern::Exact(_)) => false,
        };
        any_path && self.patterns().all(|(_, is_path)| is_path)
    }
}
