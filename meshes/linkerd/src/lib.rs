#![doc = include_str!("../README.md")]

mod access;
mod attach;
mod checks;
mod fields;
mod hosts;
mod matches;
mod ports;
mod profile;
mod quantity;
mod query;
mod root;
mod route;
mod rpc;
mod settings;
mod shares;

pub use self::access::{Answer, Cidr, DefaultPolicy};
pub use self::settings::LinkerdMesh;

use self::attach::{Attached, attached, by_age};
use self::checks::check_request;
use self::fields::ReadError;
use self::matches::{Proxy, Summary};
use self::profile::profile;
use self::root::{Protocol, Root};
use self::route::{Route, Rule, kind_of};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Destination, Distribution, Endpoint, Request, RoutingQuery, Traffic};
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, NotModelledError};
use std::cmp::Ordering;

impl LinkerdMesh {
    /// Returns the reason if a CRD or Linkerd's admission rejects an object, so that it does not exist. The model knows
    /// routes, Servers, authorization policies and authentications; unmodelled parts of them are never rejected.
    #[must_use]
    pub fn refusal(object: &NativeObject) -> Option<String> {
        let Some(kind) = kind_of(object) else {
            return access::refusal(object);
        };
        match Route::read(object, kind) {
            Err(ReadError::Rejected(why)) => Some(why),
            Ok(_) | Err(ReadError::Unmodelled(_)) => None,
        }
    }
}

impl Interpreter for LinkerdMesh {
    fn route(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        query: &RoutingQuery,
    ) -> Result<Distribution, NotModelledError> {
        let Destination::Service { key, port } = &query.to;
        let Some(service) = world.services.get(key) else {
            return Ok(Distribution::all_to(Endpoint::Nowhere));
        };
        let call = Call {
            objects,
            world,
            key,
            port: *port,
            client: query.from.as_ref().map(|from| &*from.namespace),
        };
        let request = match &query.traffic {
            // UDP never enters a proxy.
            Traffic::Udp => return Ok(call.root()),
            Traffic::Tcp => None,
            Traffic::Http(request) => Some(check_request(request)?),
        };
        match Root::of(service, *port, &self.opaque_ports)? {
            Root::External => Ok(Distribution::all_to(Endpoint::Nowhere)),
            Root::Headless => Ok(call.root()),
            Root::NoSuchPort if self.ignored_ports.contains(port) => Ok(Distribution::all_to(Endpoint::Nowhere)),
            Root::NoSuchPort => call.forbidden(request),
            Root::Port(_) if self.ignored_ports.contains(port) => Ok(call.root()),
            Root::Port(protocol) => call.route(protocol, request),
        }
    }

    fn authorize(
        &self,
        objects: &[NativeObject],
        world: &MeshWorld,
        inbound: &Inbound,
    ) -> Result<Decision, NotModelledError> {
        let mut mesh = self.clone();
        if world.closed {
            mesh.default_inbound_policy = DefaultPolicy::Deny;
        }
        if !world.trust_domain.is_empty() {
            mesh.trust_domain = Some(world.trust_domain.clone());
        }
        mesh.answer(objects, world, inbound).map(Decision::from)
    }
}

/// A call of a client to one port of a service.
struct Call<'a> {
    objects: &'a [NativeObject],
    world: &'a MeshWorld,
    key: &'a ObjectKey,
    port: u16,
    client: Option<&'a str>,
}

impl Call<'_> {
    /// Returns the service itself as the destination.
    fn root(&self) -> Distribution {
        Distribution::all_to(Endpoint::Service {
            key: self.key.clone(),
            port: self.port,
        })
    }

    /// Routes a call to a port that the service does not have. Routes for the port have no effect.
    fn forbidden(&self, request: Option<&Request>) -> Result<Distribution, NotModelledError> {
        let profile = profile(self.objects, self.world, self.key, self.port, self.client)?;
        if profile.has_routes || !profile.endpoints.is_empty() {
            return Err(NotModelledError(
                "a ServiceProfile on a port that the service does not have".into(),
            ));
        }
        let forbidden = request.map_or(Endpoint::Failure, |_| Endpoint::Status(403));
        Ok(Distribution::all_to(forbidden))
    }

    /// Routes a call to a port that the service has.
    fn route(&self, protocol: Protocol, request: Option<&Request>) -> Result<Distribution, NotModelledError> {
        let profile = profile(self.objects, self.world, self.key, self.port, self.client)?;
        let Attached { grpc, http, tcp } = attached(self.objects, self.key, self.port, self.client)?;
        let overridden = !profile.endpoints.is_empty();
        // The protocol decides which kind of routes the controller sends to the proxy.
        let (http, only_http) = match protocol {
            Protocol::Http2 | Protocol::Detect if !grpc.is_empty() => (grpc, true),
            Protocol::Http2 | Protocol::Http => (http, true),
            Protocol::Detect if !http.is_empty() || tcp.is_empty() => (http, false),
            Protocol::Detect | Protocol::Opaque => {
                return Ok(if overridden {
                    or_failure(shares::distribution(profile.endpoints))
                } else {
                    self.bytes(&tcp)?
                });
            }
        };
        let Some(request) = request else {
            return match (only_http, overridden) {
                (true, true) => Err(NotModelledError("bytes on a port of HTTP with a ServiceProfile".into())),
                // The proxy parses the bytes as HTTP.
                (true, false) => Ok(Distribution::all_to(Endpoint::Failure)),
                (false, true) => Ok(or_failure(shares::distribution(profile.endpoints))),
                // HTTP routes do not split bytes.
                (false, false) => Ok(self.root()),
            };
        };
        if overridden {
            Ok(or_failure(shares::distribution(profile.endpoints)))
        } else if profile.has_routes {
            Ok(self.root())
        } else {
            self.http(&http, request)
        }
    }

    /// Routes bytes, and HTTP that is treated as bytes: the first route decides.
    fn bytes(&self, routes: &[Route]) -> Result<Distribution, NotModelledError> {
        let Some(route) = routes.first() else {
            return Ok(self.root());
        };
        if routes.get(1).is_some_and(|next| by_age(route, next) == Ordering::Equal) {
            return Err(unordered(route));
        }
        let distribution = |route: &Route| self.shares(route.rules.first()?, &Endpoint::Failure);
        match distribution(route) {
            None => Ok(Distribution::all_to(Endpoint::Failure)),
            Some(_) if routes.iter().any(|route| distribution(route).is_none()) => Err(NotModelledError(
                "the effect of an invalid TCPRoute on an older one".into(),
            )),
            Some(distribution) => Ok(distribution),
        }
    }

    /// Routes HTTP: the most specific match of all rules of all routes decides, the first one of equal matches.
    fn http(&self, routes: &[Route], request: &Request) -> Result<Distribution, NotModelledError> {
        if routes.is_empty() {
            return Ok(self.root());
        }
        let error = Endpoint::Status(500);
        let mut best: Option<(Summary, &Route, Distribution)> = None;
        let mut rival = None;
        for (route, rule) in routes
            .iter()
            .flat_map(|route| route.rules.iter().map(move |rule| (route, rule)))
        {
            let Some(distribution) = self.shares(rule, &error) else {
                // One router serves all rules of a port.
                return Ok(Distribution::all_to(Endpoint::Failure));
            };
            let Some(summary) = summary(rule, request, Proxy::Client)? else {
                continue;
            };
            match &best {
                Some((greatest, ..)) if *greatest > summary => {}
                Some((greatest, first, _)) if *greatest == summary => {
                    let other = !std::ptr::eq(*first, route);
                    rival = rival.or((other && by_age(first, route) == Ordering::Equal).then_some(route));
                }
                _ => {
                    best = Some((summary, route, distribution));
                    rival = None;
                }
            }
        }
        match (best, rival) {
            (_, Some(rival)) => Err(unordered(rival)),
            (Some((_, _, distribution)), None) => Ok(distribution),
            // If there are routes, there is no default.
            (None, None) => Ok(Distribution::all_to(Endpoint::Status(404))),
        }
    }

    fn shares(&self, rule: &Rule, failing: &Endpoint) -> Option<Distribution> {
        let exists = |key: &ObjectKey| self.world.services.contains_key(key);
        shares::of_rule(rule, (self.key, self.port), exists, failing)
    }
}

/// Returns the summary of the most specific match of a rule, if a match takes the request.
fn summary(rule: &Rule, request: &Request, proxy: Proxy) -> Result<Option<Summary>, NotModelledError> {
    if rule.matches.is_empty() {
        return Ok(Some(Summary::ANYTHING));
    }
    let mut summaries = rule.matches.iter().map(|m| m.summary(request, proxy));
    summaries.try_fold(None, |best, summary| Ok(best.max(summary?)))
}

fn or_failure(distribution: Option<Distribution>) -> Distribution {
    distribution.unwrap_or_else(|| Distribution::all_to(Endpoint::Failure))
}

fn unordered(route: &Route) -> NotModelledError {
    NotModelledError(format!("the order of several routes named {}", route.key.name))
}

#[cfg(test)]
mod tests;
