//! Subjects: the destination and the sources of a target.

use super::bindings;
use super::case::Case;
use super::in_force::{self, InForce};
use super::spiffe;
use crate::object::{ObjectKey, is_dns_label, is_dns_subdomain};
use crate::principal::{Identity, Principal};
use crate::semantics::outcome::Outcome;
use crate::semantics::trace::{Reason, Trace};
use crate::semantics::unknown::Unknown;
use crate::settings::Settings;
use smi_types::Version;
use smi_types::access::{Subject, TrafficTarget};

/// The identity or object that a subject refers to.
enum Meaning {
    Account(Identity),
    /// An identity binding.
    Binding(ObjectKey),
}

/// The destination of a target, which may be in force or not.
pub(super) struct Destination<'a> {
    pub(super) subject: &'a Subject,
    /// The namespace of the subject (A23).
    namespace: &'a str,
    /// The version that the target was read in.
    version: Version,
}

impl<'a> Destination<'a> {
    /// Returns the destination of a target. A target without one, or with one in a namespace that it must not name, has
    /// none (A6, A22).
    pub(super) fn of(key: &'a ObjectKey, target: &'a TrafficTarget, settings: &Settings) -> Result<Self, Reason> {
        let subject = target.spec.as_ref().and_then(|spec| spec.destination.as_ref());
        let subject = subject.ok_or_else(|| Reason::new("A6", "it has no destination"))?;
        Ok(Self {
            subject,
            namespace: destination_namespace(key, subject, settings)?,
            version: target.version,
        })
    }

    /// Returns `Ok` if the destination is the workload that the query reaches (A18).
    pub(super) fn is_reached(&self, case: &Case<'_>, trace: &mut Trace) -> Result<(), Reason> {
        let meaning = meaning(self.subject, self.namespace, self.version);
        let is_reached = match meaning.map_err(|reason| reason.with_context("its destination matches no workload"))? {
            Meaning::Account(account) => account == case.workload.identity(),
            Meaning::Binding(key) => bindings::selects(case, &key, trace),
        };
        if is_reached {
            return Ok(());
        }
        let name = &self.subject.name;
        let why = format!("its destination `{name}` does not match the workload");
        Err(Reason::new("A18", why))
    }
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

/// Returns `Ok` if the caller is one of the sources of a target (A4, A20). A peer without an identity is not (A34). A
/// source with an unknown field matches no caller (I8).
pub(super) fn is_source(case: &Case<'_>, target: &InForce<'_>, trace: &mut Trace) -> Result<(), Reason> {
    let Some(caller) = &case.query.from else {
        return Err(Reason::new("A34", "the caller has no identity"));
    };
    let principal = spiffe::normalized(caller, &case.settings.trust_domain);
    let unknown = Unknown::of(case.snapshot, case.settings, &target.object());
    for (index, source) in target.sources.iter().enumerate() {
        // A24: the namespace defaults to that of the target.
        let namespace = match source.namespace.as_str() {
            "" => &target.key.namespace,
            named => named,
        };
        let known = unknown.not_in(&in_force::sources_path(target.target).index(index));
        let is_named = match known.and_then(|()| meaning(source, namespace, target.target.version)) {
            Ok(Meaning::Account(account)) => principal == Principal::Account(account),
            Ok(Meaning::Binding(key)) => bindings::names(case, &key, &principal, trace),
            Err(Reason { rule, why }) => {
                trace.record(rule, target.object(), Outcome::UnknownSource { index, why });
                false
            }
        };
        if is_named {
            return Ok(());
        }
    }
    Err(Reason::new("A4", "the caller is not one of its sources"))
}

/// Returns the meaning of a subject in this namespace (A26). Any other kind of subject matches nothing.
fn meaning(subject: &Subject, namespace: &str, version: Version) -> Result<Meaning, Reason> {
    let Subject {
        group,
        kind,
        name,
        namespace: _,
        // The port of a source has no effect (D9). `InForce` holds the port of a destination.
        port: _,
    } = subject;
    if !["", "access.smi-spec.io"].contains(&group.as_str()) {
        let why = format!("API group `{group}` has no kind of identity");
        return Err(Reason::new("A26", why));
    }
    if !is_dns_subdomain(name) {
        return Err(Reason::new("A26", format!("`{name}` is not a valid name")));
    }
    if !is_dns_label(namespace) {
        return Err(Reason::new(
            "A26",
            format!("`{namespace}` is not a valid namespace name"),
        ));
    }
    match kind.as_str() {
        "ServiceAccount" => Ok(Meaning::Account(Identity {
            namespace: namespace.into(),
            service_account: name.as_str().into(),
        })),
        "IdentityBinding" if version == Version::V1Alpha4 => Ok(Meaning::Binding(ObjectKey::new(namespace, name))),
        _ => {
            let why = format!("`{kind}` is not a kind of identity in `{version}`");
            Err(Reason::new("A26", why))
        }
    }
}

impl Reason {
    fn with_context(self, context: &str) -> Self {
        Self::new(self.rule, format!("{context}: {}", self.why))
    }
}
