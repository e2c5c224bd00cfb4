//! Splits: the split that takes the traffic of a root service, and the resulting shares.

use super::call::Call;
use super::outcome::Outcome;
use super::request::{self, Seen};
use super::trace::{Reason, Trace};
use super::unknown::Unknown;
use super::{backends, destination};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::query::Distribution;
use smi_types::FieldPath;
use smi_types::split::{MatchRef, Spec, TrafficSplit};

/// Returns the shares of the first split in order that is not passed over, or else the root's own endpoints (T29).
///
/// `seen` is the request; `None` if the traffic is not HTTP.
pub(super) fn route(call: &Call<'_>, seen: Option<&Seen<'_>>, trace: &mut Trace) -> Distribution {
    for (key, spec) in contenders(call, trace) {
        let object = ObjectRef::split(key.clone());
        match take(call, key, spec, seen, trace) {
            Ok(distribution) => {
                let taken = distribution.clone();
                trace.record("T29", object, Outcome::Takes { distribution: taken });
                return distribution;
            }
            Err(Reason { rule, why }) => trace.record(rule, object, Outcome::PassedOver { why }),
        }
    }
    trace.record("T13", call.root_ref(), Outcome::Untaken);
    call.own_endpoints()
}

/// Returns the splits of the root in order: those with matches, then the oldest of those without (T29).
fn contenders<'a>(call: &Call<'a>, trace: &mut Trace) -> Vec<(&'a ObjectKey, &'a Spec)> {
    let (mut conditional, mut unconditional) = (Vec::new(), Vec::new());
    for (key, split, spec) in of_root(call, trace) {
        // T18: an empty list of matches counts as absent.
        if spec.matches.is_empty() {
            unconditional.push((key, split, spec));
        } else {
            conditional.push((key, split, spec));
        }
    }
    conditional.sort_by_key(|(key, split, _)| age(key, split));
    unconditional.sort_by_key(|(key, split, _)| age(key, split));
    let mut unconditional = unconditional.into_iter();
    if let Some(oldest) = unconditional.next() {
        for (key, ..) in unconditional {
            let by = oldest.0.name.to_string();
            trace.record("T29", ObjectRef::split(key.clone()), Outcome::Preceded { by });
        }
        conditional.push(oldest);
    }
    conditional.into_iter().map(|(key, _, spec)| (key, spec)).collect()
}

/// Returns the sort key of a split: older splits come first, then the name decides (T29). A split without a date is the
/// youngest.
fn age<'k>(key: &'k ObjectKey, split: &TrafficSplit) -> (bool, Option<impl Ord + use<>>, &'k str) {
    let created = split.metadata.creation_timestamp.clone();
    (created.is_none(), created, &key.name)
}

/// Returns the splits whose `spec.service` refers to the root (T2, T3). They are in its namespace.
fn of_root<'a>(call: &Call<'a>, trace: &mut Trace) -> Vec<(&'a ObjectKey, &'a TrafficSplit, &'a Spec)> {
    let namespace = &call.root.namespace;
    if !call.settings.scope.contains(namespace) {
        let namespace = namespace.to_string();
        trace.record("T2", call.root_ref(), Outcome::OutOfScope { namespace });
        return Vec::new();
    }
    unreadable(call, trace);
    let mut found = Vec::new();
    for (key, split) in call.snapshot.splits() {
        // I7: a split without a `spec` has no root.
        let Some(spec) = split.spec.as_ref().filter(|_| key.namespace == *namespace) else {
            continue;
        };
        let domain = &call.settings.cluster_domain;
        match destination::root_name(&spec.service, &key.namespace, domain) {
            Some(name) if name == call.root.name => found.push((key, split, spec)),
            None if spec.service.split('.').next() == Some(&call.root.name) => {
                let (service, namespace) = (spec.service.clone(), namespace.to_string());
                let outcome = Outcome::RootElsewhere { service, namespace };
                trace.record("T3", ObjectRef::split(key.clone()), outcome);
            }
            Some(_) | None => {}
        }
    }
    found
}

/// Records the splits that may name the root, but are defined more than once or cannot be read (I1).
fn unreadable(call: &Call<'_>, trace: &mut Trace) {
    let twins = call.snapshot.duplicates();
    let objects = call
        .snapshot
        .undecodable()
        .map(|diagnostic| &diagnostic.object)
        .chain(twins);
    for object in objects {
        if object.kind == Kind::TrafficSplit && object.key.namespace == call.root.namespace {
            let Reason { rule, why } = destination::missing(call.snapshot, object);
            trace.record(rule, object.clone(), Outcome::Unreadable { why });
        }
    }
}

/// Returns the shares of one split.
///
/// # Errors
///
/// Returns the reason if the split is passed over (T29).
fn take(
    call: &Call<'_>,
    key: &ObjectKey,
    spec: &Spec,
    seen: Option<&Seen<'_>>,
    trace: &mut Trace,
) -> Result<Distribution, Reason> {
    let unknown = Unknown::of(call.snapshot, call.settings, &ObjectRef::split(key.clone()));
    // I8: the split is inert, but keeps its place in the order.
    unknown.only_in_items(&[backends_path(), matches_path()])?;
    destination::usable_root(call.snapshot, call.root)?;
    let weights = backends::weights(spec, &unknown)?;
    matches(call, key, spec, &unknown, seen, trace)?;
    backends::shares(call, &weights, trace)
}

/// Returns the path of the backends, which is the same in all versions.
pub(super) fn backends_path() -> FieldPath {
    "spec.backends".into()
}

/// Returns the path of the references to route groups, which is the same in all versions.
fn matches_path() -> FieldPath {
    "spec.matches".into()
}

/// Returns `Ok` if the split applies to the traffic (T12, T14, T18).
///
/// A split without references applies to all traffic, any other to requests that fulfil any match of any group. Traffic
/// that is not HTTP fulfils none (T19). A reference with an unknown field adds no match (I8).
fn matches(
    call: &Call<'_>,
    key: &ObjectKey,
    spec: &Spec,
    unknown: &Unknown<'_>,
    seen: Option<&Seen<'_>>,
    trace: &mut Trace,
) -> Result<(), Reason> {
    if spec.matches.is_empty() {
        return Ok(());
    }
    let Some(seen) = seen else {
        return Err(Reason::new("T19", "it has matches, and the traffic is not HTTP"));
    };
    for (index, reference) in spec.matches.iter().enumerate() {
        let group = ObjectRef::group(ObjectKey::new(&*key.namespace, &*reference.name));
        let known = unknown.not_in(&matches_path().index(index));
        if let Err(Reason { rule, why }) = known.and_then(|()| resolved(reference)) {
            let name = reference.name.clone();
            trace.record(
                rule,
                ObjectRef::split(key.clone()),
                Outcome::UnknownReference { name, why },
            );
        } else if any_match(call, &group, seen, trace) {
            return Ok(());
        }
    }
    Err(Reason::new("T12", "the request fulfils none of its matches"))
}

/// Returns `Ok` if a reference refers to a route group, the only kind that is allowed (T16, T17, D18).
fn resolved(reference: &MatchRef) -> Result<(), Reason> {
    let MatchRef {
        api_group,
        kind,
        name: _,
    } = reference;
    let group = api_group.as_deref().unwrap_or_default();
    if !["", "specs.smi-spec.io"].contains(&group) {
        let why = format!("its API group `{group}` is not `specs.smi-spec.io`");
        return Err(Reason::new("T16", why));
    }
    if kind != "HTTPRouteGroup" {
        let why = format!("its kind `{kind}` is not `HTTPRouteGroup`");
        return Err(Reason::new("T17", why));
    }
    Ok(())
}

/// Returns `true` if a request fulfils any match of a group (S2, S15). The group may be absent (T17), have an unknown
/// field outside of its matches (I8) or have no matches (S21).
fn any_match(call: &Call<'_>, group: &ObjectRef, seen: &Seen<'_>, trace: &mut Trace) -> bool {
    let Some(found) = call.snapshot.group(&group.key) else {
        let Reason { why, .. } = destination::missing(call.snapshot, group);
        trace.record("T17", group.clone(), Outcome::MatchesNothing { why });
        return false;
    };
    let unknown = Unknown::of(call.snapshot, call.settings, group);
    if let Err(Reason { rule, why }) = unknown.only_in_items(&[found.matches_path()]) {
        trace.record(rule, group.clone(), Outcome::MatchesNothing { why });
        return false;
    }
    let matches = found.matches();
    if matches.is_empty() {
        let why = "it has no matches".to_owned();
        trace.record("S21", group.clone(), Outcome::MatchesNothing { why });
    }
    for (index, matching) in matches.iter().enumerate() {
        let name = matching.name.clone();
        let known = unknown.not_in(&found.matches_path().index(index));
        match known.and_then(|()| request::fulfils(matching, seen, call.settings)) {
            Ok(()) => {
                trace.record("S15", group.clone(), Outcome::Fulfilled { index, name });
                return true;
            }
            Err(Reason { rule, why }) => {
                trace.record(rule, group.clone(), Outcome::NotFulfilled { index, name, why });
            }
        }
    }
    false
}
