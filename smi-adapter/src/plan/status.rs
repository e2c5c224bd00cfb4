//! What became of one SMI object.

use super::Planned;
use crate::diagnostic::{Diagnostic, Effect};
use crate::manifest::Stage;
use crate::model::PolicyKey;
use crate::model::route::{PortSplit, ServiceRoute};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::probe::{Distribution, Target};
use std::collections::BTreeSet;

/// What became of one SMI object: for a condition in its status, or an Event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is in force, at least in part. An object that the snapshot does not hold is not.
    pub accepted: bool,
    /// For a split: its shares, by port of the root, on every port where it is in force.
    pub shares: Vec<PortShares>,
    /// For a traffic target: the workloads to which it lets somebody talk, sorted. A mesh may be unable to say a part of
    /// what it grants; then a diagnostic says which.
    pub workloads: Vec<ObjectRef>,
    /// What its author should know.
    pub diagnostics: Vec<Diagnostic>,
}

/// The shares of a split on one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortShares {
    /// The port of the root.
    pub port: u16,
    /// Whether only requests that fulfil one of its matches are split so.
    pub conditional: bool,
    /// Who gets how much, exactly. Where a mesh had to round, a diagnostic says so.
    pub shares: Distribution,
}

impl Planned {
    /// What became of one SMI object.
    #[must_use]
    pub fn status(&self, object: &ObjectRef) -> Status {
        let diagnostics = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.object == *object);
        let diagnostics: Vec<Diagnostic> = diagnostics.cloned().collect();
        let in_a_manifest = self.manifests.iter().any(|manifest| manifest.sources.contains(object));
        let is_split = object.kind == Kind::TRAFFIC_SPLIT;
        let shares = if is_split { self.shares(&object.key) } else { Vec::new() };
        let is_target = object.kind == Kind::TRAFFIC_TARGET;
        let workloads = if is_target { self.granted(object) } else { Vec::new() };
        let without_effect = is_split && shares.is_empty() || is_target && workloads.is_empty();
        let inert = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code.effect() == Effect::Inert);
        Status {
            accepted: in_a_manifest && !inert && !without_effect,
            shares,
            workloads,
            diagnostics,
        }
    }

    fn granted(&self, target: &ObjectRef) -> Vec<ObjectRef> {
        let grants = self.manifests.iter().filter(|manifest| manifest.stage == Stage::Grant);
        let grants = grants.filter(|manifest| manifest.sources.contains(target));
        let workloads: BTreeSet<&ObjectRef> = grants
            .filter_map(|manifest| match &manifest.policy {
                PolicyKey::Access(workload) => Some(workload),
                _ => None,
            })
            .collect();
        workloads.into_iter().cloned().collect()
    }

    fn shares(&self, split: &ObjectKey) -> Vec<PortShares> {
        let object = ObjectRef::split(split.clone());
        let on_it: Vec<&Diagnostic> = self.diagnostics.iter().filter(|it| it.object == object).collect();
        let disabled = |port| on_it.iter().any(|diagnostic| diagnostic.disables_split_on(port));
        let mut shares = Vec::new();
        for route in self
            .model
            .routes()
            .filter(|route| route.splits().iter().any(|source| source.key() == split))
        {
            for port in route.ports() {
                let conditional = port.conditional().iter().map(|conditional| (true, conditional.split()));
                let default = port.default().map(|default| (false, default));
                let mine = conditional.chain(default).filter(|(_, share)| share.key() == split);
                shares.extend(mine.filter_map(|(conditional, share)| {
                    let shares = distribution(route, port.port(), share).filter(|_| !disabled(port.port()))?;
                    Some(PortShares {
                        port: port.port(),
                        conditional,
                        shares,
                    })
                }));
            }
        }
        shares
    }
}

fn distribution(route: &ServiceRoute, port: u16, split: &PortSplit) -> Option<Distribution> {
    let namespace = route.root().namespace();
    Distribution::of(split.backends().iter().map(|backend| {
        let key = ObjectKey::new(namespace, backend.service());
        (Target::Service { key, port }, backend.weight())
    }))
}
