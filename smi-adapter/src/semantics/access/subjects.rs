//! Subjects: the destination and the sources of a target.

use super::bindings;
use super::case::Case;
use super::in_force::InForce;
use super::spiffe;
use crate::object::{ObjectKey, is_dns_label, is_dns_subdomain};
use crate::principal::{Identity, Principal};
use crate::semantics::outcome::Outcome;
use crate::semantics::trace::{Reason, Trace};
use smi_types::Version;
use smi_types::access::Subject;

/// The identity or object that a subject refers to.
enum Meaning {
    Account(Identity),
    /// An identity binding.
    Binding(ObjectKey),
}

/// Returns `Ok` if the destination of a target is the workload that the query reaches (A18).
pub(super) fn is_destination(case: &Case<'_>, target: &InForce<'_>, trace: &mut Trace) -> Result<(), Reason> {
    let meaning = meaning(target.destination, target.namespace, target.version);
    let is_reached = match meaning.map_err(|reason| reason.with_context("its destination matches no workload"))? {
        Meaning::Account(account) => account == case.workload.identity(),
        Meaning::Binding(key) => bindings::selects(case, &key, trace),
    };
    if is_reached {
        return Ok(());
    }
    let why = format!(
        "its destination `{}` does not match the workload",
        target.destination.name
    );
    Err(Reason::new("A18", why))
}

/// Returns `Ok` if the caller is one of the sources of a target (A4, A20). A peer without an identity is not (A34).
pub(super) fn is_source(case: &Case<'_>, target: &InForce<'_>, trace: &mut Trace) -> Result<(), Reason> {
    let Some(caller) = &case.query.from else {
        return Err(Reason::new("A34", "the caller has no identity"));
    };
    let principal = spiffe::normalized(caller, &case.settings.trust_domain);
    for (index, source) in target.sources.iter().enumerate() {
        // A24: the namespace defaults to that of the target.
        let namespace = match source.namespace.as_str() {
            "" => &target.key.namespace,
            named => named,
        };
        let is_named = match meaning(source, namespace, target.version) {
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
            namespace: namespace.to_owned(),
            service_account: name.clone(),
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
