//! Translation of splits to routes: one `HTTPRoute` for each port of a root service, or a `TCPRoute` if the port is
//! opaque.

mod order;
mod profile;

#[cfg(test)]
mod tests;

use crate::matches::{self, Side};
use crate::native::{BackendRef, HttpRoute, HttpRouteMatch, HttpRule, ParentRef, Path, TcpRoute, TcpRule};
use crate::protocol::{OPAQUE_PORTS, Protocol};
use crate::{Linkerd, MAX_MATCHES, MAX_RULES, SplitMode};
use order::{Expressed, Misfit, Order, Ordered};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, ErrorBound};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Backend, Conditional, PortRoute, PortSplit, Root, ServiceRoute};
use smi_adapter::object::{ObjectKey, ObjectRef, bounded_name};
use smi_adapter::weights::bounded;

/// The most backends of one rule that the CRD accepts.
const MAX_BACKENDS: usize = 16;
/// The largest weight that the CRD accepts.
const MAX_WEIGHT: u32 = 1_000_000;

pub(crate) fn translate(linkerd: &Linkerd, policy: &Policy, route: &ServiceRoute) -> Translation {
    let mut translator = Translator {
        policy,
        route,
        translation: Translation::default(),
    };
    match route.root() {
        Root::External { host, .. } => {
            let message = format!(
                "`{host}` is not a service in the namespace of the split; Linkerd splits only the traffic of services"
            );
            translator.refuse(Code::ExternalRoot, &message);
        }
        Root::Service(_) if route.service().is_headless() => {
            let message =
                "the root service has no cluster IP, so clients call its pods directly and Linkerd does not route them";
            translator.refuse(Code::Inexpressible, message);
        }
        Root::Service(root) => match linkerd.split_mode {
            SplitMode::HttpRoute => translator.ports(linkerd, root),
            SplitMode::ServiceProfile => profile::translate(&mut translator, linkerd, root),
        },
    }
    translator.translation
}

struct Translator<'a> {
    policy: &'a Policy,
    route: &'a ServiceRoute,
    translation: Translation,
}

impl Translator<'_> {
    fn ports(&mut self, linkerd: &Linkerd, root: &ObjectKey) {
        for port in self.route.ports() {
            if self.is_ignored(linkerd, port) {
                continue;
            }
            match Protocol::of(port, self.route.service(), &linkerd.default_opaque_ports) {
                Protocol::Opaque => self.tcp(linkerd, root, port),
                // Linkerd treats the port as opaque, and a TCPRoute also splits connections that carry TLS.
                Protocol::Tls if port.app_protocol().is_some() && linkerd.tcp_routes => self.tcp(linkerd, root, port),
                Protocol::Tls => self.tls(port),
                protocol => self.http(protocol, root, port),
            }
        }
    }

    /// Returns `true`, and reports the splits of the port, if traffic to it bypasses the proxies of clients.
    fn is_ignored(&mut self, linkerd: &Linkerd, port: &PortRoute) -> bool {
        let ignored = linkerd.ignored_ports.contains(&port.port());
        for split in port.splits().filter(|_| ignored) {
            let message = format!(
                "port {} of the root bypasses the proxies of clients, so it is not split",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
        }
        ignored
    }

    /// Reports the splits of a port on which clients send TLS.
    fn tls(&mut self, port: &PortRoute) {
        // With an `appProtocol` for TLS, the port is already opaque.
        let opaque = match port.app_protocol() {
            Some(_) => String::new(),
            None => format!("list it in the annotation `{OPAQUE_PORTS}` of the root and "),
        };
        let message = format!(
            "port {} of the root carries TLS, in which Linkerd cannot see requests, so it is not split; to split its connections, {opaque}enable TCPRoute in the settings",
            port.port()
        );
        for split in port.splits() {
            self.leave_out(port, split, Code::Inexpressible, &message);
        }
    }

    /// Translates an opaque port: the split without matches becomes a `TCPRoute`.
    fn tcp(&mut self, linkerd: &Linkerd, root: &ObjectKey, port: &PortRoute) {
        for conditional in port.conditional() {
            let message = format!(
                "port {} of the root is opaque, so Linkerd does not parse HTTP there and the split has no effect on it",
                port.port()
            );
            self.leave_out(port, conditional.split(), Code::NotHttp, &message);
        }
        let Some(split) = port.default() else { return };
        if !linkerd.tcp_routes {
            let message = format!(
                "port {} of the root is opaque, and splitting it requires TCPRoute v1alpha2, which the settings do not enable",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
            return;
        }
        let Some(backend_refs) = self.backends(root, port, split) else {
            return;
        };
        let spec = TcpRoute {
            parent_refs: vec![parent(root, port)],
            rules: vec![TcpRule { backend_refs }],
        };
        self.translation
            .emit(self.policy, Stage::Route, &route_name(root, port, 0), &spec);
    }

    /// Translates any other port: rules for the splits with matches, then one rule for every request.
    fn http(&mut self, protocol: Protocol, root: &ObjectKey, port: &PortRoute) {
        let mut order = Order::default();
        for conditional in port.conditional() {
            let split = conditional.split();
            let Some(matches) = self.expressed(port, conditional) else {
                continue;
            };
            if let Err(misfit) = order.add(split, matches) {
                self.misfit(port, split, misfit);
            }
        }
        let default = port.default().and_then(|split| self.backends(root, port, split));
        if order.splits().is_empty() && default.is_none() {
            return;
        }
        if let Some(split) = port.default().filter(|_| default.is_some() && !port.declares_http()) {
            let object = ObjectRef::split(split.key().clone());
            let others = match protocol {
                Protocol::Http => "are rejected",
                _ => "go to the root",
            };
            let message = format!(
                "on port {} Linkerd splits only HTTP; bytes that are not HTTP {others}",
                port.port()
            );
            let http_only = Diagnostic::new(Code::HttpOnly, object, "spec.service".into(), message);
            self.translation.report(http_only.on_port(port.port()));
        }
        let last = HttpRule {
            matches: vec![everything()],
            backend_refs: default.unwrap_or_else(|| vec![backend(root, &root.name, port, 1)]),
        };
        let mut rules = self.conditional_rules(root, port, order.splits());
        let rest = rules.split_off(rules.len().min(MAX_RULES - 1));
        rules.push(last);
        let more = rest.chunks(MAX_RULES).map(<[HttpRule]>::to_vec);
        for (index, rules) in std::iter::once(rules).chain(more).enumerate() {
            let spec = HttpRoute {
                parent_refs: vec![parent(root, port)],
                rules,
            };
            self.translation
                .emit(self.policy, Stage::Route, &route_name(root, port, index), &spec);
        }
    }

    /// Returns the matches of a split that Linkerd can express, or `None`, reported, if the split cannot be in force.
    fn expressed<'a>(&mut self, port: &PortRoute, conditional: &'a Conditional) -> Option<Vec<Expressed<'a>>> {
        let split = conditional.split();
        if !self.accepts_backends(port, split) {
            return None;
        }
        let mut expressed = Vec::new();
        for matching in conditional.matches() {
            let requests = matches::requests(matching, Side::Client, &mut self.translation);
            if !requests.is_empty() {
                expressed.push(Expressed { matching, requests });
            }
        }
        if expressed.is_empty() {
            let message = format!(
                "on port {} Linkerd can express none of the split's matches, so the split is not in force there",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
            return None;
        }
        Some(expressed)
    }

    /// Returns the rules of the splits with matches: first those that must be in the route of the rule for every
    /// request, in the order of the splits, then the others.
    fn conditional_rules(&mut self, root: &ObjectKey, port: &PortRoute, splits: &[Ordered<'_>]) -> Vec<HttpRule> {
        let (mut pinned, mut others) = (Vec::new(), Vec::new());
        for ordered in splits {
            let backends = self.weighted(root, port, ordered.split);
            pinned.extend(rules(&ordered.requests(true), &backends));
            others.extend(rules(&ordered.requests(false), &backends));
        }
        pinned.append(&mut others);
        pinned
    }

    /// Returns the backends of a split with their weights, or `None`, reported, if there are too many.
    fn backends(&mut self, root: &ObjectKey, port: &PortRoute, split: &PortSplit) -> Option<Vec<BackendRef>> {
        self.accepts_backends(port, split)
            .then(|| self.weighted(root, port, split))
    }

    /// Returns `true` if Linkerd supports that many backends. Reports the split otherwise.
    fn accepts_backends(&mut self, port: &PortRoute, split: &PortSplit) -> bool {
        let accepts = split.backends().len() <= MAX_BACKENDS;
        if !accepts {
            let message = format!(
                "Linkerd supports at most {MAX_BACKENDS} backends, so port {} is not split",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
        }
        accepts
    }

    /// Returns the backends of a split with their weights, and reports weights that are rounded.
    fn weighted(&mut self, root: &ObjectKey, port: &PortRoute, split: &PortSplit) -> Vec<BackendRef> {
        let exact: Vec<u128> = split.backends().iter().map(Backend::weight).collect();
        let weights = if exact.iter().all(|weight| *weight <= u128::from(MAX_WEIGHT)) {
            bounded(&exact, u32::MAX)
        } else {
            bounded(&exact, MAX_WEIGHT)
        };
        if let Some(error) = weights.error {
            let message = format!(
                "weights are rounded to the range that Linkerd supports; on port {} no share is off by more than {error}",
                port.port()
            );
            self.translation
                .report(rounded(split, error, message).on_port(port.port()));
        }
        let named = split.backends().iter().zip(weights.weights);
        named
            .map(|(to, weight)| backend(root, to.service(), port, weight))
            .collect()
    }

    /// Reports that a split is not in force on a port, because Linkerd would not keep the order of the splits.
    fn misfit(&mut self, port: &PortRoute, split: &PortSplit, misfit: Misfit) {
        let number = port.port();
        let (earlier, message) = match misfit {
            Misfit::NoRoom => {
                let message = format!(
                    "on port {number} the matches of the split do not fit into the route that must contain them, because `HTTPRoute` is limited to {MAX_RULES} rules of {MAX_MATCHES} matches, so the split is not in force there; add a method or a header to matches that take the path `/`"
                );
                return self.leave_out(port, split, Code::Inexpressible, &message);
            }
            Misfit::MoreSpecific(earlier) => {
                let message = format!(
                    "on port {number} a request can match both this split and the earlier split `{earlier}`, and Linkerd would choose this one, whose match is more specific, so the split is not in force there; give the matches of `{earlier}` a path, a method and as many header filters as those of this split, or let the two splits match different paths or methods"
                );
                (earlier, message)
            }
            Misfit::NoRoomBeside(earlier) => {
                let message = format!(
                    "on port {number} a request can match both this split and the earlier split `{earlier}`, and their matches do not fit into one route, which alone would keep their order, so the split is not in force there; reduce the number of matches"
                );
                (earlier, message)
            }
        };
        let object = ObjectRef::split(split.key().clone());
        let overlap = Diagnostic::new(Code::Overlap, object, "spec.matches".into(), message);
        self.translation
            .report(overlap.on_port(number).caused_by(ObjectRef::split(earlier)));
    }

    /// Reports that a split is not in force on a port.
    fn leave_out(&mut self, port: &PortRoute, split: &PortSplit, code: Code, message: &str) {
        let object = ObjectRef::split(split.key().clone());
        let disabled = Diagnostic::new(code, object, "spec.service".into(), message);
        self.translation.report(disabled.on_port(port.port()));
    }

    /// Reports that no split is in force on any port.
    fn refuse(&mut self, code: Code, message: &str) {
        for split in self.route.splits() {
            let object = ObjectRef::split(split.key().clone());
            self.translation
                .report(Diagnostic::new(code, object, "spec.service".into(), message));
        }
    }
}

/// Returns the diagnostic for shares that are not exact.
fn rounded(split: &PortSplit, error: ErrorBound, message: String) -> Diagnostic {
    let object = ObjectRef::split(split.key().clone());
    Diagnostic::new(Code::WeightRounded, object, "spec.backends".into(), message).within(error)
}

fn everything() -> HttpRouteMatch {
    HttpRouteMatch {
        path: Path::Prefix("/"),
        method: None,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

/// Returns rules with these matches and backends.
fn rules(matches: &[HttpRouteMatch], backends: &[BackendRef]) -> impl Iterator<Item = HttpRule> {
    matches.chunks(MAX_MATCHES).map(|matches| HttpRule {
        matches: matches.to_vec(),
        backend_refs: backends.to_vec(),
    })
}

fn parent(root: &ObjectKey, port: &PortRoute) -> ParentRef {
    ParentRef {
        group: "core",
        kind: "Service",
        name: root.name.clone(),
        namespace: root.namespace.clone(),
        port: port.port(),
    }
}

fn backend(root: &ObjectKey, service: &str, port: &PortRoute, weight: u32) -> BackendRef {
    BackendRef {
        group: "",
        kind: "Service",
        name: service.into(),
        namespace: root.namespace.clone(),
        port: port.port(),
        weight,
    }
}

/// Returns the name of the first route of a port, or of a further one.
fn route_name(root: &ObjectKey, port: &PortRoute, index: usize) -> String {
    let (root, port) = (&root.name, port.port());
    let name = match index {
        0 => format!("smi-split-{root}-{port}"),
        _ => format!("smi-split-{root}-{port}-more{index}"),
    };
    bounded_name(&name)
}
