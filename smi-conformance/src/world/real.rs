//! Restrictions to worlds and queries that are possible in a real cluster. Other worlds also contain objects from tools
//! that do not validate.

use super::json::Field;
use super::services::{Port, Service, Shape};
use super::{NAMESPACES, World};
use crate::dice::Dice;
use smi_adapter::object::{SmolStr, is_dns_label, is_dns_subdomain};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{Destination, Request, RoutingQuery, Traffic};
use smi_types::specs::METHODS;

impl World {
    /// Returns the world as an API server would have it: every service has ports, and the ports are distinct and valid.
    #[must_use]
    pub fn real(mut self) -> Self {
        for service in &mut self.services {
            let mut ports: Vec<Port> = Vec::new();
            for port in service.ports.drain(..) {
                let twice = ports
                    .iter()
                    .any(|known| known.number == port.number && transport(known) == transport(&port));
                if (1..=65535).contains(&port.number) && !twice {
                    ports.push(port);
                }
            }
            service.ports = ports;
        }
        self.services.retain(|service: &Service| match service.shape {
            Shape::Headless | Shape::ExternalName => true,
            Shape::ClusterIp => !service.ports.is_empty(),
            Shape::Bare => false,
        });
        self
    }
}

fn transport(port: &Port) -> &'static str {
    match port.protocol {
        Field::Set(protocol) if !protocol.is_empty() => protocol,
        _ => "TCP",
    }
}

/// Returns `true` if a query goes to an existing port with one application protocol, of a service with an address, by a
/// well-known method. Only a few of the other queries are needed.
#[must_use]
pub fn usual(world: &World, query: &RoutingQuery) -> bool {
    let Destination::Service { key, port } = &query.to;
    let Some(service) = world.service(&key.namespace, &key.name) else {
        return false;
    };
    let ports = service.ports.iter().filter(|known| known.number == i32::from(*port));
    let there = ports
        .clone()
        .any(|known| query.traffic == Traffic::Udp || known.is_tcp());
    let clear = ports
        .clone()
        .all(|known| ports.clone().all(|other| other.app == known.app));
    let known = match &query.traffic {
        Traffic::Http(request) => request.method != "CONNECT" && METHODS.contains(&&*request.method),
        _ => true,
    };
    service.shape == Shape::ClusterIp && there && clear && known
}

/// Returns `true` if a client can exist: its namespace and service account have names that an API server accepts.
#[must_use]
pub fn exists(caller: &Principal) -> bool {
    match caller {
        Principal::Account(account) => is_dns_label(&account.namespace) && is_dns_subdomain(&account.service_account),
        Principal::Spiffe(_) => true,
    }
}

/// Turns a query into one of a client in the mesh whose request names the service that it calls. Proxies route by
/// authority, so a request with another authority would be a call of another service.
pub fn address(query: &mut RoutingQuery, cluster_domain: &str, dice: &mut Dice) {
    let Destination::Service { key, port } = &query.to;
    let namespace = SmolStr::new(dice.text(&NAMESPACES));
    if let Traffic::Http(request) = &mut query.traffic {
        let (name, own) = (&key.name, &key.namespace);
        let mut names = vec![
            format!("{name}.{own}"),
            format!("{name}.{own}.svc"),
            format!("{name}.{own}.svc.{cluster_domain}"),
        ];
        if namespace == *own {
            names.push(name.to_string());
        }
        let with_port = names.iter().map(|name| format!("{name}:{port}"));
        let names: Vec<String> = with_port.chain(names.iter().cloned()).collect();
        let hosts = request
            .headers
            .iter_mut()
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        for (_, host) in hosts.filter(|(_, host)| !names.contains(host)) {
            *host = dice.pick(&names).cloned().unwrap_or_default();
        }
    }
    query.from = Some(Identity {
        namespace,
        service_account: "client".into(),
    });
}

/// Returns `true` if a client can send this traffic. Meshes cannot agree on requests that are not valid HTTP.
#[must_use]
pub fn sendable(traffic: &Traffic) -> bool {
    let Traffic::Http(Request { method, path, headers }) = traffic else {
        return true;
    };
    let token = |text: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(inner)
    };
    let whole = |text: &str| text.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    // A fragment stays with the client, and an absolute target is for forward proxies.
    let target = (path.starts_with('/') && !path.contains('#')) || (path == "*" && method == "OPTIONS");
    let hosts: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.as_str())
        .collect();
    let host = match hosts.as_slice() {
        [] => true,
        [host] => !host.is_empty() && whole(host),
        _ => false,
    };
    let lines = headers
        .iter()
        .all(|(name, value)| token(name) && value.bytes().all(|byte| byte == b'\t' || !byte.is_ascii_control()));
    token(method) && target && whole(path) && host && lines
}
