//! The objects that every known port of a workload has, with or without grants: a `Server` that denies, a route for
//! every request on which no client is authorized, and the exemption of the kubelet's health checks.

use super::{MAX_SERVERS, Translator, everything, text};
use crate::matches::MAX_PATH;
use crate::native::{
    AuthorizationPolicy, Header, HttpRouteMatch, InboundRoute, InboundRule, Labels, Network, NetworkAuthentication,
    ObjectRef, Path, Server,
};
use crate::protocol::{self, OPAQUE_PORTS};
use crate::{MAX_MATCHES, MAX_RULES};
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::Stage;
use smi_adapter::workload::HealthCheck;
use std::collections::{BTreeMap, BTreeSet};

/// The most query parameters of one match that the schema accepts.
const MAX_PARAMETERS: usize = 16;

/// A port that has a `Server`.
pub(super) struct Served {
    /// The name of the `Server`.
    pub(super) name: String,
    /// `true` if Linkerd does not parse HTTP on the port.
    pub(super) is_opaque: bool,
}

impl<'a> Translator<'a> {
    /// Writes a `Server` for each known port, except for the ports of the proxy itself.
    pub(super) fn servers(&mut self) {
        for port in self.known_ports().take(MAX_SERVERS) {
            let is_opaque = match self.access.annotations().get(OPAQUE_PORTS) {
                Some(list) => protocol::lists(list, *port, None),
                None => self.linkerd.default_opaque_ports.contains(port),
            };
            let name = self.names.server(*port);
            self.server(&name, *port, is_opaque);
            self.servers.insert(*port, Served { name, is_opaque });
        }
        self.probes();
    }

    /// Returns the number of known ports that get no `Server` because there are too many.
    pub(super) fn beyond(&self) -> usize {
        self.known_ports().count().saturating_sub(MAX_SERVERS)
    }

    /// Returns the known ports, except for the ports of the proxy itself.
    fn known_ports(&self) -> impl Iterator<Item = &'a u16> + use<'a> {
        let proxy_ports = &self.linkerd.proxy_ports;
        let ports = self.access.tcp_ports().iter();
        ports.filter(move |port| !proxy_ports.contains(port))
    }

    fn server(&mut self, name: &str, port: u16, is_opaque: bool) {
        // With this route, requests that match no grant get a 403 instead of a 404, and clients that are authorized on
        // the server get through.
        let deny = InboundRoute {
            parent_refs: vec![ObjectRef::server(name)],
            rules: vec![InboundRule {
                matches: vec![everything(Path::Prefix("/"))],
            }],
        };
        self.emit(Stage::Deny, &self.names.fixed(port, "deny"), &deny);
        let server = Server {
            pod_selector: Labels {
                match_labels: self.access.selector(),
            },
            port,
            // Never an HTTP protocol, since other bytes can be granted as well.
            proxy_protocol: if is_opaque { "opaque" } else { "unknown" },
            access_policy: "deny",
        };
        self.emit(Stage::Deny, name, &server);
    }

    /// Exempts the health checks of the kubelet (A38). Linkerd exempts them itself only while a server has no routes.
    fn probes(&mut self) {
        let mut checks: BTreeMap<u16, BTreeSet<CheckRequest>> = BTreeMap::new();
        for check in self.access.health_checks() {
            if let Some(served) = self.servers.get(&check.port()) {
                if served.is_opaque {
                    let message = format!(
                        "port {} is opaque, so Linkerd cannot distinguish the health check from other traffic and denies it",
                        check.port()
                    );
                    self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
                } else if let Some(request) = self.check_request(check) {
                    checks.entry(check.port()).or_default().insert(request);
                }
            }
        }
        let networks: Vec<Network> = self
            .linkerd
            .probe_networks
            .iter()
            .map(|cidr| Network { cidr: cidr.clone() })
            .collect();
        // The CRD rejects an empty list.
        if checks.is_empty() || networks.is_empty() {
            return;
        }
        let kubelet = NetworkAuthentication { networks };
        let authentication = self.names.probes(&text(&kubelet));
        self.emit(Stage::Leaf, &authentication, &kubelet);
        for (port, checks) in checks {
            self.exempt(port, &authentication, &checks);
        }
    }

    /// Returns the request of a health check, or `None`, reported, if Linkerd cannot express it.
    fn check_request(&mut self, check: &HealthCheck) -> Option<CheckRequest> {
        let HealthCheck::Http { path, .. } = check else {
            return Some(CheckRequest {
                path: HealthCheck::GRPC_PATH.to_owned(),
                method: "POST",
                query: Vec::new(),
            });
        };
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // The escaping rules of the kubelet are not replicated, so paths that need escaping are reported.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/$&+,:;=@%".contains(c);
        if path.len() > MAX_PATH || !path.chars().all(plain) {
            let message = format!(
                "the health check of port {} is denied: Linkerd supports only percent-encoded paths of at most {MAX_PATH} bytes",
                check.port()
            );
            self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
            return None;
        }
        let Some(query) = parameters(query) else {
            let message = format!(
                "the health check of port {} is denied: Linkerd supports at most {MAX_PARAMETERS} query parameters, each with a different name and without escapes or empty values",
                check.port()
            );
            self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
            return None;
        };
        Some(CheckRequest {
            path: path.to_owned(),
            method: "GET",
            query,
        })
    }

    /// Writes the route and the policy that exempt the health checks of a port.
    fn exempt(&mut self, port: u16, authentication: &str, checks: &BTreeSet<CheckRequest>) {
        let Some(server) = self.servers.get(&port).map(|served| ObjectRef::server(&served.name)) else {
            return;
        };
        if checks.len() > MAX_MATCHES * MAX_RULES {
            let message =
                format!("port {port} has more health checks than fit into one route; the last ones are denied");
            self.report(Code::Inexpressible, [port].into_iter().collect(), message);
        }
        let matches: Vec<HttpRouteMatch> = checks
            .iter()
            .take(MAX_MATCHES * MAX_RULES)
            .map(|request| HttpRouteMatch {
                method: Some(request.method.to_owned()),
                query: request.query.iter().map(parameter).collect(),
                ..everything(Path::Exact(request.path.clone()))
            })
            .collect();
        let rules = matches.chunks(MAX_MATCHES).map(|matches| InboundRule {
            matches: matches.to_vec(),
        });
        let route = InboundRoute {
            parent_refs: vec![server],
            rules: rules.collect(),
        };
        let name = self.names.fixed(port, "probes");
        let policy = AuthorizationPolicy {
            target_ref: ObjectRef::route(&name),
            required_authentication_refs: [ObjectRef::network(authentication)],
        };
        // The policy allows, so it has the stage of grants: if a foreign route has our name, grants are not written and
        // the policy does not open that route. It is created before the server and deleted after it.
        self.emit(Stage::Grant, &name, &policy);
        self.emit(Stage::Deny, &name, &route);
    }
}

/// The request of a health check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CheckRequest {
    path: String,
    method: &'static str,
    /// Names and values of the query parameters.
    query: Vec<(String, String)>,
}

/// Parses the parameters of a query. Returns `None` if Linkerd cannot express all of them. It supports one value for
/// each name.
fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        // The lengths are those of the schema.
        let expressible =
            plain(name) && plain(value) && (1..=256).contains(&name.len()) && (1..=1024).contains(&value.len());
        if !expressible || all.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
    }
    (all.len() <= MAX_PARAMETERS).then(|| all.into_iter().collect())
}

fn parameter((name, value): &(String, String)) -> Header {
    Header {
        name: name.clone(),
        kind: "Exact",
        value: value.clone(),
    }
}
