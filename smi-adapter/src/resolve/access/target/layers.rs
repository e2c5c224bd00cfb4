//! The rules of a target, by layer (A12).

use super::super::ports::{self, Route};
use super::{NamedPort, Reader, View};
use crate::model::access::Ports;
use crate::model::route::HttpMatch;
use crate::object::{Kind, ObjectKey, ObjectRef, is_dns_subdomain};
use crate::resolve::missing::unusable;
use crate::workload::Transport;
use smi_types::FieldPath;
use smi_types::access::{Rule, TargetSpec};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The traffic that each layer of a target allows; `None` stands for an absent layer.
///
/// A layer whose rules are all unusable is present and allows nothing (A9).
#[derive(Default)]
pub(super) struct Layers {
    /// The allowed ports; an empty set if none of the rules is usable.
    pub(super) tcp: Option<Ports>,
    pub(super) http: Option<Vec<Arc<HttpMatch>>>,
    pub(super) udp: Option<Ports>,
    /// `false` if there are no rules (A6), or a rule is of an unknown kind (A12): the target allows nothing.
    pub(super) are_known: bool,
    pub(super) named_ports: Vec<NamedPort>,
}

/// Restricts ports to the one allowed port, if there is one; returns `None` if no port is left.
pub(super) fn restrict(ports: Ports, port: Option<u16>) -> Option<Ports> {
    match (ports, port) {
        (Ports::Only(ports), _) if ports.is_empty() => None,
        (ports, None) => Some(ports),
        (ports, Some(port)) => ports.contains(port).then(|| Ports::Only(BTreeSet::from([port]))),
    }
}

/// Adds the ports of another route to a layer (A12: OR within a layer).
fn add(layer: &mut Option<Ports>, ports: Option<Ports>) {
    let so_far = layer.take().unwrap_or(Ports::Only(BTreeSet::new()));
    *layer = Some(match (so_far, ports) {
        (Ports::All, _) | (_, Some(Ports::All)) => Ports::All,
        (Ports::Only(some), None) => Ports::Only(some),
        (Ports::Only(mut some), Some(Ports::Only(more))) => {
            some.extend(more);
            Ports::Only(some)
        }
    });
}

/// Returns the names by which a rule selects matches, with their positions. An empty name is a violation.
fn named(rule: &Rule) -> impl Iterator<Item = (usize, &str)> {
    let names = rule.matches.iter().map(String::as_str).enumerate();
    names.filter(|(_, name)| !name.is_empty())
}

impl Reader<'_> {
    /// Returns the layers of a target.
    pub(super) fn layers(&mut self, spec: &TargetSpec) -> Layers {
        let path = self.target.rules_path();
        let mut layers = Layers {
            are_known: !spec.rules.is_empty(),
            ..Layers::default()
        };
        for (index, rule) in spec.rules.iter().enumerate() {
            let path = path.clone().index(index);
            // I8: such a rule is a member of its layer that matches nothing.
            let is_lost = self.unknown.is_in("rules", index) || self.unknown.is_in("specs", index);
            match rule.kind.as_str() {
                "HTTPRouteGroup" if is_lost => _ = layers.http.get_or_insert_default(),
                "TCPRoute" if is_lost => add(&mut layers.tcp, None),
                "UDPRoute" if is_lost => add(&mut layers.udp, None),
                "HTTPRouteGroup" => {
                    let matches = self.matches(rule, &path);
                    let all = layers.http.get_or_insert_default();
                    for matching in matches {
                        if !all.contains(&matching) {
                            all.push(matching);
                        }
                    }
                }
                "TCPRoute" => {
                    let ports = self.ports(rule, &Kind::TcpRoute, ports::tcp, &path);
                    self.add_named_ports(ports.as_ref(), rule, &Kind::TcpRoute, Transport::Tcp, &mut layers);
                    add(&mut layers.tcp, ports);
                }
                "UDPRoute" => {
                    let ports = self.ports(rule, &Kind::UdpRoute, ports::udp, &path);
                    self.add_named_ports(ports.as_ref(), rule, &Kind::UdpRoute, Transport::Udp, &mut layers);
                    add(&mut layers.udp, ports);
                }
                _ => layers.are_known = false,
            }
        }
        layers
    }

    /// Returns the key of the route that a rule refers to.
    fn key(&self, rule: &Rule) -> ObjectKey {
        // A25
        ObjectKey::new(&self.key.namespace, &rule.name)
    }

    /// Returns the matches that a rule selects (A7, A8, S2).
    fn matches(&mut self, rule: &Rule, path: &FieldPath) -> Vec<Arc<HttpMatch>> {
        let key = self.key(rule);
        let object = ObjectRef::group(key.clone());
        let (Some(matches), Some(group)) = (self.view.matches(&key), self.view.group(&key)) else {
            self.missing(rule, object, path);
            return Vec::new();
        };
        self.references.insert(object.clone());
        if rule.matches.is_empty() {
            if matches.is_empty() {
                let message = format!("route group `{}` has no usable match", rule.name);
                self.unresolved(object, path.clone().field("name"), message);
            }
            return matches.to_vec();
        }
        let mut selected: Vec<Arc<HttpMatch>> = Vec::new();
        for (index, name) in named(rule) {
            let usable = || matches.iter().filter(|matching| matching.name() == name);
            let problem = if !group.matches().iter().any(|matching| matching.name == *name) {
                Some("does not exist")
            } else if usable().next().is_none() {
                Some("cannot be used")
            } else {
                None
            };
            if let Some(problem) = problem {
                let message = format!(
                    "match `{name}` of route group `{}` {problem}, so it allows nothing",
                    rule.name
                );
                self.unresolved(object.clone(), path.clone().field("matches").index(index), message);
            }
            selected.extend(usable().cloned());
        }
        selected
    }

    /// Returns the ports of a route; `None` if it matches nothing (A8, A9).
    fn ports(
        &mut self,
        rule: &Rule,
        kind: &Kind,
        read: for<'v> fn(View<'v>, &ObjectKey) -> Option<Route<'v>>,
        path: &FieldPath,
    ) -> Option<Ports> {
        let key = self.key(rule);
        let object = ObjectRef::new(kind.clone(), key.clone());
        let Some(route) = read(self.view, &key) else {
            self.missing(rule, object, path);
            return None;
        };
        self.references.insert(object.clone());
        let mut selected = rule.matches.is_empty();
        for (index, name) in named(rule) {
            if name == route.name {
                selected = true;
            } else {
                let message = format!("{kind} `{}` has no match `{name}`", rule.name);
                self.unresolved(object.clone(), path.clone().field("matches").index(index), message);
            }
        }
        selected.then_some(route.ports)
    }

    /// Reports that a rule's route is missing or unusable (A9). An invalid name is a violation.
    fn missing(&mut self, rule: &Rule, route: ObjectRef, path: &FieldPath) {
        if is_dns_subdomain(&rule.name) {
            let message = unusable(self.view, &route);
            self.unresolved(route, path.clone().field("name"), message);
        }
    }

    /// Adds the ports of a route to the named ports of the target.
    fn add_named_ports(
        &self,
        ports: Option<&Ports>,
        rule: &Rule,
        kind: &Kind,
        transport: Transport,
        layers: &mut Layers,
    ) {
        let Some(Ports::Only(ports)) = ports else { return };
        let object = ObjectRef::new(kind.clone(), self.key(rule));
        let field = FieldPath::root().field("spec").field("matches").field("ports");
        layers.named_ports.extend(ports.iter().map(|port| NamedPort {
            port: *port,
            transport,
            object: object.clone(),
            field: field.clone(),
        }));
    }
}
