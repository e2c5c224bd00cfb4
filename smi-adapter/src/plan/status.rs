//! What became of one SMI object.

use super::Planned;
use crate::diagnostic::{Diagnostic, Effect};
use crate::model::Policy;
use crate::model::route::{PortSplit, ServiceRoute};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::probe::{Distribution, Target};

/// What became of one SMI object: for a condition in its status, or an Event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is in force, at least in part. An object that the snapshot does not hold is not.
    pub accepted: bool,
    /// For a split: its shares, by port of the root, on every port where it is in force.
    pub shares: Vec<PortShares>,
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
        let inert = diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code.effect() == Effect::Inert);
        Status {
            accepted: in_a_manifest && !inert && !(is_split && shares.is_empty()),
            shares,
            diagnostics,
        }
    }

    fn shares(&self, split: &ObjectKey) -> Vec<PortShares> {
        let routes = self.model.policies().map(|(_, policy)| {
            let Policy::Route(route) = policy;
            route
        });
        let mut shares = Vec::new();
        for route in routes.filter(|route| route.splits().iter().any(|source| source.key() == split)) {
            for port in route.ports() {
                let conditional = port.conditional().iter().map(|conditional| (true, conditional.split()));
                let default = port.default().map(|default| (false, default));
                let mine = conditional.chain(default).filter(|(_, share)| share.split() == split);
                shares.extend(mine.filter_map(|(conditional, share)| {
                    let left_out = self.left_out.contains(&(split.clone(), port.port()));
                    let shares = distribution(route, port.port(), share).filter(|_| !left_out)?;
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
