//! Layers: the traffic that the rules of a target allow (A12).

use super::case::Case;
use super::in_force::InForce;
use super::routes;
use super::rules::{self, Member};
use crate::object::{Kind, ObjectRef};
use crate::query::Traffic;
use crate::semantics::outcome::Outcome;
use crate::semantics::request::{self, Seen};
use crate::semantics::trace::{Reason, Trace};
use crate::semantics::unknown::Unknown;
use smi_types::specs::HTTPRouteGroup;

/// Returns `Ok` if the rules of a target allow the query: AND between the present layers, OR within each of them (A12).
/// UDP is decided separately.
pub(super) fn allow(
    case: &Case<'_>,
    target: &InForce<'_>,
    seen: Option<&Seen<'_>>,
    trace: &mut Trace,
) -> Result<(), Reason> {
    only_port(case, target)?;
    if case.query.traffic == Traffic::Udp {
        return port(case, target, &Kind::UdpRoute, trace);
    }
    let (tcp, http) = (
        is_present(target, &Kind::TcpRoute),
        is_present(target, &Kind::HttpRouteGroup),
    );
    if !tcp && !http {
        return Err(Reason::new("A12", "none of its rules applies to TCP or HTTP"));
    }
    if tcp {
        port(case, target, &Kind::TcpRoute, trace)?;
    }
    if http {
        self::request(case, target, seen, trace)?;
    }
    Ok(())
}

/// Returns `true` if a layer is present: at least one rule is of its kind, resolvable or not (A12).
pub(super) fn is_present(target: &InForce<'_>, kind: &Kind) -> bool {
    of_kind(target, kind).next().is_some()
}

fn of_kind<'a>(target: &InForce<'a>, kind: &Kind) -> impl Iterator<Item = Member<'a>> {
    rules::of_kind(target.key, target.target, kind)
}

/// Returns `true` if a rule has no unknown field, and records the field otherwise (I8).
fn is_known(case: &Case<'_>, target: &InForce<'_>, member: &Member<'_>, trace: &mut Trace) -> bool {
    let Err(Reason { rule, why }) = member.known(case) else {
        return true;
    };
    let path = member.path.clone();
    trace.record(rule, target.object(), Outcome::RuleMatchesNothing { rule: path, why });
    false
}

/// Returns `Ok` if `destination.port` is absent or the port of the query, on which the workload listens (A10).
fn only_port(case: &Case<'_>, target: &InForce<'_>) -> Result<(), Reason> {
    match target.port {
        Some(port) if port != case.query.port => {
            let why = format!("its `destination.port` is `{port}`, not `{}`", case.query.port);
            Err(Reason::new("A10", why))
        }
        _ => Ok(()),
    }
}

/// Returns `Ok` if any route of the layer allows the port (A11).
fn port(case: &Case<'_>, target: &InForce<'_>, kind: &Kind, trace: &mut Trace) -> Result<(), Reason> {
    let port = case.query.port;
    for member in of_kind(target, kind) {
        if !is_known(case, target, &member, trace) {
            continue;
        }
        let object = member.route(kind);
        match routes::ports(case, kind, &member) {
            Ok(ports) if ports.contain(port) => {
                trace.record("A11", object, Outcome::PortListed { port });
                return Ok(());
            }
            Ok(_) => trace.record("A11", object, Outcome::PortNotListed { port }),
            Err(Reason { rule, why }) => trace.record(rule, object, Outcome::MatchesNothing { why }),
        }
    }
    Err(not_listed(kind))
}

/// Returns `Ok` if the traffic is an HTTP request that fulfils a match of any group of the layer (A12, A14).
fn request(case: &Case<'_>, target: &InForce<'_>, seen: Option<&Seen<'_>>, trace: &mut Trace) -> Result<(), Reason> {
    let Some(seen) = seen else {
        return Err(Reason::new("A14", "it allows HTTP only, and the traffic is not HTTP"));
    };
    let kind = Kind::HttpRouteGroup;
    if of_kind(target, &kind).any(|member| group(case, target, &member, seen, trace)) {
        return Ok(());
    }
    Err(not_listed(&kind))
}

/// Returns the reason that no rule matches the traffic, although the caller is a source (A5).
fn not_listed(kind: &Kind) -> Reason {
    Reason::new("A5", format!("no rule of kind `{kind}` matches it"))
}

/// Returns `true` if the request fulfils one of the matches that the rule selects (A7, A8, S15).
fn group(case: &Case<'_>, target: &InForce<'_>, member: &Member<'_>, seen: &Seen<'_>, trace: &mut Trace) -> bool {
    if !is_known(case, target, member, trace) {
        return false;
    }
    let (object, rule) = (member.route(&Kind::HttpRouteGroup), member.rule);
    let group = match usable_group(case, &object) {
        Ok(group) => group,
        Err(Reason { rule, why }) => {
            trace.record(rule, object, Outcome::MatchesNothing { why });
            return false;
        }
    };
    let unknown = Unknown::of(case.snapshot, case.settings, &object);
    let matches = group.matches();
    if matches.is_empty() {
        let why = "it has no matches".to_owned();
        trace.record("S21", object.clone(), Outcome::MatchesNothing { why });
    }
    for name in &rule.matches {
        // S3: a match without a name cannot be selected.
        if name.is_empty() || !matches.iter().any(|matching| matching.name == *name) {
            let (name, group) = (name.clone(), rule.name.clone());
            trace.record("A8", target.object(), Outcome::UnknownMatch { name, group });
        }
    }
    for (index, matching) in matches.iter().enumerate() {
        let is_named = !matching.name.is_empty() && rule.matches.contains(&matching.name);
        if !rule.matches.is_empty() && !is_named {
            continue;
        }
        let name = matching.name.clone();
        let known = unknown.not_in(&group.matches_path().index(index));
        match known.and_then(|()| request::fulfils(matching, seen, case.settings)) {
            Ok(()) => {
                trace.record("S15", object, Outcome::Fulfilled { index, name });
                return true;
            }
            Err(Reason { rule, why }) => {
                trace.record(rule, object.clone(), Outcome::NotFulfilled { index, name, why });
            }
        }
    }
    false
}

/// Returns a route group. A group with an unknown field outside of its matches counts as missing (A9, I8).
fn usable_group<'a>(case: &Case<'a>, object: &ObjectRef) -> Result<&'a HTTPRouteGroup, Reason> {
    let group = case.snapshot.group(&object.key);
    let group = group.ok_or_else(|| routes::missing(case.snapshot, object))?;
    let unknown = Unknown::of(case.snapshot, case.settings, object);
    unknown.only_in_items(&[group.matches_path()])?;
    Ok(group)
}
