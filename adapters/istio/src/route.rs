//! Traffic splits: one `VirtualService` for each root service. Its routes are, port by port, the splits with matches,
//! then the split without matches or the root itself.

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
pub(crate) use gateways::MESH;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Backend, Conditional, PortRoute, PortSplit, Root, ServiceRoute};
use smi_adapter::object::{ObjectKey, ObjectRef, SmolStr, bounded_name};
use smi_adapter::weights::{bounded, gcd};

/// The maximum sum of weights. In Istio a weight is an `int32`, and its webhook computes the sum as one; Envoy rejects
/// the whole route configuration if the sum is 2³² or more.
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

impl<'a> Translator<'a> {
    fn service(&mut self, istio: &Istio, root: &ObjectKey) -> VirtualService {
        let mut spec = VirtualService {
            hosts: vec![self.host(&root.namespace, &root.name)],
            ..VirtualService::default()
        };
        let gateways = gateways::allowed(istio, self.route, &mut self.translation);
        let gateways = if gateways.is_empty() || self.http_ports() == 1 {
            gateways
        } else {
            // A request at a gateway carries no port of the root.
            let message = "the root is split on several ports, and requests at a gateway name no port of the root; the split applies to the mesh only";
            self.report_all(Code::Inexpressible, "metadata.annotations", message);
            Gateways::default()
        };
        spec.gateways = gateways.for_service();
        for port in self.route.ports() {
            match Protocol::of(port) {
                Protocol::Tls => self.leave_out(port, "carries TLS, in which Istio cannot see requests"),
                Protocol::Udp => self.leave_out(port, "is declared as UDP by its name"),
                Protocol::Tcp => {
                    for conditional in port.conditional() {
                        let message = format!(
                            "Istio treats port {} of the root as TCP, so splits with matches do not apply to it",
                            port.port()
                        );
                        self.leave_out_split(port, conditional.split(), Code::NotHttp, &message);
                    }
                    let last = self.last(port);
                    spec.tcp.extend(last.map(|last| tcp(port, last, &gateways)));
                }
                Protocol::Http | Protocol::Sniffed => {
                    let last = self.last(port);
                    let scopes = gateways.scopes(Some(port.port()));
                    spec.http
                        .extend(self.http(port, scopes, last.clone(), Some(&root.name)));
                    spec.tcp.extend(last.map(|last| tcp(port, last, &gateways)));
                }
            }
        }
        spec
    }

    /// Translates the splits of a root outside the cluster: HTTP only, on the single port of the backends.
    fn external(&mut self, istio: &Istio, namespace: &str, host: &str) -> Option<VirtualService> {
        let listed = istio.external_hosts.contains(host);
        let is_address = host
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        let [port] = self.route.ports() else {
            self.reject(
                Code::ExternalRoot,
                "the root is an external host, for which the backends need exactly one TCP port, but they have several",
            );
            return None;
        };
        if !listed || is_address {
            let message = if is_address {
                format!("`{host}` is an IP address; only host names can be roots outside the cluster")
            } else {
                format!(
                    "there is no service `{host}` in namespace `{namespace}`, and the adapter's `external_hosts` does not list it"
                )
            };
            self.reject(Code::ExternalRoot, &message);
            return None;
        }
        if port
            .splits()
            .any(|split| split.backends().iter().any(Backend::is_headless))
        {
            self.reject(
                Code::Inexpressible,
                "a backend has no cluster IP, and Istio would send its share to the external host itself",
            );
            return None;
        }
        if port.default().is_none() {
            let message = "the root is an external host, which has no endpoints in the cluster, so requests that match no split would fail; add a split without matches";
            self.reject(Code::Inexpressible, message);
            return None;
        }
        let gateways = gateways::allowed(istio, self.route, &mut self.translation);
        let last = self.last(port);
        Some(VirtualService {
            hosts: vec![host.to_owned()],
            gateways: gateways.for_external_host(),
            http: self.http(port, vec![HttpMatchRequest::default()], last, None),
            tcp: Vec::new(),
        })
    }

    fn http_ports(&self) -> usize {
        let ports = self.route.ports().iter();
        let http = ports.filter(|port| matches!(Protocol::of(port), Protocol::Http | Protocol::Sniffed));
        http.count()
    }

    /// Returns the HTTP routes of one port: each match of each split in order, then the split without matches or
    /// the service `fallback`. `scopes` are the ports and gateways to which the routes apply.
    fn http(
        &mut self,
        port: &PortRoute,
        scopes: Vec<HttpMatchRequest>,
        last: Option<Last>,
        fallback: Option<&str>,
    ) -> Vec<HttpRoute> {
        let mut routes = Vec::new();
        for conditional in port.conditional() {
            let routes_of_split = self.conditional(port, conditional, &scopes);
            if routes_of_split.is_empty() {
                let message = format!("on port {} Istio can ask for none of the split's matches", port.port());
                self.leave_out_split(port, conditional.split(), Code::Inexpressible, &message);
            }
            routes.extend(routes_of_split);
        }
        let last = last.or_else(|| {
            let service = fallback.filter(|_| !routes.is_empty())?;
            Some(Last {
                name: SmolStr::new_static("root"),
                route: self.weighted(port, [(service, 1)].into_iter()),
            })
        });
        routes.extend(last.map(|Last { name, route }| HttpRoute {
            name,
            matches: any_of(scopes),
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
            let within = |scope: &HttpMatchRequest| HttpMatchRequest {
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
                name: matches::route_name(&split.key().name, name).into(),
                matches: any_of(scopes.iter().map(within).collect()),
                route: self.destinations(port, split),
            });
        }
        routes
    }

    /// Translates the split without matches on one port, if there is one.
    fn last(&mut self, port: &PortRoute) -> Option<Last> {
        let split = port.default()?;
        Some(Last {
            name: split.key().name.clone(),
            route: self.destinations(port, split),
        })
    }

    fn destinations(&mut self, port: &PortRoute, split: &PortSplit) -> Vec<RouteDestination> {
        let shares = self.shares(split);
        let exact: Vec<u128> = shares.iter().map(|(_, weight)| *weight).collect();
        let weights = bounded(&exact, MAX_WEIGHT);
        let object = ObjectRef::split(split.key().clone());
        if let Some(error) = weights.error {
            let message = format!(
                "Istio limits the sum of weights to {}, so the weights on port {} are rounded; no share is off by more than {error}",
                error.of,
                port.port()
            );
            let rounded = Diagnostic::new(Code::WeightRounded, object, "spec.backends".into(), message);
            self.translation.report(rounded.on_port(port.port()).within(error));
        }
        let services = shares.iter().map(|(service, _)| *service);
        self.weighted(port, services.zip(weights.weights))
    }

    /// Returns the shares of a split by service. Istio sends the share of a headless backend to the address that the
    /// client called. Such a share is written as the root's and reported.
    fn shares<'s>(&mut self, split: &'s PortSplit) -> Vec<(&'s str, u128)>
    where
        'a: 's,
    {
        let (Root::Service(ObjectKey { name: root, .. }) | Root::External { host: root, .. }) = self.route.root();
        let mut shares: Vec<(&str, u128)> = Vec::with_capacity(split.backends().len());
        for backend in split.backends() {
            let is_lost = backend.is_headless() && backend.service() != root;
            let service: &str = if is_lost { root } else { backend.service() };
            if is_lost {
                let object = ObjectRef::split(split.key().clone());
                let message = format!(
                    "backend `{}` has no cluster IP, so Istio cannot route to it; its share goes to the root",
                    backend.service()
                );
                let lost = Diagnostic::new(Code::Inexpressible, object, "spec.backends".into(), message);
                self.translation.report(lost.on_backend(backend.service()));
            }
            match shares.iter_mut().find(|(known, _)| *known == service) {
                Some((_, weight)) => *weight += backend.weight(),
                None => shares.push((service, backend.weight())),
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
        [service, ".", namespace, ".svc.", self.route.cluster_domain()].concat()
    }

    /// Reports that no split is in force on a port.
    fn leave_out(&mut self, port: &PortRoute, reason: &str) {
        let message = format!("port {} of the root {reason}, so it is not split", port.port());
        for split in port.splits() {
            self.leave_out_split(port, split, Code::Inexpressible, &message);
        }
    }

    fn leave_out_split(&mut self, port: &PortRoute, split: &PortSplit, code: Code, message: &str) {
        let object = ObjectRef::split(split.key().clone());
        let disabled = Diagnostic::new(code, object, "spec.service".into(), message);
        self.translation.report(disabled.on_port(port.port()));
    }

    /// Reports that no split is in force on any port.
    fn reject(&mut self, code: Code, message: &str) {
        self.report_all(code, "spec.service", message);
    }

    fn report_all(&mut self, code: Code, field: &str, message: &str) {
        for split in self.route.splits() {
            let object = ObjectRef::split(split.key().clone());
            self.translation
                .report(Diagnostic::new(code, object, field.into(), message));
        }
    }
}

/// The translation of the split without matches on one port, or of what takes its place.
#[derive(Clone)]
struct Last {
    name: SmolStr,
    route: Vec<RouteDestination>,
}

/// Returns the TCP route of one port, on which only the split without matches counts.
fn tcp(port: &PortRoute, last: Last, gateways: &Gateways) -> TcpRoute {
    TcpRoute {
        matches: vec![L4Match {
            port: port.port(),
            gateways: gateways.mesh_only(),
        }],
        route: last.route,
    }
}

/// Returns no matches if one of them has no conditions: such a match takes every request, which Istio expresses as an
/// absent list.
fn any_of(matches: Vec<HttpMatchRequest>) -> Vec<HttpMatchRequest> {
    if matches.contains(&HttpMatchRequest::default()) {
        Vec::new()
    } else {
        matches
    }
}
