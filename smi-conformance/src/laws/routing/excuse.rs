//! Differences that diagnostics explain.
//!
//! A diagnostic names something that is not in force on this mesh: a split, one of its backends, or one match of a
//! route group. It excuses a difference if, and only if, the reference decides as the mesh does once the named part has
//! no effect. So it never excuses traffic to a backend without weight or without the port.

use super::rounded::near;
use super::{Answer, Code, Diagnostic, Sight, carried};
use smi_adapter::diagnostic::ErrorBound;
use smi_adapter::object::{Kind, ObjectKey};
use smi_adapter::query::{Destination, Distribution, Routing, RoutingQuery, Traffic};
use smi_adapter::semantics::route;
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;
use std::collections::BTreeSet;

/// The maximum number of named parts that are tried in all combinations. There are hardly ever more than two.
const MOST: usize = 8;

/// A part of the input that a diagnostic reports as not in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Split(ObjectKey),
    /// One backend of a split, by name. The root stands in its place, as for one that is absent (T25).
    Backend(ObjectKey, String),
    /// One match of a route group, or all of it.
    Match(ObjectKey, Option<usize>),
}

impl Sight<'_> {
    /// Returns the diagnostics that explain the difference between `got` and the reference's answer, if they do.
    pub(super) fn excuse(&self, query: &RoutingQuery, got: &Distribution) -> Option<BTreeSet<Diagnostic>> {
        let claims: Vec<&Diagnostic> = self.claims.iter().filter(|claim| concerns(claim, query)).collect();
        if claims.is_empty() {
            return None;
        }
        // A port that is declared as HTTP carries only HTTP.
        let http_only: BTreeSet<Diagnostic> = of_code(&claims, Code::HttpOnly).cloned().collect();
        if !http_only.is_empty() && !carried(got) {
            return Some(http_only);
        }
        let rounded: Vec<(&Diagnostic, ErrorBound)> = of_code(&claims, Code::WeightRounded)
            .filter_map(|claim| Some((claim, claim.error?)))
            .collect();
        let distinct: BTreeSet<Named> = claims
            .iter()
            .filter(|claim| claim.code != Code::WeightRounded)
            .filter_map(|claim| named(claim))
            .collect();
        let named: Vec<Named> = distinct.into_iter().take(MOST).collect();
        let mut subsets: Vec<usize> = (0..1 << named.len()).collect();
        subsets.sort_by_key(|subset: &usize| subset.count_ones());
        for subset in subsets {
            let chosen: Vec<&Named> = named
                .iter()
                .enumerate()
                .filter(|(index, _)| subset >> index & 1 == 1)
                .map(|(_, named)| named)
                .collect();
            let (routing, trace) = route(&self.without(&chosen), &self.case.settings, query);
            let by = || {
                let by = claims.iter().filter(|claim| is_among(claim, &chosen));
                by.map(|claim| (*claim).clone()).collect::<BTreeSet<Diagnostic>>()
            };
            if routing.allows(got) {
                return Some(by());
            }
            let answers = match &routing {
                Routing::Exactly(answer) => std::slice::from_ref(answer),
                Routing::Either { of, .. } => of,
            };
            // Only the split that decides may have been rounded. A trace covers one reading only.
            let open = answers.len() > 1;
            let decides = |claim: &Diagnostic| open || trace.steps().iter().any(|step| step.object == claim.object);
            let mut rounded = rounded.iter().filter(|(claim, _)| decides(claim));
            let close = rounded.find(|(_, error)| answers.iter().any(|answer| near(answer, got, *error)));
            if let Some((claim, _)) = close {
                let mut by = by();
                by.insert((*claim).clone());
                return Some(by);
            }
        }
        None
    }

    /// Returns `true` if a query with the answer of the specification shows that a diagnostic is wrong: without the
    /// named part, alone or together with the parts that the other diagnostics name, the answer would differ. A
    /// diagnostic on a route group is never refuted, since a part of the match that it names may be in force.
    pub(super) fn refutes(&self, query: &RoutingQuery, answer: &Answer, claim: &Diagnostic) -> bool {
        let Routing::Exactly(exact) = &answer.routing else {
            return false;
        };
        if claim.object.kind != Kind::TrafficSplit || !concerns(claim, query) {
            return false;
        }
        if claim.code == Code::WeightRounded {
            return answer.trace.taken_by() == Some(&claim.object) && exact.shares().count() > 1;
        }
        let own: Vec<Named> = named(claim).into_iter().collect();
        let claims = self.claims.iter().filter(|claim| concerns(claim, query));
        let others: Vec<Named> = claims.filter_map(named).collect();
        [own, others].iter().all(|gone| {
            let gone: Vec<&Named> = gone.iter().collect();
            let (routing, _) = route(&self.without(&gone), &self.case.settings, query);
            !routing.allows(exact)
        })
    }

    /// Returns the snapshot in which the chosen parts have no effect.
    fn without(&self, chosen: &[&Named]) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        for named in chosen {
            match named {
                Named::Split(key) => {
                    // It keeps its place (T29) and has no backends (T31).
                    let found = snapshot.splits().find(|(other, _)| *other == key);
                    if let Some((_, split)) = found {
                        let mut split = split.clone();
                        split.spec.iter_mut().for_each(|spec| spec.backends.clear());
                        snapshot.insert(Object::TrafficSplit(Box::new(split)));
                    }
                }
                Named::Backend(key, name) => {
                    let found = snapshot.splits().find(|(other, _)| *other == key);
                    if let Some((_, split)) = found {
                        let mut split = split.clone();
                        let service = split.spec.as_ref().map(|spec| spec.service.clone()).unwrap_or_default();
                        let root = service.split('.').next().unwrap_or_default();
                        let backends = split.spec.iter_mut().flat_map(|spec| &mut spec.backends);
                        for backend in backends.filter(|backend| backend.service == *name) {
                            root.clone_into(&mut backend.service);
                        }
                        snapshot.insert(Object::TrafficSplit(Box::new(split)));
                    }
                }
                Named::Match(key, _) => {
                    let gone = |index: usize| {
                        let mut chosen = chosen.iter();
                        chosen.any(|named| match named {
                            Named::Match(other, at) => other == key && at.is_none_or(|at| at == index),
                            Named::Split(_) | Named::Backend(..) => false,
                        })
                    };
                    if let Some(group) = self.snapshot.group(key) {
                        let mut group = group.clone();
                        if let Some(matches) = &mut group.matches {
                            let mut index = 0..;
                            matches.retain(|_| index.next().is_none_or(|index| !gone(index)));
                        }
                        snapshot.insert(Object::HTTPRouteGroup(Box::new(group)));
                    }
                }
            }
        }
        snapshot
    }
}

/// Returns the part of the input that a diagnostic is about: a split, one of its backends, or a match of a route group.
fn named(claim: &Diagnostic) -> Option<Named> {
    let key = claim.object.key.clone();
    if claim.object.kind == Kind::HttpRouteGroup {
        return Some(Named::Match(key, claim.field.index_in("matches")));
    }
    let is_split = claim.object.kind == Kind::TrafficSplit;
    is_split.then(|| match &claim.backend {
        Some(service) => Named::Backend(key, service.clone()),
        None => Named::Split(key),
    })
}

/// Returns `true` if the part that a diagnostic is about is among the chosen ones.
fn is_among(claim: &Diagnostic, chosen: &[&Named]) -> bool {
    claim.code != Code::WeightRounded && named(claim).is_some_and(|named| chosen.contains(&&named))
}

fn of_code<'c>(claims: &[&'c Diagnostic], code: Code) -> impl Iterator<Item = &'c Diagnostic> {
    claims.iter().copied().filter(move |claim| claim.code == code)
}

/// Returns `true` if a diagnostic can apply to a query, by the traffic that its code is about, its ports and its
/// namespace.
fn concerns(claim: &Diagnostic, query: &RoutingQuery) -> bool {
    let Destination::Service { key, port } = &query.to;
    let http = matches!(query.traffic, Traffic::Http(_));
    let kind = match claim.code {
        Code::HttpOnly => query.traffic == Traffic::Tcp,
        Code::NotHttp | Code::Overlap | Code::HeaderRepeated => http,
        _ => true,
    };
    kind && claim.ports.contains(*port) && claim.object.key.namespace == key.namespace
}
