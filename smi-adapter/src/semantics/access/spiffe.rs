//! SPIFFE IDs, and whom they name.

use crate::probe::{Caller, Identity};

const SCHEME: &str = "spiffe://";

/// Somebody with an identity. Equal values are the same one.
#[derive(PartialEq, Eq)]
pub(super) enum Who {
    /// A service account of the mesh's own trust domain.
    Account(Identity),
    /// A SPIFFE ID of any other form or trust domain.
    Other(String),
}

impl Who {
    /// A20: who calls.
    pub(super) fn of(caller: &Caller, trust_domain: &str) -> Self {
        match caller {
            Caller::Account(identity) => Self::Account(identity.clone()),
            Caller::Spiffe(id) => Self::named(id, trust_domain),
        }
    }

    /// D19: who is meant by an ID in an identity binding, with or without `spiffe://`.
    pub(super) fn meant(id: &str, trust_domain: &str) -> Option<Self> {
        let id = format!("{SCHEME}{}", id.strip_prefix(SCHEME).unwrap_or(id));
        is_valid(&id).then(|| Self::named(&id, trust_domain))
    }

    /// A20: `spiffe://<trust domain>/ns/N/sa/S` is the account `N/S`.
    fn named(id: &str, trust_domain: &str) -> Self {
        let account = id.strip_prefix(&format!("{SCHEME}{trust_domain}/ns/"));
        match account.map(|account| account.split('/').collect::<Vec<_>>()).as_deref() {
            Some([namespace, "sa", name]) if !namespace.is_empty() && !name.is_empty() => Self::Account(Identity {
                namespace: (*namespace).to_owned(),
                service_account: (*name).to_owned(),
            }),
            _ => Self::Other(id.to_owned()),
        }
    }
}

/// Whether this is the SPIFFE ID of a workload: a trust domain and a path, without dot segments and not
/// longer than the standard of SPIFFE allows.
fn is_valid(id: &str) -> bool {
    let rest = id.strip_prefix(SCHEME).unwrap_or_default();
    let Some((domain, path)) = rest.split_once('/') else {
        return false;
    };
    let in_domain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let in_path = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let is_segment = |segment: &str| !["", ".", ".."].contains(&segment) && segment.chars().all(in_path);
    id.len() <= 2048
        && (1..=255).contains(&domain.len())
        && domain.chars().all(in_domain)
        && path.split('/').all(is_segment)
}
