//! The status of single SMI objects, for their authors.

use super::Planned;
use crate::diagnostic::{Diagnostic, Effect};
use crate::manifest::{Manifest, Stage};
use crate::model::route::{PortSplit, ServiceRoute};
use crate::model::{Policy, PolicyKey};
use crate::object::{Kind, ObjectRef, SmolStr};
use crate::query::{Distribution, Endpoint, Share};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The state of an SMI object: the degree to which it is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The plan does not know the object: it is not in the snapshot, or not in the scope.
    #[default]
    Unknown,
    /// Nothing of the object is in force.
    Inert,
    /// A part of the object is in force. The diagnostics name the rest.
    InPart,
    /// The whole object is in force.
    InForce,
}

/// The status of one SMI object: for a condition in its status, or an Event.
///
/// Serialises as
///
/// ```json
/// {
///   "state": "inPart",
///   "shares": [{
///     "port": 80,
///     "conditional": false,
///     "shares": [{"to": {"namespace": "shop", "service": "web", "port": 80}, "share": "1/1"}],
///     "backends": {"web": "9/10", "web-v2": "0/10"}
///   }],
///   "workloads": [],
///   "diagnostics": []
/// }
/// ```
///
/// The states are `inForce`, `inPart`, `inert` and `unknown`; a share is a text, because JSON numbers cannot hold all
/// weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The degree to which the object is in force.
    pub state: State,
    /// The shares of a split, for every port of the root on which it is in force. Empty for other objects.
    pub shares: Vec<PortShares>,
    /// The workloads that accept traffic because of a traffic target, sorted. Empty for other objects. If the mesh
    /// cannot express a part of the grant, a diagnostic names that part.
    pub workloads: Vec<ObjectRef>,
    /// The diagnostics on the object, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// The shares of a split on one port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortShares {
    /// The port of the root.
    pub port: u16,
    /// Is `true` if only requests that match one of the split's matches are split.
    pub conditional: bool,
    /// The exact share of every endpoint. If the mesh has to round, a diagnostic states the error.
    pub shares: Distribution,
    /// The exact share of every backend that the split lists, by the name of its service. It is zero for a backend that
    /// does not exist, has no weight or lacks the port.
    pub backends: BTreeMap<SmolStr, Share>,
}

impl Status {
    /// Returns the backend's share of the traffic to a port of the root. The backend is named by its service.
    ///
    /// Returns `None` if the split is not in force on the port, or does not list the backend.
    #[must_use]
    pub fn share_of(&self, backend: &str, port: u16) -> Option<Share> {
        let shares = self.shares.iter().find(|shares| shares.port == port)?;
        shares.backends.get(backend).copied()
    }
}

impl Planned {
    /// Returns the status of one SMI object. The first call builds an index, which later calls use.
    #[must_use]
    pub fn status(&self, object: &ObjectRef) -> Status {
        let index = self.index.0.get_or_init(|| Index::of(self));
        let first = self
            .diagnostics
            .partition_point(|diagnostic| diagnostic.object < *object);
        let from_first = self.diagnostics.iter().skip(first);
        let diagnostics = from_first.take_while(|diagnostic| diagnostic.object == *object);
        let route = index.routes.get(object).and_then(|key| self.model.policy(key));
        Status::of(
            object,
            Known {
                diagnostics: diagnostics.cloned().collect(),
                is_written: index.written.contains(object),
                route: route.and_then(Policy::route),
                granted: index.granted.get(object).into_iter().flatten().collect(),
            },
        )
    }
}

/// The facts that the status of an object follows from.
pub(crate) struct Known<'a> {
    /// The diagnostics on the object, sorted.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Is `true` if some manifest exists for the object.
    pub(crate) is_written: bool,
    /// The route that a split is a part of.
    pub(crate) route: Option<&'a ServiceRoute>,
    /// The workloads with a manifest that grants something because of a target.
    pub(crate) granted: BTreeSet<&'a ObjectRef>,
}

impl Status {
    pub(crate) fn of(object: &ObjectRef, known: Known<'_>) -> Self {
        let (shares, workloads) = (known.shares(object), known.workloads());
        let Known {
            diagnostics,
            is_written,
            route,
            ..
        } = known;
        let has_effect = match object.kind {
            Kind::TrafficSplit => !shares.is_empty(),
            Kind::TrafficTarget => !workloads.is_empty(),
            _ => is_written && !diagnostics.iter().any(|it| it.code.effect() == Effect::Inert),
        };
        let is_whole = diagnostics.iter().all(|it| it.code.effect() == Effect::InForce);
        let is_known = !diagnostics.is_empty() || is_written || route.is_some();
        let state = match (is_known, has_effect, is_whole) {
            (false, ..) => State::Unknown,
            (true, false, _) => State::Inert,
            (true, true, false) => State::InPart,
            (true, true, true) => State::InForce,
        };
        Self {
            state,
            shares,
            workloads,
            diagnostics,
        }
    }
}

impl Known<'_> {
    fn shares(&self, object: &ObjectRef) -> Vec<PortShares> {
        let Some(route) = self.route else {
            return Vec::new();
        };
        let mut shares = Vec::new();
        for port in route.ports() {
            if self.diagnostics.iter().any(|it| it.disables_split_on(port.port())) {
                continue;
            }
            let conditional = port.conditional().iter().map(|conditional| (true, conditional.split()));
            let default = port.default().map(|default| (false, default));
            let own = conditional
                .chain(default)
                .filter(|(_, split)| *split.key() == object.key);
            shares.extend(own.filter_map(|(conditional, split)| port_shares(route, port.port(), conditional, split)));
        }
        shares
    }

    /// Returns the workloads that accept traffic because of a target.
    fn workloads(&self) -> Vec<ObjectRef> {
        let disabled = |workload: &ObjectRef| {
            let applies = |it: &Diagnostic| it.workload.as_ref().is_none_or(|only| only == workload);
            let mut diagnostics = self.diagnostics.iter();
            diagnostics.any(|it| applies(it) && it.code.effect() == Effect::Inert)
        };
        let granted = self.granted.iter().copied();
        granted.filter(|workload| !disabled(workload)).cloned().collect()
    }
}

fn port_shares(route: &ServiceRoute, port: u16, conditional: bool, split: &PortSplit) -> Option<PortShares> {
    let namespace = route.root().namespace();
    let target = |service: &str| Endpoint::service(namespace, service, port);
    let weights = split.backends().iter();
    let shares = Distribution::of(weights.map(|backend| (target(backend.service()), backend.weight())))?;
    let source = route.splits().iter().find(|source| source.key() == split.key())?;
    let services = source.backends().iter();
    let backends = services.map(|service| (service.clone(), shares.share_of(&target(service))));
    Some(PortShares {
        port,
        conditional,
        backends: backends.collect(),
        shares,
    })
}

/// An index of a plan by SMI object. It is built on first use, and does not affect the equality of plans.
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
    /// The SMI objects that some manifest exists for.
    written: BTreeSet<ObjectRef>,
    /// The policy of each split.
    routes: BTreeMap<ObjectRef, PolicyKey>,
    /// The workloads with a grant of a target, by target.
    granted: BTreeMap<ObjectRef, BTreeSet<ObjectRef>>,
}

impl Index {
    fn of(planned: &Planned) -> Self {
        let mut index = Self::default();
        for manifest in &planned.manifests {
            index.written.extend(manifest.sources.iter().cloned());
            for (target, workload) in grants(manifest) {
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
}

/// Returns the targets because of which a manifest grants something, each with the workload.
pub(crate) fn grants(manifest: &Manifest) -> impl Iterator<Item = (&ObjectRef, &ObjectRef)> {
    let workload = match &manifest.policy {
        PolicyKey::Access(workload) if manifest.stage == Stage::Grant => Some(workload),
        _ => None,
    };
    let targets = manifest.sources.iter();
    let targets = targets.filter(|source| source.kind == Kind::TrafficTarget);
    targets.filter_map(move |target| Some((target, workload?)))
}
