//! One `VirtualService` for each root: port by port the splits with matches, then the split without, or
//! the root.

mod gateways;

#[cfg(test)]
mod tests;

use crate::Istio;
use crate::matches;
use crate::native::{
    Destination, HttpMatchRequest, HttpRoute, L4Match, PortSelector, RouteDestination, TcpRoute, VirtualService,
};
use crate::protocol::Protocol;
use gateways::Gateways;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Backend, Conditional, PortRoute, PortSplit, Root, ServiceRoute};
use smi_adapter::object::{ObjectKey, ObjectRef, bounded_name};
use smi_adapter::weights::{bounded, gcd};

/// Each weight is an `int32` to Istio, and so is the sum to its webhook; Envoy loses the whole route
/// configuration from a sum of 2³² on.
const MAX_WEIGHT: u32 = i32::MAX.unsigned_abs();

pub(crate) fn translate(istio: &Istio, policy: &Policy, route: &ServiceRoute) -> Translation {
    let mut translator = Translator {
        route,
        translation: Translation::default(),
    };
    let spec = match route.root() {
        Root::Service(root) => Some(translator.service(istio, root)),
        Root::External { namespace, host } => translator.external(istio, namespace, host),
    };
    let mut translation = translator.translation;
    if let Some(spec) = spec.filter(|spec| !(spec.http.is_empty() && spec.tcp.is_empty())) {
        translation.emit(policy, Stage::Route, &bounded_name(&route.root().key().name), &spec);
    }
    translation
}

struct Translator<'a> {
    route: &'a ServiceRoute,
    translation: Translation,
}

impl Translator<'_> {
    fn service(&mut self, istio: &Istio, root: &ObjectKey) -> VirtualService {
        let mut spec = VirtualService {
            hosts: vec![self.host(&root.namespace, &root.name)],
            ..VirtualService::default()
        };
        let ports = self.http_ports();
        let gateways = gateways::allowed(istio, self.route, &mut self.translation);
        let gateways = if gateways.is_empty() || ports == 1 {
            gateways
        } else {
            // A request at a gateway does not say which port of the root it is for.
            let message = "the root is split on several ports, and traffic of a gateway names none of them";
            self.say_all(Code::Inexpressible, "metadata.annotations", message);
            Gateways::default()
        };
        spec.gateways = gateways.of_the_spec();
        for port in self.route.ports() {
            match Protocol::of(port) {
                Protocol::Tls => self.leave_out(port, "carries TLS, in which Istio sees no requests"),
                Protocol::Udp => self.leave_out(port, "is declared as UDP by its name"),
                Protocol::Tcp => {
                    for conditional in port.conditional() {
                        let message = format!("port {} of the root carries no HTTP for Istio", port.port());
                        self.leave_out_split(port, conditional.split(), Code::NotHttp, &message);
                    }
                    spec.tcp.extend(self.tcp(port, &gateways));
                }
                Protocol::Http | Protocol::Sniffed => {
                    let fallback = [(root.name.as_str(), 1)];
                    let scopes = gateways.scopes(Some(port.port()));
                    spec.http.extend(self.http(port, &scopes, Some(&fallback)));
                    spec.tcp.extend(self.tcp(port, &gateways));
                }
            }
        }
        spec
    }

    /// A root outside the cluster: HTTP only, on the one port that the backends have.
    fn external(&mut self, istio: &Istio, namespace: &str, host: &str) -> Option<VirtualService> {
        let listed = istio.external_hosts.contains(host);
        let is_address = host
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        let [port] = self.route.ports() else {
            self.refuse(
                Code::ExternalRoot,
                "the backends have several TCP ports, and a foreign host names none of them",
            );
            return None;
        };
        if !listed || is_address {
            let message = if is_address {
                format!("`{host}` is an address, and no host name")
            } else {
                format!("`{host}` is no service of namespace `{namespace}`, and no setting lists it as a foreign host")
            };
            self.refuse(Code::ExternalRoot, &message);
            return None;
        }
        if port
            .splits()
            .any(|split| split.backends().iter().any(Backend::is_headless))
        {
            self.refuse(
                Code::Inexpressible,
                "a backend has no cluster IP, and Istio would send its share to the host itself",
            );
            return None;
        }
        if port.default().is_none() {
            let message = "requests that match no split would have nowhere to go: a foreign host has no endpoints";
            self.refuse(Code::Inexpressible, message);
            return None;
        }
        let gateways = gateways::allowed(istio, self.route, &mut self.translation);
        Some(VirtualService {
            hosts: vec![host.to_owned()],
            gateways: gateways.alone(),
            http: self.http(port, &[HttpMatchRequest::default()], None),
            tcp: Vec::new(),
        })
    }

    fn http_ports(&self) -> usize {
        let ports = self.route.ports().iter();
        let http = ports.filter(|port| matches!(Protocol::of(port), Protocol::Http | Protocol::Sniffed));
        http.count()
    }

    /// The HTTP routes of one port: each match of each split in order, then the split without matches or
    /// the `fallback`. `scopes` are the places where they apply.
    fn http(
        &mut self,
        port: &PortRoute,
        scopes: &[HttpMatchRequest],
        fallback: Option<&[(&str, u32)]>,
    ) -> Vec<HttpRoute> {
        let mut routes = Vec::new();
        for conditional in port.conditional() {
            let routes_of_split = self.conditional(port, conditional, scopes);
            if routes_of_split.is_empty() {
                let message = format!("on port {} Istio can ask for none of the split's matches", port.port());
                self.leave_out_split(port, conditional.split(), Code::Inexpressible, &message);
            }
            routes.extend(routes_of_split);
        }
        let last = match (port.default(), fallback) {
            (Some(split), _) => Some((split.key().name.clone(), self.destinations(port, split))),
            (None, Some(fallback)) if !routes.is_empty() => {
                Some(("root".to_owned(), self.weighted(port, fallback.iter().copied())))
            }
            (None, _) => None,
        };
        routes.extend(last.map(|(name, route)| HttpRoute {
            name,
            matches: any_of(scopes.to_vec()),
            route,
        }));
        routes
    }

    fn conditional(
        &mut self,
        port: &PortRoute,
        conditional: &Conditional,
        scopes: &[HttpMatchRequest],
    ) -> Vec<HttpRoute> {
        let mut routes = Vec::new();
        for matching in conditional.matches() {
            let Some(request) = matches::request(matching, &mut self.translation) else {
                continue;
            };
            let here = |scope: &HttpMatchRequest| HttpMatchRequest {
                port: scope.port,
                gateways: scope.gateways.clone(),
                ..request.clone()
            };
            let name = if matching.name().is_empty() {
                &matching.group().key.name
            } else {
                matching.name()
            };
            let split = conditional.split();
            routes.push(HttpRoute {
                name: matches::route_name(&split.key().name, name),
                matches: any_of(scopes.iter().map(here).collect()),
                route: self.destinations(port, split),
            });
        }
        routes
    }

    /// Bytes: the split without matches, if there is one.
    fn tcp(&mut self, port: &PortRoute, gateways: &Gateways) -> Option<TcpRoute> {
        let split = port.default()?;
        Some(TcpRoute {
            matches: vec![L4Match {
                port: port.port(),
                gateways: gateways.mesh_only(),
            }],
            route: self.destinations(port, split),
        })
    }

    fn destinations(&mut self, port: &PortRoute, split: &PortSplit) -> Vec<RouteDestination> {
        let shares = self.shares(split);
        let exact: Vec<u128> = shares.iter().map(|(_, weight)| *weight).collect();
        let weights = bounded(&exact, MAX_WEIGHT);
        let object = ObjectRef::split(split.key().clone());
        if let Some((parts, of)) = weights.error {
            let message = format!(
                "Istio takes weights of up to {of} in all; on port {port} no share is off by more than {parts}/{of}",
                port = port.port()
            );
            self.translation
                .say(Code::WeightRounded, object, "spec.backends".into(), message);
        }
        let services = shares.iter().map(|(service, _)| service.as_str());
        self.weighted(port, services.zip(weights.weights))
    }

    /// The shares of a split. Istio sends the share of a headless backend to whatever address the client
    /// called, so it is written as what it is, the root's, and reported.
    fn shares(&mut self, split: &PortSplit) -> Vec<(String, u128)> {
        let root = self.route.root().key().name;
        let mut shares: Vec<(String, u128)> = Vec::new();
        for backend in split.backends() {
            let is_lost = backend.is_headless() && backend.service() != root;
            let service = if is_lost { &root } else { backend.service() };
            if is_lost {
                let object = ObjectRef::split(split.key().clone());
                let message = format!("`{}` has no cluster IP; its share goes to the root", backend.service());
                self.translation
                    .say(Code::Inexpressible, object, "spec.backends".into(), message);
            }
            match shares.iter_mut().find(|(known, _)| known == service) {
                Some((_, weight)) => *weight += backend.weight(),
                None => shares.push((service.to_owned(), backend.weight())),
            }
        }
        let divisor = shares.iter().map(|(_, weight)| *weight).fold(0, gcd);
        for (_, weight) in &mut shares {
            *weight /= divisor;
        }
        shares
    }

    fn weighted<'b>(&self, port: &PortRoute, backends: impl Iterator<Item = (&'b str, u32)>) -> Vec<RouteDestination> {
        let namespace = &self.route.root().key().namespace;
        let mut route: Vec<RouteDestination> = backends
            .map(|(service, weight)| RouteDestination {
                destination: Destination {
                    host: self.host(namespace, service),
                    port: PortSelector { number: port.port() },
                },
                weight: Some(weight),
            })
            .collect();
        if let [only] = route.as_mut_slice() {
            only.weight = None;
        }
        route
    }

    fn host(&self, namespace: &str, service: &str) -> String {
        format!("{service}.{namespace}.svc.{}", self.route.cluster_domain())
    }

    /// Reports that no split is in force on a port.
    fn leave_out(&mut self, port: &PortRoute, why: &str) {
        let message = format!("port {} of the root {why}, so it is not split", port.port());
        for split in port.splits() {
            self.leave_out_split(port, split, Code::Inexpressible, &message);
        }
    }

    fn leave_out_split(&mut self, port: &PortRoute, split: &PortSplit, code: Code, message: &str) {
        self.translation
            .leave_out(split.key(), port.port(), code, "spec.service".into(), message);
    }

    /// Reports that no split is in force on any port.
    fn refuse(&mut self, code: Code, message: &str) {
        self.say_all(code, "spec.service", message);
        for port in self.route.ports() {
            let splits = self.route.splits().iter();
            let left_out = splits.map(|split| (split.key().clone(), port.port()));
            self.translation.left_out.extend(left_out);
        }
    }

    fn say_all(&mut self, code: Code, field: &str, message: &str) {
        for split in self.route.splits() {
            self.translation
                .say(code, ObjectRef::split(split.key().clone()), field.into(), message);
        }
    }
}

/// A match that asks for nothing takes everything, which is written as no match at all.
fn any_of(matches: Vec<HttpMatchRequest>) -> Vec<HttpMatchRequest> {
    if matches.contains(&HttpMatchRequest::default()) {
        Vec::new()
    } else {
        matches
    }
}
