//! What every known port of a workload has, with or without grants: a `Server` that denies, a route for everything that
//! nobody is authorized on, and the exemption of the kubelet's health checks.

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

/// How many parameters of a query the schema of a match takes.
const MAX_PARAMETERS: usize = 16;

/// A port that has a `Server`.
pub(super) struct Served {
    /// The name of the `Server`.
    pub(super) name: String,
    /// Whether Linkerd reads no HTTP there.
    pub(super) is_opaque: bool,
}

impl Translator<'_> {
    /// The ports that get a `Server`: all that are known, but for the proxy's own.
    pub(super) fn servers(&mut self) {
        let ports = self.access.tcp_ports().iter();
        let ports = ports.filter(|port| !self.linkerd.proxy_ports.contains(port));
        for port in ports.take(MAX_SERVERS) {
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

    /// How many ports more there are than Linkerd is told of.
    pub(super) fn beyond(&self) -> usize {
        let known = self.access.tcp_ports().iter();
        let known = known.filter(|port| !self.linkerd.proxy_ports.contains(port));
        known.count().saturating_sub(MAX_SERVERS)
    }

    fn server(&mut self, name: &str, port: u16, is_opaque: bool) {
        // It gives 403 where there would be 404, and lets clients through that are authorized on the server.
        let deny = InboundRoute {
            parent_refs: vec![ObjectRef::server(name)],
            rules: vec![InboundRule {
                matches: vec![everything(Path::Prefix("/"))],
            }],
        };
        self.emit(Stage::Deny, &self.names.fixed(port, "deny"), &deny);
        let server = Server {
            pod_selector: Labels {
                match_labels: self.access.selector().clone(),
            },
            port,
            // Never HTTP alone, since bytes may be granted, too.
            proxy_protocol: if is_opaque { "opaque" } else { "unknown" },
            access_policy: "deny",
        };
        self.emit(Stage::Deny, name, &server);
    }

    /// Health checks of the kubelet keep working (A38). Linkerd allows them by itself only while a server has no routes.
    fn probes(&mut self) {
        let mut checks: BTreeMap<u16, BTreeSet<Asked>> = BTreeMap::new();
        for check in self.access.health_checks() {
            if let Some(served) = self.servers.get(&check.port()) {
                if served.is_opaque {
                    let message = format!(
                        "port {} is opaque to Linkerd, so the health check there cannot be told from other traffic and is denied",
                        check.port()
                    );
                    self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
                } else if let Some(asked) = self.asked(check) {
                    checks.entry(check.port()).or_default().insert(asked);
                }
            }
        }
        let networks: Vec<Network> = self
            .linkerd
            .probe_networks
            .iter()
            .map(|cidr| Network { cidr: cidr.clone() })
            .collect();
        // An empty list would be refused.
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

    /// What a health check asks for; `None` if Linkerd cannot tell it.
    fn asked(&mut self, check: &HealthCheck) -> Option<Asked> {
        let HealthCheck::Http { path, .. } = check else {
            return Some(Asked {
                path: HealthCheck::GRPC_PATH.to_owned(),
                method: "POST",
                query: Vec::new(),
            });
        };
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // What the kubelet would escape, and how, is better not guessed.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/$&+,:;=@%".contains(c);
        if path.len() > MAX_PATH || !path.chars().all(plain) {
            let message = format!(
                "the health check of port {} is denied: Linkerd takes paths of at most {MAX_PATH} bytes, percent-encoded",
                check.port()
            );
            self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
            return None;
        }
        let Some(query) = parameters(query) else {
            let message = format!(
                "the health check of port {} is denied: Linkerd can be told at most {MAX_PARAMETERS} parameters of a query, each of its own name and plain letters",
                check.port()
            );
            self.report(Code::Inexpressible, [check.port()].into_iter().collect(), message);
            return None;
        };
        Some(Asked {
            path: path.to_owned(),
            method: "GET",
            query,
        })
    }

    fn exempt(&mut self, port: u16, authentication: &str, checks: &BTreeSet<Asked>) {
        let Some(server) = self.servers.get(&port).map(|served| ObjectRef::server(&served.name)) else {
            return;
        };
        if checks.len() > MAX_MATCHES * MAX_RULES {
            let message = format!("port {port} has more health checks than one route takes; the last are denied");
            self.report(Code::Inexpressible, [port].into_iter().collect(), message);
        }
        let matches: Vec<HttpRouteMatch> = checks
            .iter()
            .take(MAX_MATCHES * MAX_RULES)
            .map(|asked| HttpRouteMatch {
                method: Some(asked.method.to_owned()),
                query: asked.query.iter().map(parameter).collect(),
                ..everything(Path::Exact(asked.path.clone()))
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
        // It allows, so it goes with the grants where somebody else has one of our names: his route must not be what
        // it opens. It is there before the server is, and goes after it.
        self.emit(Stage::Grant, &name, &policy);
        self.emit(Stage::Deny, &name, &route);
    }
}

/// What a health check asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    path: String,
    method: &'static str,
    /// Names and values of the query's parameters.
    query: Vec<(String, String)>,
}

/// The parameters of a query; `None` if Linkerd cannot be told all of them. It takes one value for each name.
fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        // What the schema takes.
        let sayable =
            plain(name) && plain(value) && (1..=256).contains(&name.len()) && (1..=1024).contains(&value.len());
        if !sayable || all.insert(name.to_owned(), value.to_owned()).is_some() {
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
