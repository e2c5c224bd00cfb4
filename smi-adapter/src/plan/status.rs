//! The status of single SMI objects, for the authors who wrote them.

use super::Planned;
use crate::diagnostic::{Diagnostic, Effect};
use crate::manifest::Stage;
use crate::model::route::{PortSplit, ServiceRoute};
use crate::model::{Policy, PolicyKey};
use crate::object::{Kind, ObjectRef};
use crate::query::{Distribution, Endpoint, Share};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// How much of an SMI object is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The plan does not know the object: it is not in the snapshot, or out of scope.
    #[default]
    Unknown,
    /// None of it.
    Inert,
    /// A part of it; the diagnostics name the rest.
    InPart,
    /// All of it.
    InForce,
}

/// The status of one SMI object: for a condition in its status, or an Event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How much of it is in force.
    pub state: State,
    /// For a split: its shares, by port of the root, on every port where it is in force.
    pub shares: Vec<PortShares>,
    /// For a traffic target: the workloads that accept something because of it, sorted. A mesh may be unable to express a
    /// part of what it grants; then a diagnostic names the part.
    pub workloads: Vec<ObjectRef>,
    /// The diagnostics on it, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// The shares of a split on one port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortShares {
    /// The port of the root.
    pub port: u16,
    /// `true` if only requests that match one of its matches are split.
    pub conditional: bool,
    /// The exact share of every endpoint. Where a mesh has to round, a diagnostic states the error.
    pub shares: Distribution,
    /// The exact share of every backend that the split lists, by the name of its service: zero for one that is missing,
    /// has no weight or lacks the port.
    pub backends: BTreeMap<String, Share>,
}

impl Status {
    /// Returns the share of the traffic of a root port that the backend gets, by the name of its service.
    ///
    /// It is `None` if the split is not in force on the port, or does not list the backend.
    #[must_use]
    pub fn share_of(&self, backend: &str, port: u16) -> Option<Share> {
        let shares = self.shares.iter().find(|shares| shares.port == port)?;
        shares.backends.get(backend).copied()
    }
}

impl Planned {
    /// Returns the status of one SMI object. It is answered from an index, which the first call builds.
    #[must_use]
    pub fn status(&self, object: &ObjectRef) -> Status {
        let index = self.index.0.get_or_init(|| Index::of(self));
        let first = self
            .diagnostics
            .partition_point(|diagnostic| diagnostic.object < *object);
        let diagnostics = self.diagnostics.iter().skip(first);
        let diagnostics: Vec<Diagnostic> = diagnostics
            .take_while(|diagnostic| diagnostic.object == *object)
            .cloned()
            .collect();
        let (shares, workloads) = (
            self.shares(index, object, &diagnostics),
            index.granted(object, &diagnostics),
        );
        let has_effect = if object.kind == Kind::TRAFFIC_SPLIT {
            !shares.is_empty()
        } else if object.kind == Kind::TRAFFIC_TARGET {
            !workloads.is_empty()
        } else {
            index.written.contains(object) && !diagnostics.iter().any(|it| it.code.effect() == Effect::Inert)
        };
        let is_whole = diagnostics.iter().all(|it| it.code.effect() == Effect::InForce);
        let is_known = !diagnostics.is_empty() || index.written.contains(object) || index.routes.contains_key(object);
        let state = match (is_known, has_effect, is_whole) {
            (false, ..) => State::Unknown,
            (true, false, _) => State::Inert,
            (true, true, false) => State::InPart,
            (true, true, true) => State::InForce,
        };
        Status {
            state,
            shares,
            workloads,
            diagnostics,
        }
    }

    fn shares(&self, index: &Index, object: &ObjectRef, diagnostics: &[Diagnostic]) -> Vec<PortShares> {
        let policy = index.routes.get(object).and_then(|key| self.model.policy(key));
        let Some(Policy::Route(route)) = policy else {
            return Vec::new();
        };
        let mut shares = Vec::new();
        for port in route.ports() {
            if diagnostics.iter().any(|it| it.disables_split_on(port.port())) {
                continue;
            }
            let conditional = port.conditional().iter().map(|conditional| (true, conditional.split()));
            let default = port.default().map(|default| (false, default));
            let mine = conditional
                .chain(default)
                .filter(|(_, split)| *split.key() == object.key);
            shares.extend(mine.filter_map(|(conditional, split)| port_shares(route, port.port(), conditional, split)));
        }
        shares
    }
}

fn port_shares(route: &ServiceRoute, port: u16, conditional: bool, split: &PortSplit) -> Option<PortShares> {
    let namespace = route.root().namespace();
    let target = |service: &str| Endpoint::service(namespace, service, port);
    let weights = split.backends().iter();
    let shares = Distribution::of(weights.map(|backend| (target(backend.service()), backend.weight())))?;
    let source = route.splits().iter().find(|source| source.key() == split.key())?;
    let backends = source.backends().iter();
    let backends = backends.map(|service| (service.clone(), shares.share_of(&target(service))));
    Some(PortShares {
        port,
        conditional,
        backends: backends.collect(),
        shares,
    })
}

/// The parts of a plan that belong to an SMI object, by object. It is built when it is first needed, and plans are equal
/// with or without it.
#[derive(Debug, Default)]
pub(super) struct LazyIndex(OnceLock<Index>);

impl Clone for LazyIndex {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for LazyIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Default)]
struct Index {
    /// Objects that some manifest exists for.
    written: BTreeSet<ObjectRef>,
    /// The policy of each split.
    routes: BTreeMap<ObjectRef, PolicyKey>,
    /// The workloads that have a grant of each target.
    granted: BTreeMap<ObjectRef, BTreeSet<ObjectRef>>,
}

impl Index {
    fn of(planned: &Planned) -> Self {
        let mut index = Self::default();
        for manifest in &planned.manifests {
            index.written.extend(manifest.sources.iter().cloned());
            let PolicyKey::Access(workload) = &manifest.policy else {
                continue;
            };
            let sources = manifest.sources.iter().filter(|_| manifest.stage == Stage::Grant);
            for target in sources.filter(|source| source.kind == Kind::TRAFFIC_TARGET) {
                let workloads = index.granted.entry(target.clone()).or_default();
                workloads.insert(workload.clone());
            }
        }
        for route in planned.model.routes() {
            let key = PolicyKey::Route(route.root().key());
            let splits = route.splits().iter().map(|split| split.key().clone());
            index
                .routes
                .extend(splits.map(|split| (ObjectRef::split(split), key.clone())));
        }
        index
    }

    /// The workloads that accept something because of a target.
    fn granted(&self, target: &ObjectRef, diagnostics: &[Diagnostic]) -> Vec<ObjectRef> {
        let workloads = self.granted.get(target).into_iter().flatten();
        let disabled = |workload: &ObjectRef| {
            let about = |it: &&Diagnostic| it.workload.as_ref().is_none_or(|only| only == workload);
            let mut about = diagnostics.iter().filter(about);
            about.any(|it| it.code.effect() == Effect::Inert)
        };
        workloads.filter(|workload| !disabled(workload)).cloned().collect()
    }
}
