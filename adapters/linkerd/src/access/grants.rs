//! Translation of grants: policies on servers for TCP (A13), policies on routes for HTTP (A14).

use super::clients::{ClientSet, client_sets};
use super::{Translator, text};
use crate::matches::{self, MAX_HEADER, Side};
use crate::native::{
    AuthorizationPolicy, Header, HttpRouteMatch, InboundRoute, InboundRule, MeshTlsAuthentication, ObjectRef, Path,
};
use crate::{MAX_MATCHES, MAX_RULES};
use smi_adapter::diagnostic::{Code, PortSet};
use smi_adapter::manifest::Stage;
use smi_adapter::model::access::{Grant, Granted, Ports};
use smi_adapter::model::route::HttpMatch;
use std::sync::Arc;

/// The most parents of one route that the CRD accepts.
const MAX_PARENTS: usize = 32;
/// The most bytes that the matches of one route have in total. Such a route is small enough for an API server.
const MAX_BYTES: usize = 800_000;
/// The most bytes of names in a list of clients, where no header filter limits it. Such a list is small enough for an
/// API server.
const MAX_NAMES: usize = 50_000;
/// The header that contains the identity of the client. The proxy of the server sets or removes it before it evaluates
/// policies.
const CLIENT: &str = "l5d-client-id";
/// A pattern of every path, for matches that must be at least as specific as the exemption of health checks.
const ANY_PATH: &str = "^(?:.*)$";

impl Translator<'_> {
    pub(super) fn grant(&mut self, grant: &Grant) {
        match grant.traffic() {
            Granted::Udp => {
                // A12
                let message = "Linkerd's proxies do not see UDP, so it is neither granted nor denied";
                self.report_target(grant, Code::NotEnforced, message);
            }
            Granted::Tcp => self.tcp(grant),
            Granted::Http(matches) => self.http(grant, matches),
        }
    }

    /// Returns the ports of a grant that have a `Server`, and reports the others.
    fn ports(&mut self, grant: &Grant) -> Vec<u16> {
        let served = self.servers.keys().copied();
        let ports: Vec<u16> = served.filter(|port| grant.ports().contains(*port)).collect();
        if let Ports::Only(named) = grant.ports() {
            let without: Vec<u16> = named.difference(&ports.iter().copied().collect()).copied().collect();
            if !without.is_empty() {
                let message = format!(
                    "{} of {} has no Server, so nothing is granted there",
                    list(&without),
                    self.access.workload()
                );
                self.report_grant(grant, Code::Inexpressible, without.into_iter().collect(), message);
            }
        } else if self.beyond() > 0 {
            let message = format!(
                "{} of {} ports of {} have no Server, so nothing is granted there",
                self.beyond(),
                self.beyond() + ports.len(),
                self.access.workload()
            );
            let beyond = PortSet::Except(ports.iter().copied().collect());
            self.report_grant(grant, Code::Inexpressible, beyond, message);
        } else if ports.is_empty() {
            let message = format!(
                "{} has no known port that could have a Server, so nothing is granted there; declare its ports",
                self.access.workload()
            );
            self.report_grant(grant, Code::Inexpressible, PortSet::All, message);
        }
        ports
    }

    /// Returns the sources of a grant, and reports those that Linkerd cannot express.
    fn client_sets(&mut self, grant: &Grant, most: usize) -> Vec<ClientSet> {
        let (sets, rejected) = client_sets(grant.sources(), most);
        for source in rejected {
            let message = format!("Linkerd cannot express the source `{source}`, so it is granted nothing");
            self.report_target(grant, Code::Inexpressible, message);
        }
        sets
    }

    /// Returns `true`, and reserves them, if the workload has room for so many policies; otherwise reports it.
    fn has_room(&mut self, grant: &Grant, policies: usize) -> bool {
        if let Some(left) = self.policies_left.checked_sub(policies) {
            self.policies_left = left;
            return true;
        }
        let message = format!(
            "the targets of {} would need more than {} policies, so this one grants nothing there",
            self.access.workload(),
            super::MAX_POLICIES
        );
        self.report_grant(grant, Code::Inexpressible, PortSet::All, message);
        false
    }

    /// Writes an authentication and returns its name.
    fn authentication(&mut self, grant: &Grant, spec: &MeshTlsAuthentication) -> String {
        let name = self.names.grant(grant.target(), None, &text(spec));
        self.emit_grant(grant, Stage::Leaf, &name, spec);
        name
    }

    /// Grants all traffic to a server, including HTTP.
    fn tcp(&mut self, grant: &Grant) {
        let ports = self.ports(grant);
        let sets = self.client_sets(grant, MAX_NAMES);
        if !self.has_room(grant, ports.len().saturating_mul(sets.len())) || ports.is_empty() {
            return;
        }
        for clients in &sets {
            let authentication = self.authentication(grant, &clients.authentication);
            for port in &ports {
                let Some(server) = self.servers.get(port) else { continue };
                let policy = policy(ObjectRef::server(&server.name), &authentication);
                let name = self.names.grant(grant.target(), Some(*port), &text(&policy));
                self.emit_grant(grant, Stage::Grant, &name, &policy);
            }
        }
    }

    /// Grants requests to the servers that parse HTTP.
    fn http(&mut self, grant: &Grant, matches: &[Arc<HttpMatch>]) {
        let requests = self.requests(matches);
        if requests.is_empty() {
            let message = "Linkerd can express none of the matches, so they grant nothing";
            self.report_target(grant, Code::Inexpressible, message);
            return;
        }
        let ports = self.ports(grant);
        let is_opaque = |port: &u16| self.servers.get(port).is_some_and(|server| server.is_opaque);
        let (opaque, ports): (Vec<u16>, Vec<u16>) = ports.into_iter().partition(is_opaque);
        if !opaque.is_empty() {
            let message = format!(
                "{} of {} is opaque, so Linkerd does not parse HTTP there and no request is granted",
                list(&opaque),
                self.access.workload()
            );
            self.report_grant(grant, Code::NotHttp, opaque.into_iter().collect(), message);
        }
        let sets = self.client_sets(grant, MAX_HEADER);
        let batches = batches(requests);
        let counts = [sets.len(), batches.len(), ports.chunks(MAX_PARENTS).len()];
        let needed = counts.into_iter().fold(1, usize::saturating_mul);
        if ports.is_empty() || !self.has_room(grant, needed) {
            return;
        }
        for clients in &sets {
            let authentication = self.authentication(grant, &clients.authentication);
            for ports in ports.chunks(MAX_PARENTS) {
                let served = ports.iter().filter_map(|port| self.servers.get(port));
                let servers: Vec<ObjectRef> = served.map(|server| ObjectRef::server(&server.name)).collect();
                for batch in &batches {
                    let route = InboundRoute {
                        parent_refs: servers.clone(),
                        rules: rules(batch, &clients.pattern),
                    };
                    let content = format!("{} {authentication}", text(&route));
                    let name = self.names.grant(grant.target(), None, &content);
                    let policy = policy(ObjectRef::route(&name), &authentication);
                    self.emit_grant(grant, Stage::Grant, &name, &policy);
                    self.emit_grant(grant, Stage::Grant, &name, &route);
                }
            }
        }
    }

    /// Returns the translated matches. Matches that Linkerd cannot express are reported on their groups.
    fn requests(&mut self, matches: &[Arc<HttpMatch>]) -> Vec<HttpRouteMatch> {
        // Where health checks are exempt only for some networks, a request to the same path must match the grant first:
        // Linkerd compares the lengths of the matched paths, and the prefix `/` is the shortest.
        let any = if self.linkerd.exempts_all_networks() {
            Path::Prefix("/")
        } else {
            Path::RegularExpression(ANY_PATH.to_owned())
        };
        let mut all = Vec::new();
        for matching in matches {
            let translation = &mut self.translation;
            let requests = self.requests.entry(Arc::as_ptr(matching)).or_insert_with(|| {
                let mut requests = matches::requests(matching, Side::Server, translation);
                for request in &mut requests {
                    let is_any = match &request.path {
                        Path::Prefix(_) => true,
                        Path::RegularExpression(regex) => regex == ANY_PATH,
                        Path::Exact(_) => false,
                    };
                    if is_any {
                        request.path = any.clone();
                    }
                }
                requests
            });
            all.extend(requests.iter().cloned());
        }
        all
    }
}

fn policy(target_ref: ObjectRef, authentication: &str) -> AuthorizationPolicy {
    AuthorizationPolicy {
        target_ref,
        required_authentication_refs: [ObjectRef::mesh_tls(authentication)],
    }
}

/// Formats ports for a message.
fn list(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(|port| format!("port {port}")).collect();
    ports.join(", ")
}

/// Groups matches into batches, one for each route.
fn batches(requests: Vec<HttpRouteMatch>) -> Vec<Vec<HttpRouteMatch>> {
    let mut batches: Vec<Vec<HttpRouteMatch>> = Vec::new();
    let mut bytes = 0;
    for request in requests {
        let headers = request.headers.iter();
        let sizes = headers.map(|header| header.name.len() + header.value.len() + 60);
        let path = match &request.path {
            Path::Exact(path) | Path::RegularExpression(path) => path.len(),
            Path::Prefix(path) => path.len(),
        };
        let size = path + sizes.sum::<usize>() + MAX_HEADER + 200;
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_MATCHES * MAX_RULES && bytes + size <= MAX_BYTES => batch.push(request),
            _ => {
                bytes = 0;
                batches.push(vec![request]);
            }
        }
        bytes += size;
    }
    batches
}

/// Returns the rules of a route. Every match also requires the client, even a match of all requests.
fn rules(requests: &[HttpRouteMatch], clients: &str) -> Vec<InboundRule> {
    let of_clients = |request: &HttpRouteMatch| {
        let mut request = request.clone();
        request.headers.push(Header {
            name: CLIENT.to_owned(),
            kind: "RegularExpression",
            value: clients.to_owned(),
        });
        request
    };
    let rules = requests.chunks(MAX_MATCHES).map(|requests| InboundRule {
        matches: requests.iter().map(of_clients).collect(),
    });
    rules.collect()
}
