//! Access queries that are aimed at the traffic targets of a world, and near misses.

use super::{Aim, Beside, anything, fulfilling};
use crate::dice::Dice;
use crate::world::World;
use crate::world::groups::Match;
use crate::world::targets::{Rule, Target};
use crate::world::workloads::{ACCOUNTS, Workload};
use crate::world::{NAMESPACES, json::Field};
use serde_json::Value;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Request, Traffic};

/// Returns access queries to workloads of a world: one that some target should allow, a near miss, and sometimes an
/// arbitrary one.
#[must_use]
pub fn access_queries(world: &World, aim: Aim) -> Vec<AccessQuery> {
    let mut dice = Dice::new(aim.0);
    let Some(target) = dice.pick(&world.access.targets) else {
        return elsewhere(world, &mut dice).into_iter().collect();
    };
    let Some(workload) = destination(world, target, &mut dice) else {
        return Vec::new();
    };
    let request = request(world, target, &mut dice);
    let on = AccessQuery {
        from: Some(source(world, target, &mut dice)),
        to: object(workload, &mut dice),
        port: port(world, target, workload, &mut dice),
        traffic: traffic(target, &request, &mut dice),
    };
    let beside = off(world, target, workload, &on, &mut dice);
    let mut all = vec![on, beside];
    all.extend(elsewhere(world, &mut dice).filter(|_| dice.one_in(3)));
    all
}

/// Returns the object of a workload's pods, or an old pod of it.
fn object(workload: &Workload, dice: &mut Dice) -> ObjectRef {
    let old = workload.old_account.is_some() && dice.one_in(2);
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::CronJob];
    let kind = kinds
        .into_iter()
        .find(|kind| kind.name() == workload.kind())
        .filter(|_| !old);
    let name = if old {
        format!("{}-old", workload.name)
    } else {
        workload.name.clone()
    };
    ObjectRef::new(kind.unwrap_or(Kind::Pod), ObjectKey::new(workload.namespace, name))
}

/// Returns a workload, usually one that runs as the destination of the target.
fn destination<'w>(world: &'w World, target: &Target, dice: &mut Dice) -> Option<&'w Workload> {
    let named = target.destination.value().map(|subject| subject.name);
    let is_destination = |workload: &&Workload| workload.namespace == target.namespace && workload.account == named;
    let destinations: Vec<&Workload> = world.access.workloads.iter().filter(is_destination).collect();
    let all: Vec<&Workload> = world.access.workloads.iter().collect();
    let anywhere = destinations.is_empty() || dice.one_in(8);
    dice.pick(if anywhere { &all } else { &destinations }).copied()
}

fn account(namespace: &str, name: &str) -> Principal {
    Principal::Account(Identity {
        namespace: namespace.into(),
        service_account: name.into(),
    })
}

/// Returns a source of the target, or a similar client.
fn source(world: &World, target: &Target, dice: &mut Dice) -> Principal {
    let subject = dice.pick(&target.sources);
    match subject {
        Some(subject) if subject.kind == "IdentityBinding" || dice.one_in(12) => {
            let domain = &world.settings.trust_domain;
            let id = dice.text(&[
                "spiffe://other.org/ns/ns-a/sa/sa-a",
                "spiffe://cluster.local/ns/ns-a/sa/sa-a",
                "spiffe://cluster.local/vm/one",
                "",
            ]);
            if id.is_empty() || id.strip_prefix("spiffe://").is_some_and(|id| id.starts_with(domain)) && dice.one_in(2)
            {
                return account(dice.text(&NAMESPACES), dice.text(&ACCOUNTS));
            }
            Principal::Spiffe(id.to_owned())
        }
        Some(subject) => {
            let namespace = match subject.namespace {
                Field::Set(namespace) if !namespace.is_empty() => namespace,
                _ => target.namespace,
            };
            account(namespace, subject.name)
        }
        None => account(dice.text(&NAMESPACES), dice.text(&ACCOUNTS)),
    }
}

/// Returns a port that the target names or the workload listens on, and sometimes another one.
fn port(world: &World, target: &Target, workload: &Workload, dice: &mut Dice) -> u16 {
    let mut ports: Vec<u16> = workload.ports.clone();
    ports.extend(target.port.as_ref().and_then(number));
    for rule in &target.rules {
        let route = world
            .access
            .referred
            .iter()
            .find(|known| known.kind == rule.kind && known.name == rule.name);
        let spec = route.and_then(|route| route.spec.value());
        let list = spec
            .and_then(|spec| spec.pointer("/matches/ports"))
            .and_then(Value::as_array);
        ports.extend(list.into_iter().flatten().filter_map(number));
    }
    if dice.one_in(10) {
        ports.extend([80, 9002, 7]);
    }
    dice.pick(&ports).copied().unwrap_or(8080)
}

fn number(value: &Value) -> Option<u16> {
    value
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .filter(|port| *port > 0)
}

/// Returns the matches that the rules of a target select.
fn matches<'w>(world: &'w World, target: &Target) -> Vec<&'w Match> {
    let selected = |rule: &Rule| {
        let is = |group: &&crate::world::groups::Group| {
            rule.kind == "HTTPRouteGroup" && group.namespace == target.namespace && group.name == rule.name
        };
        let names = rule.matches.value().filter(|names| !names.is_empty()).cloned();
        let groups = world.groups.iter().filter(is);
        groups
            .flat_map(|group| &group.matches)
            .filter(move |matching| {
                names
                    .as_ref()
                    .is_none_or(|names| matching.name.value().is_some_and(|name| names.contains(name)))
            })
            .collect::<Vec<_>>()
    };
    target.rules.iter().flat_map(selected).collect()
}

/// Returns a request, usually one that fulfils a match of the target's rules.
fn request(world: &World, target: &Target, dice: &mut Dice) -> Request {
    let matches = matches(world, target);
    match dice.pick(&matches) {
        Some(matching) if !dice.one_in(10) => fulfilling(matching, dice),
        _ => anything(dice),
    }
}

fn traffic(target: &Target, request: &Request, dice: &mut Dice) -> Traffic {
    let has = |kind: &str| target.rules.iter().any(|rule| rule.kind == kind);
    let http = Traffic::Http(request.clone());
    match (has("HTTPRouteGroup"), has("UDPRoute")) {
        (true, _) if !dice.one_in(8) => http,
        (_, true) if dice.one_in(2) => Traffic::Udp,
        _ => {
            if dice.one_in(2) {
                Traffic::Tcp
            } else {
                http
            }
        }
    }
}

/// Returns a near miss: the same query with one difference.
fn off(world: &World, target: &Target, workload: &Workload, on: &AccessQuery, dice: &mut Dice) -> AccessQuery {
    let mut query = on.clone();
    match dice.below(8) {
        0 => query.from = None,
        1 => {
            if let Some(Principal::Account(identity)) = &mut query.from {
                let other = NAMESPACES.into_iter().find(|other| *other != identity.namespace);
                identity.namespace = other.unwrap_or("ns-c").into();
            }
        }
        2 => query.from = Some(account(target.namespace, dice.text(&ACCOUNTS))),
        3 => {
            let next = [on.port.saturating_add(1), on.port.saturating_sub(1).max(1), 80];
            query.port = dice.pick(&next).copied().unwrap_or(80);
        }
        4 => query.port = port(world, target, workload, dice),
        5 => {
            query.traffic = if on.traffic == Traffic::Tcp {
                Traffic::Udp
            } else {
                Traffic::Tcp
            }
        }
        _ => {
            if let Traffic::Http(request) = &on.traffic {
                let matches = matches(world, target);
                if let Some(matching) = dice.pick(&matches) {
                    query.traffic = Traffic::Http(Beside::some(matching, dice).of(request, dice));
                }
            }
        }
    }
    query
}

/// Returns an arbitrary query to any workload, including its health check (A38).
fn elsewhere(world: &World, dice: &mut Dice) -> Option<AccessQuery> {
    let workload = dice.pick(&world.access.workloads)?;
    let port = dice.pick(&workload.ports).copied().unwrap_or(8080);
    let healthy = workload.probed && dice.one_in(2);
    let request = if healthy {
        Request {
            method: "GET".to_owned(),
            path: "/healthz".to_owned(),
            headers: Vec::new(),
        }
    } else {
        anything(dice)
    };
    let from = if dice.one_in(2) {
        None
    } else {
        Some(account(dice.text(&NAMESPACES), dice.text(&ACCOUNTS)))
    };
    Some(AccessQuery {
        from,
        to: object(workload, dice),
        port: if dice.one_in(3) { 7 } else { port },
        traffic: if dice.one_in(3) {
            Traffic::Tcp
        } else {
            Traffic::Http(request)
        },
    })
}
