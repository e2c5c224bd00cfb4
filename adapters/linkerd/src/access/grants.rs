//! What targets grant: policies on servers for TCP (A13), policies on routes for HTTP (A14).

use super::parties::{Party, parties};
use super::{Translator, text};
use crate::matches::{self, MAX_HEADER, Side};
use crate::native::{
    AuthorizationPolicy, Header, HttpRouteMatch, InboundRoute, InboundRule, MeshTlsAuthentication, ObjectRef, Path,
};
use crate::{MAX_MATCHES, MAX_RULES};
use smi_adapter::diagnostic::{Code, Ports as Concerned};
use smi_adapter::manifest::Stage;
use smi_adapter::model::access::{Grant, Granted, Ports};
use smi_adapter::model::route::HttpMatch;
use std::sync::Arc;

/// What the CRD takes.
const MAX_PARENTS: usize = 32;
/// How large the matches of a route may be together, so that an API server takes it.
const MAX_BYTES: usize = 800_000;
/// How many bytes of names a list of clients holds where no header must: such a list stays below what an API server takes.
const MAX_NAMES: usize = 50_000;
/// The header by which a server's proxy tells who the client is. It sets or removes it before it looks at policies.
const CLIENT: &str = "l5d-client-id";
/// Every path, for what must be no less specific than the exemption of health checks.
const ANY_PATH: &str = "^(?:.*)$";

impl Translator<'_> {
    pub(super) fn grant(&mut self, grant: &Grant) {
        match grant.traffic() {
            Granted::Udp => {
                // A12
                let message = "Linkerd's proxies do not see UDP: it is neither granted nor denied";
                self.report_grant(grant, Code::NotEnforced, Concerned::All, message);
            }
            Granted::Tcp => self.tcp(grant),
            Granted::Http(matches) => self.http(grant, matches),
        }
    }

    /// The ports of a grant that have a server; the others are reported.
    fn ports(&mut self, grant: &Grant) -> Vec<u16> {
        let ports = self.servers.keys().copied();
        let ports: Vec<u16> = ports.filter(|port| grant.ports().contains(*port)).collect();
        if let Ports::Only(named) = grant.ports() {
            let without: Vec<u16> = named.difference(&ports.iter().copied().collect()).copied().collect();
            if !without.is_empty() {
                let message = format!(
                    "{} of {} gets no Server, so nothing is granted there",
                    list(&without),
                    self.access.workload()
                );
                self.report_grant(grant, Code::Inexpressible, without.into_iter().collect(), message);
            }
        } else if self.beyond() > 0 {
            let message = format!(
                "{} of {} ports of {} get no Server, so nothing is granted there",
                self.beyond(),
                self.beyond() + ports.len(),
                self.access.workload()
            );
            let beyond = Concerned::Except(ports.iter().copied().collect());
            self.report_grant(grant, Code::Inexpressible, beyond, message);
        } else if ports.is_empty() {
            let message = format!(
                "no port of {} is known that could get a Server, so nothing is granted there; declare its ports",
                self.access.workload()
            );
            self.report_grant(grant, Code::Inexpressible, Concerned::All, message);
        }
        ports
    }

    /// The sources of a grant, those that Linkerd cannot name reported.
    fn parties(&mut self, grant: &Grant, most: usize) -> Vec<Party> {
        let (parties, refused) = parties(grant.sources(), most);
        for source in refused {
            let message = format!("Linkerd cannot name the source `{source}`, so it is granted nothing");
            self.report_grant(grant, Code::Inexpressible, Concerned::All, message);
        }
        parties
    }

    /// Whether there is room for so many policies; if not, it is reported.
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
        self.report_grant(grant, Code::Inexpressible, Concerned::All, message);
        false
    }

    fn authentication(&mut self, grant: &Grant, spec: &MeshTlsAuthentication) -> String {
        let name = self.names.grant(grant.target(), None, &text(spec));
        self.emit_grant(grant, Stage::Leaf, &name, spec);
        name
    }

    /// Whatever is sent to a server, HTTP included.
    fn tcp(&mut self, grant: &Grant) {
        let ports = self.ports(grant);
        let parties = self.parties(grant, MAX_NAMES);
        if !self.has_room(grant, ports.len().saturating_mul(parties.len())) || ports.is_empty() {
            return;
        }
        for party in &parties {
            let authentication = self.authentication(grant, &party.authentication);
            for port in &ports {
                let Some(server) = self.servers.get(port) else { continue };
                let policy = policy(ObjectRef::server(&server.name), &authentication);
                let name = self.names.grant(grant.target(), Some(*port), &text(&policy));
                self.emit_grant(grant, Stage::Grant, &name, &policy);
            }
        }
    }

    /// Requests to servers that read HTTP.
    fn http(&mut self, grant: &Grant, matches: &[Arc<HttpMatch>]) {
        let requests = self.requests(matches);
        if requests.is_empty() {
            let message = "Linkerd can ask for none of the matches, so they grant nothing";
            self.report_grant(grant, Code::Inexpressible, Concerned::All, message);
            return;
        }
        let ports = self.ports(grant);
        let is_opaque = |port: &u16| self.servers.get(port).is_some_and(|server| server.is_opaque);
        let (opaque, ports): (Vec<u16>, Vec<u16>) = ports.into_iter().partition(is_opaque);
        if !opaque.is_empty() {
            let message = format!(
                "{} of {} is opaque to Linkerd, which reads no HTTP there, so no request is granted",
                list(&opaque),
                self.access.workload()
            );
            self.report_grant(grant, Code::NotHttp, opaque.into_iter().collect(), message);
        }
        let parties = self.parties(grant, MAX_HEADER);
        let batches = batches(requests);
        let needed = [parties.len(), batches.len(), ports.chunks(MAX_PARENTS).len()];
        let needed = needed.into_iter().fold(1, usize::saturating_mul);
        if ports.is_empty() || !self.has_room(grant, needed) {
            return;
        }
        for party in &parties {
            let authentication = self.authentication(grant, &party.authentication);
            for ports in ports.chunks(MAX_PARENTS) {
                let servers = ports.iter().filter_map(|port| self.servers.get(port));
                let servers: Vec<ObjectRef> = servers.map(|server| ObjectRef::server(&server.name)).collect();
                for batch in &batches {
                    let route = InboundRoute {
                        parent_refs: servers.clone(),
                        rules: rules(batch, &party.clients),
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

    /// The matches in Linkerd's words; those that it has none for are reported on their groups.
    fn requests(&mut self, matches: &[Arc<HttpMatch>]) -> Vec<HttpRouteMatch> {
        // Where health checks are exempt for some networks only, a request to the same path must find the grant first:
        // Linkerd compares how much of the path matched, of which a prefix is little.
        let any = if self.linkerd.exempts_everybody() {
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

/// Ports in words.
fn list(ports: &[u16]) -> String {
    let ports: Vec<String> = ports.iter().map(|port| format!("port {port}")).collect();
    ports.join(", ")
}

/// The matches of one route each.
fn batches(requests: Vec<HttpRouteMatch>) -> Vec<Vec<HttpRouteMatch>> {
    let mut batches: Vec<Vec<HttpRouteMatch>> = Vec::new();
    let mut bytes = 0;
    for request in requests {
        let headers = request.headers.iter();
        let headers = headers.map(|header| header.name.len() + header.value.len() + 60);
        let path = match &request.path {
            Path::Exact(path) | Path::RegularExpression(path) => path.len(),
            Path::Prefix(path) => path.len(),
        };
        let size = path + headers.sum::<usize>() + MAX_HEADER + 200;
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

/// The rules of a route: every match asks for the client, too. Never left out, not even for all requests.
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
