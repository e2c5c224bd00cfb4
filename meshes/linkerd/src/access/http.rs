//! HTTP requests. One route decides on each request.

use super::super::matches::{Proxy, Summary};
use super::super::route::{Route, Rule};
use super::Answer;
use super::client::Client;
use super::gate::Gate;
use super::grant::{Clients, Grant, Network, Networks, admitted};
use super::routes::Attached;
use super::target::Target;
use crate::attach::by_age;
use crate::{summary, unordered};
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;
use std::cmp::Ordering;

/// The header that contains the identity of the client.
const CLIENT_ID: &str = "l5d-client-id";

impl Gate<'_> {
    /// Returns the outcome of a request.
    pub(super) fn http(&self, request: &Request) -> Result<Answer, NotModelledError> {
        let routes = self.routes()?;
        if routes.http.is_empty() {
            return self.default_route(request, &routes);
        }
        let request = identified(request, self.client);
        let Some((target, rule)) = best(&routes.http, &request)? else {
            return Ok(Answer::Status(404));
        };
        Ok(match rule.redirect {
            _ if !self.authorizes_on(target)? => Answer::Status(403),
            Some(status) => Answer::Status(status),
            None => Answer::Admitted,
        })
    }

    /// Returns the outcome of a request to a port without routes. Linkerd then has one default route for all requests, and
    /// another one for the probes of the kubelet.
    fn default_route(&self, request: &Request, routes: &Attached) -> Result<Answer, NotModelledError> {
        if routes.grpc.iter().any(|(target, _)| self.is_targeted(target)) {
            return Err(NotModelledError(
                "a policy for a GRPCRoute that does not apply to this protocol".into(),
            ));
        }
        if admitted(&self.grants, self.client)? {
            return Ok(Answer::Admitted);
        }
        let probes = Grant {
            networks: Networks::Of(self.mesh.probe_networks.iter().copied().map(Network::all).collect()),
            clients: Clients::Any,
        };
        let path = request.path.split_once('?').map_or(&*request.path, |(path, _)| path);
        let path = if path.is_empty() { "/" } else { path };
        let is_probe = request.method == "GET" && self.workload.probed_paths()?.iter().any(|probed| probed == path);
        Ok(if is_probe && admitted(&[probes], self.client)? {
            Answer::Admitted
        } else {
            Answer::Status(403)
        })
    }

    fn is_targeted(&self, route: &Target) -> bool {
        let grants = self.policies.grants(std::slice::from_ref(route));
        grants.is_err() || grants.is_ok_and(|grants| !grants.is_empty())
    }
}

/// Returns the request as routes see it: the identity in its header comes from the certificate of the client, not from
/// the client itself.
fn identified(request: &Request, client: &Client) -> Request {
    let mut request = request.clone();
    request
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case(CLIENT_ID));
    if let Some(id) = client.id() {
        request.headers.push((CLIENT_ID.to_owned(), id.to_owned()));
    }
    request
}

/// Returns the rule with the most specific match, the first one of equal matches. No other rule has an effect.
fn best<'a>(
    routes: &'a [(Target, Route)],
    request: &Request,
) -> Result<Option<(&'a Target, &'a Rule)>, NotModelledError> {
    let mut best: Option<(Summary, &(Target, Route), &Rule)> = None;
    let mut rival = None;
    let mut matched: Vec<&Route> = Vec::new();
    for entry @ (_, route) in routes {
        if !route.hosts.accept(request)? {
            continue;
        }
        for rule in &route.rules {
            let Some(summary) = summary(rule, request, Proxy::Server)? else {
                continue;
            };
            if !matched.iter().any(|other| std::ptr::eq(*other, route)) {
                matched.push(route);
            }
            match &best {
                Some((greatest, ..)) if *greatest > summary => {}
                Some((greatest, (_, first), _)) if *greatest == summary => {
                    let other = !std::ptr::eq(first, route);
                    rival = rival.or((other && by_age(first, route) == Ordering::Equal).then_some(route));
                }
                _ => {
                    best = Some((summary, entry, rule));
                    rival = None;
                }
            }
        }
    }
    if let Some(rival) = rival {
        return Err(unordered(rival));
    }
    if matched.len() > 1 && matched.iter().any(|route| !route.hosts.accept_all()) {
        return Err(NotModelledError(
            "the order of several routes if one has hostnames".into(),
        ));
    }
    Ok(best.map(|(_, (target, _), rule)| (target, rule)))
}

#[cfg(test)]
mod tests;
