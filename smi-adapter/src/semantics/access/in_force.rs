//! Targets in force: the targets that have every required part.

use super::case::Case;
use super::conversion;
use super::subjects::Destination;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::semantics::trace::Reason;
use crate::semantics::unknown::Unknown;
use smi_types::FieldPath;
use smi_types::access::{Rule, Subject, TargetSpec, TrafficTarget};

/// A target that has every required part.
pub(super) struct InForce<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) target: &'a TrafficTarget,
    pub(super) destination: Destination<'a>,
    /// The only allowed port, if there is one (A10).
    pub(super) port: Option<u16>,
    pub(super) sources: &'a [Subject],
}

impl<'a> InForce<'a> {
    /// Returns the parts of a target. A target with a missing or invalid part, or with an unknown field outside of its
    /// rules and sources, grants nothing as a whole (A6, A12, A22, I5, I7, I8).
    pub(super) fn new(case: &Case<'a>, key: &'a ObjectKey, target: &'a TrafficTarget) -> Result<Self, Reason> {
        let unknown = Unknown::of(case.snapshot, case.settings, &ObjectRef::target(key.clone()));
        unknown.only_in_items(&[target.rules_path(), sources_path(target)])?;
        let declared = target.spec.as_ref();
        let spec = declared
            .filter(|spec| **spec != TargetSpec::default())
            .ok_or_else(|| Reason::new("I7", "it is empty"))?;
        conversion::nothing_lost(target)?;
        let destination = Destination::of(key, target, case.settings)?;
        if spec.rules.is_empty() {
            return Err(Reason::new("A6", "it has no rules"));
        }
        if spec.sources.is_empty() {
            return Err(Reason::new("A6", "it has no sources"));
        }
        if let Some(unknown) = spec.rules.iter().find(|rule| !is_known(rule)) {
            let why = format!("it has a rule of kind `{}`, which is not a kind of route", unknown.kind);
            return Err(Reason::new("A12", why));
        }
        Ok(Self {
            key,
            target,
            port: port(destination.subject)?,
            destination,
            sources: &spec.sources,
        })
    }

    pub(super) fn object(&self) -> ObjectRef {
        ObjectRef::target(self.key.clone())
    }
}

/// Returns the path of the sources in the version that the target was read in: `sources` or `spec.sources`.
pub(super) fn sources_path(target: &TrafficTarget) -> FieldPath {
    target.spec_path().field("sources")
}

/// Returns the targets that are in the namespace of the workload or name it. Targets out of scope do not count.
pub(super) fn of_namespace<'a>(case: &Case<'a>) -> Vec<(&'a ObjectKey, &'a TrafficTarget)> {
    let namespace = case.namespace();
    let names = |target: &TrafficTarget| {
        let destination = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
        destination.is_some_and(|destination| destination.namespace == namespace)
    };
    let targets = case.snapshot.targets();
    targets
        .filter(|(key, _)| case.settings.scope.contains(&key.namespace))
        .filter(|(key, target)| key.namespace == namespace || names(target))
        .collect()
}

/// Returns `true` if the kind of a rule is known (A12).
fn is_known(rule: &Rule) -> bool {
    let known = [Kind::HttpRouteGroup, Kind::TcpRoute, Kind::UdpRoute];
    known.iter().any(|kind| kind.name() == rule.kind)
}

/// Returns the port of the destination. An invalid port never stands for all ports (A10).
fn port(destination: &Subject) -> Result<Option<u16>, Reason> {
    let Some(port) = &destination.port else {
        return Ok(None);
    };
    match port.number() {
        Some(number) => Ok(Some(number)),
        None => Err(Reason::new("A10", "its `destination.port` is not a valid port")),
    }
}
