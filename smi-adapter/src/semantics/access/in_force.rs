//! Targets in force: the targets that have every required part.

use super::case::Case;
use super::conversion;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::semantics::trace::Reason;
use crate::settings::Settings;
use smi_types::Version;
use smi_types::access::{Rule, Subject, TargetSpec, TrafficTarget};

/// A target that has every required part.
pub(super) struct InForce<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) version: Version,
    pub(super) destination: &'a Subject,
    /// The namespace of the destination (A23).
    pub(super) namespace: &'a str,
    /// The only allowed port, if there is one (A10).
    pub(super) port: Option<u16>,
    pub(super) rules: &'a [Rule],
    pub(super) sources: &'a [Subject],
}

impl<'a> InForce<'a> {
    /// Returns the parts of a target. A target with a missing or invalid part grants nothing as a whole (A6, A12, A22,
    /// I5, I7).
    pub(super) fn new(key: &'a ObjectKey, target: &'a TrafficTarget, settings: &Settings) -> Result<Self, Reason> {
        let declared = target.spec.as_ref();
        let spec = declared
            .filter(|spec| **spec != TargetSpec::default())
            .ok_or_else(|| Reason::new("I7", "it is empty"))?;
        conversion::nothing_lost(target)?;
        let destination = spec
            .destination
            .as_ref()
            .ok_or_else(|| Reason::new("A6", "it has no destination"))?;
        let namespace = destination_namespace(key, destination, settings)?;
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
            version: target.version,
            destination,
            namespace,
            port: port(destination)?,
            rules: &spec.rules,
            sources: &spec.sources,
        })
    }

    pub(super) fn object(&self) -> ObjectRef {
        ObjectRef::target(self.key.clone())
    }
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

/// Returns the namespace of the destination: the target's own, unless the opt-in is set (A22, A23).
fn destination_namespace<'a>(
    key: &'a ObjectKey,
    destination: &'a Subject,
    settings: &Settings,
) -> Result<&'a str, Reason> {
    let named = &destination.namespace;
    if named.is_empty() {
        Ok(&key.namespace)
    } else if *named == key.namespace || settings.foreign_destinations {
        Ok(named)
    } else {
        let why = format!("its destination is in namespace `{named}`, which is not its own");
        Err(Reason::new("A22", why))
    }
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
