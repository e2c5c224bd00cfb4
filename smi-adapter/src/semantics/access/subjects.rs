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

/// What a subject stands for.
enum Meaning {
    Account(Identity),
    /// An identity binding.
    Binding(ObjectKey),
}

/// A18: whether the destination of a target is what the query reaches.
pub(super) fn is_destination(case: &Case<'_>, target: &InForce<'_>, trace: &mut Trace) -> Result<(), Reason> {
    let meaning = meaning(target.destination, target.namespace, target.version);
    let is_meant = match meaning.map_err(|reason| reason.about("its destination matches no workload"))? {
        Meaning::Account(account) => account == case.workload.identity(),
        Meaning::Binding(key) => bindings::selects(case, &key, trace),
    };
    if is_meant {
        return Ok(());
    }
    let why = format!("its destination `{}` is another", target.destination.name);
    Err(Reason::new("A18", why))
}

/// A4, A20: whether the caller is one of the sources of a target. A peer without identity is none (A34).
pub(super) fn is_source(case: &Case<'_>, target: &InForce<'_>, trace: &mut Trace) -> Result<(), Reason> {
    let Some(caller) = &case.query.from else {
        return Err(Reason::new("A34", "the caller has no identity"));
    };
    let principal = spiffe::normalized(caller, &case.settings.trust_domain);
    for (index, source) in target.sources.iter().enumerate() {
        // A24: without a namespace it is that of the target.
        let namespace = match source.namespace.as_str() {
            "" => &target.key.namespace,
            named => named,
        };
        let is_meant = match meaning(source, namespace, target.version) {
            Ok(Meaning::Account(account)) => principal == Principal::Account(account),
            Ok(Meaning::Binding(key)) => bindings::names(case, &key, &principal, trace),
            Err(Reason { rule, why }) => {
                trace.record(rule, target.object(), Outcome::UnknownSource { index, why });
                false
            }
        };
        if is_meant {
            return Ok(());
        }
    }
    Err(Reason::new("A4", "the caller is not one of its sources"))
}

/// A26: what a subject in this namespace stands for; anything else matches nothing.
fn meaning(subject: &Subject, namespace: &str, version: Version) -> Result<Meaning, Reason> {
    let Subject {
        group,
        kind,
        name,
        namespace: _,
        // On a source it says nothing (D9); of a destination `InForce` has it.
        port: _,
    } = subject;
    if !["", "access.smi-spec.io"].contains(&group.as_str()) {
        let why = format!("there are no identities in API group `{group}`");
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
    fn about(self, what: &str) -> Self {
        Self::new(self.rule, format!("{what}: {}", self.why))
    }
}
