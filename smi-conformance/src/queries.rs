//! Queries that are aimed at the objects of a world, and near misses.

mod access;
pub mod near;

pub use access::access_queries;

use crate::dice::Dice;
use crate::world::World;
use crate::world::groups::Match;
use crate::world::services::Service;
use crate::world::splits::Split;
use near::Near;
use proptest::prelude::*;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Destination, Request, RoutingQuery, Traffic};
use std::collections::BTreeSet;

/// The seed of two queries: a request that fulfils some match of a world, and a near miss that differs in one way.
///
/// The matches, and the ways to miss them, depend on the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aim(u64);

/// The difference between a near miss and a request that fulfils a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Another path.
    Path(Near),
    /// Another method.
    Method,
    /// Another value of a header.
    Value(Near),
    /// A header is absent.
    Absent,
    /// A header is empty.
    Emptied,
    /// A header is repeated, with another value (S17).
    Repeated,
    /// The name of a header is in the other case (S16).
    NameCase,
}

/// The two queries that an aim gives in a world.
#[derive(Clone, Debug)]
pub struct Shot {
    /// The request that should fulfil a match.
    pub on: RoutingQuery,
    /// The near miss, with its difference.
    pub beside: (Beside, RoutingQuery),
}

impl Aim {
    /// Returns the strategy of all aims.
    pub fn any() -> impl Strategy<Value = Self> {
        any::<u64>().prop_map(Self)
    }

    /// Returns the next aim, which follows from this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(0x5851_f42d_4c95_7f2d))
    }

    /// Returns the queries in a world. They go to the root of a split, usually of one with matches.
    #[must_use]
    pub fn shot(self, world: &World) -> Shot {
        let mut dice = Dice::new(self.0);
        let can_match = |split: &&Split| {
            let root = split.root().and_then(|root| world.service(split.namespace, root));
            let has_port = root.is_some_and(|root| tcp_numbers(root).next().is_some());
            has_port && world.matches_of(split).next().is_some()
        };
        let conditional: Vec<&Split> = world.splits.iter().filter(can_match).collect();
        let all: Vec<&Split> = world.splits.iter().collect();
        let any_split = dice.one_in(8) || conditional.is_empty();
        let split = dice.pick(if any_split { &all } else { &conditional }).copied();
        let to = match split {
            Some(split) => root_port(world, split, &mut dice),
            None => destination(&ObjectKey::new("ns-a", "web"), 80),
        };
        let matches: Vec<&Match> = split.iter().flat_map(|split| world.matches_of(split)).collect();
        let (on, how) = match dice.pick(&matches) {
            Some(matching) if !dice.one_in(12) => (fulfilling(matching, &mut dice), Beside::some(matching, &mut dice)),
            _ => (anything(&mut dice), Beside::Path(Near::some(&mut dice))),
        };
        let beside = how.of(&on, &mut dice);
        let query = |request| RoutingQuery {
            from: None,
            to: to.clone(),
            traffic: Traffic::Http(request),
        };
        Shot {
            on: query(on),
            beside: (how, query(beside)),
        }
    }
}

fn destination(key: &ObjectKey, port: u16) -> Destination {
    let key = key.clone();
    Destination::Service { key, port }
}

/// Returns a port of the root of a split, usually one of its TCP ports.
fn root_port(world: &World, split: &Split, dice: &mut Dice) -> Destination {
    let key = ObjectKey::new(split.namespace, split.root().unwrap_or("web"));
    let service = world.service(&key.namespace, &key.name);
    let ports: Vec<u16> = service.into_iter().flat_map(tcp_numbers).collect();
    let port = dice.pick(&ports).copied().unwrap_or(80);
    destination(&key, if dice.one_in(60) { port + 1 } else { port })
}

fn tcp_numbers(service: &Service) -> impl Iterator<Item = u16> {
    let tcp = service.ports.iter().filter(|port| port.is_tcp());
    tcp.filter_map(|port| u16::try_from(port.number).ok())
}

/// Returns a request that fulfils a match, if the match can be fulfilled.
fn fulfilling(matching: &Match, dice: &mut Dice) -> Request {
    let path = matching.path.value().map(|re| re.member(dice));
    let mut headers: Vec<(String, String)> = matching
        .filters()
        .map(|(name, re)| (name.to_owned(), re.member(dice)))
        .collect();
    if dice.one_in(6) {
        headers.push(("x-env".into(), "a".into()));
    }
    if dice.one_in(6) {
        headers.insert(0, ("Host".into(), "web:80".into()));
    }
    Request {
        method: matching.method(dice).to_owned(),
        path: path.map_or_else(|| some_path(dice), sendable),
        headers,
    }
}

/// Returns the path as a client can send it: it begins with `/`, or is `*` or a URL.
fn sendable(path: String) -> String {
    let begins = ["/", "http://", "https://"];
    if path == "*" || begins.iter().any(|begin| path.starts_with(begin)) {
        path
    } else {
        format!("/{path}")
    }
}

fn some_path(dice: &mut Dice) -> String {
    dice.text(&[
        "/",
        "/api",
        "/a",
        "/api/x?q=1",
        "/a/../b",
        "//",
        "*",
        "http://h/a",
        "/%61#f",
    ])
    .to_owned()
}

fn anything(dice: &mut Dice) -> Request {
    let mut headers = Vec::new();
    while dice.one_in(2) {
        let name = dice.text(&["x-user", "X-USER", "host", "x-env", "accept"]);
        let value = dice.text(&["a", "", "true", "web", "x,y"]);
        headers.push((name.to_owned(), value.to_owned()));
    }
    Request {
        method: dice
            .text(&["GET", "GET", "POST", "POST", "get", "BREW", "*"])
            .to_owned(),
        path: some_path(dice),
        headers,
    }
}

impl Beside {
    /// Returns a difference in something that the match restricts.
    fn some(matching: &Match, dice: &mut Dice) -> Self {
        let mut all = Vec::new();
        if matching.path.value().is_some() {
            all.extend([Self::Path(Near::some(dice)), Self::Path(Near::some(dice))]);
        }
        if matching.methods.value().is_some() {
            all.push(Self::Method);
        }
        if matching.filters().next().is_some() {
            let near = Self::Value(Near::some(dice));
            let turn = [Self::Absent, Self::Emptied, Self::NameCase];
            all.extend([near, near, Self::Repeated]);
            all.extend(dice.pick(&turn));
        }
        dice.pick(&all).copied().unwrap_or(Self::Method)
    }

    /// Returns the near miss of `on`, or `on` itself if the difference needs a header and `on` has none.
    fn of(self, on: &Request, dice: &mut Dice) -> Request {
        let mut request = on.clone();
        let at = dice.below(request.headers.len());
        let line = request.headers.get_mut(at);
        match (self, line) {
            (Self::Path(near), _) => request.path = sendable(near.of(&on.path, dice)),
            (Self::Method, _) => {
                let methods = ["GET", "POST", "get", "DELETE", "G*"];
                let others: Vec<&str> = methods.into_iter().filter(|other| *other != on.method).collect();
                dice.text(&others).clone_into(&mut request.method);
            }
            (Self::Value(near), Some((_, value))) => *value = near.of(value, dice),
            (Self::Absent, Some(_)) => _ = request.headers.remove(at),
            (Self::Emptied, Some((_, value))) => value.clear(),
            (Self::Repeated, Some((name, value))) => {
                let value = dice.text(&[value, "x", "a", ""]).to_owned();
                let name = name.clone();
                let at = if dice.one_in(2) { at } else { at + 1 };
                request.headers.insert(at, (name, value));
            }
            (Self::NameCase, Some((name, _))) if name.bytes().any(|b| b.is_ascii_uppercase()) => {
                name.make_ascii_lowercase();
            }
            (Self::NameCase, Some((name, _))) => name.make_ascii_uppercase(),
            (Self::Value(_) | Self::Absent | Self::Emptied | Self::Repeated | Self::NameCase, None) => {}
        }
        request
    }
}

/// Returns TCP, UDP and a plain request to every port of every root, and to the adjacent port numbers.
#[must_use]
pub fn sweep(world: &World) -> Vec<RoutingQuery> {
    let roots: BTreeSet<ObjectKey> = world
        .splits
        .iter()
        .filter_map(|split| Some(ObjectKey::new(split.namespace, split.root()?)))
        .collect();
    let mut queries = Vec::new();
    for root in &roots {
        let service = world.service(&root.namespace, &root.name);
        let ports = service.into_iter().flat_map(|service| &service.ports);
        let near: BTreeSet<u16> = ports
            .flat_map(|port| [port.number - 1, port.number, port.number + 1])
            .chain([80])
            .filter_map(|port| u16::try_from(port).ok())
            .collect();
        for port in near {
            let plain = Request {
                method: "GET".into(),
                path: "/".into(),
                headers: Vec::new(),
            };
            for traffic in [Traffic::Tcp, Traffic::Udp, Traffic::Http(plain)] {
                queries.push(RoutingQuery {
                    from: None,
                    to: destination(root, port),
                    traffic,
                });
            }
        }
    }
    queries
}
