//! Translation of splits to routes: one `HTTPRoute` for each port of a root service, or a `TCPRoute` if the port is
//! opaque.

mod profile;

#[cfg(test)]
mod tests;

use crate::matches::{self, Side};
use crate::native::{BackendRef, HttpRoute, HttpRouteMatch, HttpRule, ParentRef, Path, TcpRoute, TcpRule};
use crate::protocol::Protocol;
use crate::{Linkerd, MAX_MATCHES, MAX_RULES, SplitMode};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, ErrorBound};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::route::{Backend, Conditional, HttpMatch, PortRoute, PortSplit, Root, ServiceRoute};
use smi_adapter::object::{ObjectKey, ObjectRef, bounded_name};
use smi_adapter::weights::bounded;
use std::sync::Arc;

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
        let mut conditional: Vec<Rule> = Vec::new();
        let mut earlier: Vec<Arc<HttpMatch>> = Vec::new();
        for split in port.conditional() {
            conditional.extend(self.conditional(root, port, split, &mut earlier));
        }
        let default = port.default().and_then(|split| self.backends(root, port, split));
        if conditional.is_empty() && default.is_none() {
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
        // Rules that tie with the last one must precede it in the same route.
        conditional.sort_by_key(|rule| !rule.ties);
        let mut rules: Vec<HttpRule> = conditional.into_iter().map(|rule| rule.rule).collect();
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

    /// Returns the rules of a split with matches. Linkerd chooses the most specific match, not the first one, so a later
    /// split must not match any request that an earlier one matches (T29).
    fn conditional(
        &mut self,
        root: &ObjectKey,
        port: &PortRoute,
        conditional: &Conditional,
        earlier: &mut Vec<Arc<HttpMatch>>,
    ) -> Vec<Rule> {
        let split = conditional.split();
        let overlaps = |matching: &Arc<HttpMatch>| earlier.iter().any(|other| !matching.is_disjoint(other));
        if conditional.matches().iter().any(overlaps) {
            let message = format!(
                "on port {} a request can match both this split and an earlier one, and Linkerd would choose the more specific match; the split is not in force there",
                port.port()
            );
            self.leave_out(port, split, Code::Overlap, &message);
            return Vec::new();
        }
        // The rules of one split have the same backends, so their order does not matter.
        let (mut ties, mut others) = (Vec::new(), Vec::new());
        for matching in conditional.matches() {
            let requests = matches::requests(matching, Side::Client, &mut self.translation);
            if ties_with_everything(matching) {
                ties.extend(requests);
            } else {
                others.extend(requests);
            }
        }
        let Some(backends) = self.backends(root, port, split) else {
            return Vec::new();
        };
        if ties.len() > MAX_MATCHES {
            let message = format!(
                "on port {} more than {MAX_MATCHES} matches take the path `/` without a method or header, so the split is not in force there",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
            return Vec::new();
        }
        if ties.is_empty() && others.is_empty() {
            let message = format!(
                "on port {} Linkerd can express none of the split's matches, so the split is not in force there",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
            return Vec::new();
        }
        earlier.extend(conditional.matches().iter().cloned());
        let rule = |matches: &[HttpRouteMatch], ties| Rule {
            ties,
            rule: HttpRule {
                matches: matches.to_vec(),
                backend_refs: backends.clone(),
            },
        };
        let ties = ties.chunks(MAX_MATCHES).map(|matches| rule(matches, true));
        ties.chain(others.chunks(MAX_MATCHES).map(|matches| rule(matches, false)))
            .collect()
    }

    /// Returns the backends of a split with their weights, or `None`, reported, if there are too many.
    fn backends(&mut self, root: &ObjectKey, port: &PortRoute, split: &PortSplit) -> Option<Vec<BackendRef>> {
        if split.backends().len() > MAX_BACKENDS {
            let message = format!(
                "Linkerd supports at most {MAX_BACKENDS} backends, so port {} is not split",
                port.port()
            );
            self.leave_out(port, split, Code::Inexpressible, &message);
            return None;
        }
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
        Some(
            named
                .map(|(to, weight)| backend(root, to.service(), port, weight))
                .collect(),
        )
    }

    /// Reports that a split is not in force on a port.
    fn leave_out(&mut self, port: &PortRoute, split: &PortSplit, code: Code, message: &str) {
        let field = if code == Code::Overlap {
            "spec.matches"
        } else {
            "spec.service"
        };
        let object = ObjectRef::split(split.key().clone());
        let disabled = Diagnostic::new(code, object, field.into(), message);
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

/// A rule of a split with matches.
struct Rule {
    /// `true` if, for some request, a match of the rule is no more specific than the rule for every request.
    ties: bool,
    rule: HttpRule,
}

/// Returns `true` if, for some request, a match is no more specific than the match of every request. Linkerd compares
/// the length of the matched path, then headers, then the method, and finally the order.
fn ties_with_everything(matching: &HttpMatch) -> bool {
    let takes_the_root_path = matching.path().is_none_or(|path| path.is_match("/"));
    takes_the_root_path && matching.methods().is_none() && matching.headers().is_empty()
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
        name: service.to_owned(),
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
