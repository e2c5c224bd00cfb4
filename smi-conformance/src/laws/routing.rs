//! Laws about routing: the reference compared with the mesh.

mod excuse;
mod rounded;

use super::{Fault, Known, Subject, Tally, written};
use crate::case::curl;
use crate::world::reduce::Sent;
use crate::{Case, MeshWorld, NotModelledError};
use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::manifest::NativeObject;
use smi_adapter::model::route::declares_http;
use smi_adapter::plan::Observed;
use smi_adapter::query::{Destination, Distribution, Endpoint, Routing, RoutingQuery, Traffic};
use smi_adapter::semantics::{Trace, route};
use smi_adapter::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CLASSES: &[&str] = &[
    "a split takes a request",
    "a split takes a connection",
    "split taken by a match",
    "split taken by default",
    "match after one failed",
    "default after a match failed",
    "root after a match failed",
    "root after all was inert",
    "root, not split",
    "shares: two",
    "shares: three or more",
    "S4 path refused",
    "S8 method refused",
    "S12 value of a header refused",
    "S18 a header is absent",
    "T9 a weight of zero",
    "T19 no HTTP, and the split has matches",
    "T20 a backend without the port",
    "T23 no usable backend",
    "T25 the root stands in",
    "T28 the root is its own backend",
    "Either S5",
    "Either S17",
];

/// A case as the reference and the mesh see it: the snapshot, and the native objects that the adapter wrote.
struct Sight<'a> {
    subject: &'a Subject<'a>,
    case: &'a Case,
    snapshot: Snapshot,
    /// The diagnostics that claim a difference, without those that hold for every mesh.
    claims: Vec<Diagnostic>,
    /// The native objects, written as YAML and read back.
    objects: Vec<NativeObject>,
    world: MeshWorld,
}

/// The result of comparing reference and mesh for one query.
enum Outcome {
    Agrees,
    /// The specification leaves a choice.
    Either,
    /// These diagnostics explain the difference.
    Excused(BTreeSet<Diagnostic>),
    /// The mesh does not carry the traffic, with or without native objects.
    Refused,
    NotModelled,
}

/// The reference's answer to a query, and the outcome of the comparison.
struct Answer {
    routing: Routing,
    trace: Trace,
    outcome: Outcome,
}

impl Answer {
    /// Returns `true` if the query goes to the root because no split takes it (T13).
    fn falls_back(&self) -> bool {
        let by_default = self.trace.steps().iter().any(|step| step.rule == "T13");
        by_default && matches!(self.routing, Routing::Exactly(_))
    }
}

impl<'a> Sight<'a> {
    fn new(subject: &'a Subject<'a>, case: &'a Case) -> Result<Self, Box<Fault>> {
        let input = case.input();
        let snapshot = input.snapshot().clone();
        let planned = subject.adapter.plan(&input, &case.settings, &Observed::default())?;
        let known = Known::of(&snapshot, &case.settings);
        let claims = planned.diagnostics.into_iter();
        // Annotations are beyond the specification, and so are diagnostics on them.
        let of_smi = |claim: &Diagnostic| !claim.field.starts_with(&"metadata".into());
        let claims =
            claims.filter(|claim| claim.code.effect() != Effect::InForce && !known.contains(claim) && of_smi(claim));
        let objects = written(subject, planned.manifests.iter().map(|manifest| &manifest.object))?;
        let services = snapshot.services();
        Ok(Self {
            subject,
            case,
            claims: claims.collect(),
            objects,
            world: MeshWorld {
                services: services.map(|(key, service)| (key.clone(), service.clone())).collect(),
                cluster_domain: case.settings.cluster_domain.clone(),
                ..MeshWorld::default()
            },
            snapshot,
        })
    }

    fn mesh(&self, objects: &[NativeObject], query: &RoutingQuery) -> Result<Distribution, NotModelledError> {
        match self.subject.mesh {
            Some(mesh) => Ok(self.landed(mesh.route(objects, &self.world, query)?, &query.traffic)),
            None => Err(NotModelledError("there is no interpreter".to_owned())),
        }
    }

    /// Replaces services that do not exist or do not have the port by [`Endpoint::Nowhere`].
    fn landed(&self, distribution: Distribution, traffic: &Traffic) -> Distribution {
        let transport = if *traffic == Traffic::Udp { "UDP" } else { "TCP" };
        let there = |target: &Endpoint| match target {
            Endpoint::Service { key, port } => {
                let service = self.world.services.get(key).and_then(|service| service.spec.as_ref());
                let mut ports = service.into_iter().flat_map(|spec| spec.ports.iter().flatten());
                ports.any(|known| {
                    let own = known.protocol.as_deref().filter(|own| !own.is_empty());
                    known.port == i32::from(*port) && own.unwrap_or("TCP") == transport
                })
            }
            _ => true,
        };
        let shares = distribution.shares().map(|(target, weight)| {
            let landed = if there(target) {
                target.clone()
            } else {
                Endpoint::Nowhere
            };
            (landed, weight)
        });
        Distribution::of(shares).unwrap_or(distribution)
    }

    /// Compares the mesh with the reference for one query.
    fn ask(&self, query: &RoutingQuery, tally: &mut Tally) -> Result<Answer, Box<Fault>> {
        let (routing, trace) = route(&self.snapshot, &self.case.settings, query);
        tally.queries += 1;
        tally
            .coverage
            .query(&self.snapshot, &self.case.settings, query, &routing, &trace);
        let outcome = match self.mesh(&self.objects, query) {
            Err(NotModelledError(why)) => {
                tally.not_modelled += 1;
                tally
                    .first_not_modelled
                    .get_or_insert_with(|| format!("{}: {why}", curl(query)));
                Outcome::NotModelled
            }
            Ok(got) => {
                let Some(outcome) = self.outcome(query, &routing, &got) else {
                    return Err(fault(query, &routing, &trace, &got));
                };
                outcome
            }
        };
        match &outcome {
            Outcome::Either => tally.either += 1,
            Outcome::Excused(_) => tally.excused += 1,
            Outcome::Refused => tally.refused += 1,
            Outcome::Agrees | Outcome::NotModelled => {}
        }
        Ok(Answer {
            routing,
            trace,
            outcome,
        })
    }

    /// Returns the outcome of a query, or `None` if the answer of the mesh is wrong.
    fn outcome(&self, query: &RoutingQuery, routing: &Routing, got: &Distribution) -> Option<Outcome> {
        if routing.allows(got) {
            return Some(match routing {
                Routing::Exactly(_) => Outcome::Agrees,
                Routing::Either { .. } => Outcome::Either,
            });
        }
        if !carried(got) {
            // Without a destination, the mesh may fail in any way. Some traffic it never carries.
            if routing.allows(&Distribution::all_to(Endpoint::Nowhere)) {
                return Some(Outcome::Agrees);
            }
            if self.mesh(&[], query).as_ref() == Ok(got) {
                return Some(Outcome::Refused);
            }
        }
        if self.is_declared_as_http(query) && self.mesh(&[], query).as_ref() == Ok(got) {
            return Some(Outcome::Either);
        }
        self.excuse(query, got).map(Outcome::Excused)
    }

    /// Returns `true` if a query sends raw bytes to a port that the service declares as HTTP. A mesh need not split
    /// them, as it may reject them altogether (A13).
    fn is_declared_as_http(&self, query: &RoutingQuery) -> bool {
        let Destination::Service { key, port } = &query.to;
        let service = self.world.services.get(key).and_then(|service| service.spec.as_ref());
        let mut ports = service.into_iter().flat_map(|spec| spec.ports.iter().flatten());
        query.traffic == Traffic::Tcp
            && ports.any(|known| {
                known.port == i32::from(*port) && declares_http(known.app_protocol.as_deref(), known.name.as_deref())
            })
    }
}

fn fault(query: &RoutingQuery, routing: &Routing, trace: &Trace, got: &Distribution) -> Box<Fault> {
    Box::new(Fault {
        sent: Some(Sent::RoutingQuery(query.clone())),
        why: format!("expected {routing}\n     got {got}"),
        reference: trace.to_string(),
    })
}

/// Returns `true` if any service gets a share.
fn carried(distribution: &Distribution) -> bool {
    let mut shares = distribution.shares();
    shares.any(|(target, _)| matches!(target, Endpoint::Service { .. }))
}

pub(super) fn faithful(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case)?;
    for query in &case.routing_queries {
        sight.ask(query, tally)?;
    }
    Ok(())
}

pub(super) fn split_exact(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case)?;
    for query in &case.routing_queries {
        let (_, trace) = route(&sight.snapshot, &case.settings, query);
        if trace.taken_by().is_some() {
            sight.ask(query, tally)?;
        }
    }
    Ok(())
}

pub(super) fn fallback(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case)?;
    for query in &case.routing_queries {
        let (_, trace) = route(&sight.snapshot, &case.settings, query);
        if !trace.steps().iter().any(|step| step.rule == "T13") {
            continue;
        }
        let answer = sight.ask(query, tally)?;
        if answer.falls_back() && answer.trace.taken_by().is_none() && matches!(answer.outcome, Outcome::Excused(_)) {
            let Ok(got) = sight.mesh(&sight.objects, query) else {
                continue;
            };
            return Err(fault(query, &answer.routing, &answer.trace, &got));
        }
    }
    Ok(())
}

pub(super) fn sound(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let sight = Sight::new(subject, case)?;
    let mut witnessed: BTreeSet<Diagnostic> = BTreeSet::new();
    let mut refuted: BTreeMap<&Diagnostic, Box<Fault>> = BTreeMap::new();
    for query in &case.routing_queries {
        // Other failures are found by `faithful`.
        let Ok(answer) = sight.ask(query, tally) else { continue };
        match &answer.outcome {
            Outcome::Excused(by) => witnessed.extend(by.iter().cloned()),
            Outcome::Agrees => {
                for claim in sight.claims.iter().filter(|claim| sight.refutes(query, &answer, claim)) {
                    let why = format!("the mesh does what the specification requires, in spite of `{claim}`");
                    let (sent, reference) = (Some(Sent::RoutingQuery(query.clone())), answer.trace.to_string());
                    let fault = Fault { sent, why, reference };
                    refuted.entry(claim).or_insert_with(|| Box::new(fault));
                }
            }
            Outcome::Either | Outcome::Refused | Outcome::NotModelled => {}
        }
    }
    for claim in &sight.claims {
        let seen = match (witnessed.contains(claim), refuted.remove(claim)) {
            (true, _) => "with a witness",
            (false, Some(fault)) => return Err(fault),
            (false, None) => "without a witness",
        };
        tally.coverage.note(&format!("{} {seen}", claim.code));
    }
    Ok(())
}
