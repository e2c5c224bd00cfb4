//! The grants of one traffic target (A3 – A15).

mod layers;
mod written;

use super::super::Report;
use super::super::unknown::Unknown;
use super::super::view::View;
use super::subjects::{self, Destination, Referred, Unusable};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::access::{Grant, Granted, Ports};
use crate::object::{ObjectKey, ObjectRef};
use crate::principal::{Identity, Principal};
use crate::workload::Transport;
use layers::Layers;
use smi_types::FieldPath;
use smi_types::access::{Schemes, Subject, TargetSpec, TrafficTarget};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The meaning of a target: its destination and its grants.
#[derive(Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) key: ObjectKey,
    path: FieldPath,
    pub(crate) destination: Destination,
    /// `false` if a part of it makes it grant nothing. It still names ports (A11).
    pub(crate) in_force: bool,
    pub(super) grants: Vec<Grant>,
    /// The ports that it or its routes name.
    pub(super) named_ports: Vec<NamedPort>,
}

/// A port that a target or one of its routes names.
#[derive(Debug, PartialEq)]
pub(super) struct NamedPort {
    pub(super) port: u16,
    pub(super) transport: Transport,
    /// The object that names it.
    pub(super) object: ObjectRef,
    /// The field of the object that names it.
    pub(super) field: FieldPath,
}

impl Target {
    /// Returns the namespace of its destination.
    pub(crate) fn namespace(&self) -> &str {
        &self.destination.namespace
    }

    pub(super) fn object(&self) -> ObjectRef {
        ObjectRef::target(self.key.clone())
    }

    /// Returns the path of a field, in the version that the target was read in.
    pub(super) fn path(&self, field: &'static str) -> FieldPath {
        self.path.clone().field(field)
    }
}

/// Reads one target, and returns the objects that it refers to as well. It has a meaning only if it has a destination.
pub(crate) fn read(
    view: View<'_>,
    key: &ObjectKey,
    target: &TrafficTarget,
    report: &mut Report,
) -> (Option<Target>, BTreeSet<ObjectRef>) {
    let object = ObjectRef::target(key.clone());
    let mut reader = Reader {
        unknown: view.unknown(&object),
        object,
        key,
        target,
        view,
        references: BTreeSet::new(),
        report,
    };
    let read = reader.read();
    (read, reader.references)
}

/// An error that occurs when a part of a target makes it grant nothing. The part is a violation.
struct Invalid;

/// A reader of one target. It reports every unresolved reference.
struct Reader<'a> {
    object: ObjectRef,
    key: &'a ObjectKey,
    target: &'a TrafficTarget,
    view: View<'a>,
    unknown: Unknown<'a>,
    /// The objects that it refers to and that exist.
    references: BTreeSet<ObjectRef>,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn report(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        self.report.add(code, &self.object, field, message);
    }

    /// Reports an unresolved reference.
    fn unresolved(&mut self, to: ObjectRef, field: FieldPath, message: impl Into<String>) {
        let diagnostic = Diagnostic::new(Code::UnresolvedRef, self.object.clone(), field, message);
        self.report.push(diagnostic.caused_by(to));
    }

    fn read(&mut self) -> Option<Target> {
        let path = self.target.spec_path();
        // I7
        let spec = self
            .target
            .spec
            .as_ref()
            .filter(|spec| **spec != TargetSpec::default())?;
        let is_converted = self.may_have_lost_its_port(&path);
        let destination = self.destination(spec, &path);
        let port = port(spec);
        let sources = self.sources(spec, &path);
        let layers = self.layers(spec);
        let destination = destination?;
        let in_force = !is_converted && port.is_ok() && layers.are_known && !self.is_lost();
        let port = port.unwrap_or_default();
        let grants = if in_force {
            self.grants(sources, port, &layers)
        } else {
            Vec::new()
        };
        let mut named_ports = layers.named_ports;
        if let Some(port) = port {
            let field = path.clone().field("destination").field("port");
            named_ports.extend([Transport::Tcp, Transport::Udp].map(|transport| NamedPort {
                port,
                transport,
                object: self.object.clone(),
                field: field.clone(),
            }));
        }
        Some(Target {
            key: self.key.clone(),
            path,
            destination,
            in_force,
            grants,
            named_ports,
        })
    }

    /// Returns `true`, reported, if a conversion may have lost the port of the target (I5).
    fn may_have_lost_its_port(&mut self, path: &FieldPath) -> bool {
        let Some(writer) = written::in_older_version(self.target) else {
            return false;
        };
        let message = format!(
            "the target was written as `{writer}` and is read as `{}`, so its port may be lost; it grants nothing",
            self.target.version
        );
        self.report(Code::ConversionMayLose, path.clone(), message);
        true
    }

    /// Returns `true` if the target has an unknown field, outside of its rules and sources (I8).
    fn is_lost(&self) -> bool {
        self.unknown.is_outside(&["rules", "specs", "sources"])
    }

    /// Reads the destination (A18, A22, A23, A29).
    fn destination(&mut self, spec: &TargetSpec, path: &FieldPath) -> Option<Destination> {
        let path = path.clone().field("destination");
        // A6
        let subject = spec.destination.as_ref()?;
        let is_own = subject.namespace.is_empty() || subject.namespace == self.key.namespace;
        if !is_own && !self.view.settings.foreign_destinations {
            return None;
        }
        match self.subject(subject, &path)? {
            Referred::Account(Identity {
                namespace,
                service_account,
            }) => Some(Destination {
                namespace,
                accounts: BTreeSet::from([service_account]),
                labels: None,
            }),
            Referred::Binding(key, schemes) => {
                self.references.insert(subjects::binding_object(&key));
                Some(subjects::binding_destination(&key, schemes, self.view.settings))
            }
        }
    }

    /// Reads the sources (A4, A20, A24, A26).
    fn sources(&mut self, spec: &TargetSpec, path: &FieldPath) -> BTreeSet<Principal> {
        let path = path.clone().field("sources");
        let mut sources = BTreeSet::new();
        for (index, subject) in spec.sources.iter().enumerate() {
            let path = path.clone().index(index);
            // I8
            if self.unknown.is_in("sources", index) {
                continue;
            }
            match self.subject(subject, &path) {
                Some(Referred::Account(account)) => _ = sources.insert(Principal::Account(account)),
                Some(Referred::Binding(key, schemes)) => {
                    self.references.insert(subjects::binding_object(&key));
                    let principals = subjects::binding_sources(&key, schemes, self.view);
                    self.report_left_out(&key, schemes, &path);
                    if principals.is_empty() {
                        let message = format!("identity binding `{key}` currently matches no workload");
                        self.unresolved(subjects::binding_object(&key), path.field("name"), message);
                    }
                    sources.extend(principals);
                }
                None => {}
            }
        }
        sources
    }

    /// Reports the identities that a source leaves out because not all of their pods carry the labels of a binding
    /// (A29).
    fn report_left_out(&mut self, key: &ObjectKey, schemes: &Schemes, path: &FieldPath) {
        let binding = subjects::binding_object(key);
        for (account, workload) in subjects::left_out(key, schemes, self.view) {
            let lacking = workload.object();
            let message = format!(
                "service account `{}/{account}` is left out: `{lacking}` runs as it and lacks a label of identity binding `{key}`; give all of its pods the labels, or another service account",
                key.namespace
            );
            let field = path.clone().field("name");
            let diagnostic = Diagnostic::new(Code::IdentityLeftOut, self.object.clone(), field, message);
            self.report
                .push(diagnostic.caused_by(binding.clone()).on_workload(lacking.clone()));
        }
    }

    fn subject<'s>(&mut self, subject: &Subject, path: &FieldPath) -> Option<Referred<'s>>
    where
        Self: 's,
    {
        match subjects::subject(subject, self.target.version, &self.key.namespace, self.view) {
            Ok(referred) => Some(referred),
            Err(Unusable::Violation) => None,
            Err(Unusable::Binding(key, message)) => {
                self.unresolved(subjects::binding_object(&key), path.clone().field("name"), message);
                None
            }
        }
    }

    /// Returns the grants of the layers, on the ports that all restrictions leave (A12).
    fn grants(&mut self, sources: BTreeSet<Principal>, port: Option<u16>, layers: &Layers) -> Vec<Grant> {
        if sources.is_empty() {
            return Vec::new();
        }
        let mut references = self.references.clone();
        references.insert(self.object.clone());
        let (sources, references) = (Arc::new(sources), Arc::new(references));
        let over_tcp = match (&layers.tcp, &layers.http) {
            (Some(ports), None) => Some((ports.clone(), Granted::Tcp)),
            (tcp, Some(matches)) if !matches.is_empty() => {
                Some((tcp.clone().unwrap_or(Ports::All), Granted::Http(matches.clone())))
            }
            _ => None,
        };
        let over_udp = layers.udp.clone().map(|ports| (ports, Granted::Udp));
        let mut grants = Vec::new();
        for (ports, traffic) in over_tcp.into_iter().chain(over_udp) {
            // Unusable rules are already reported (A9).
            let is_usable = ports != Ports::Only(BTreeSet::new());
            let Some(ports) = layers::restrict(ports, port) else {
                if is_usable {
                    let message = "these rules do not list the port of the destination, so they allow nothing";
                    self.report(Code::NoCommonPort, self.target.rules_path(), message);
                }
                continue;
            };
            grants.push(Grant {
                target: self.key.clone(),
                sources: Arc::clone(&sources),
                ports,
                traffic,
                references: Arc::clone(&references),
            });
        }
        grants
    }
}

/// Returns the only port that the target opens, if it names one (A10).
fn port(spec: &TargetSpec) -> Result<Option<u16>, Invalid> {
    let port = spec.destination.as_ref().and_then(|subject| subject.port.as_ref());
    port.map(|port| port.number().ok_or(Invalid)).transpose()
}
