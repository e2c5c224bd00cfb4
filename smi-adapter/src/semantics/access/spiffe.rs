//! SPIFFE IDs: the principals that they name.

use crate::principal::{Identity, Principal};

const SCHEME: &str = "spiffe://";

/// Returns the normal form of a principal, so that equal principals are equal values. An ID of the mesh's own trust
/// domain is the account that it names (A20).
pub(super) fn normalized(principal: &Principal, trust_domain: &str) -> Principal {
    match principal {
        Principal::Account(_) => principal.clone(),
        Principal::Spiffe(id) => named(id, trust_domain),
    }
}

/// Returns the principal that an ID in an identity binding names, with or without `spiffe://` (D19).
pub(super) fn bound(id: &str, trust_domain: &str) -> Option<Principal> {
    let id = format!("{SCHEME}{}", id.strip_prefix(SCHEME).unwrap_or(id));
    is_valid(&id).then(|| named(&id, trust_domain))
}

/// Returns the principal that an ID names: `spiffe://<trust domain>/ns/N/sa/S` is the account `N/S` (A20).
fn named(id: &str, trust_domain: &str) -> Principal {
    let account = id.strip_prefix(&format!("{SCHEME}{trust_domain}/ns/"));
    match account.map(|account| account.split('/').collect::<Vec<_>>()).as_deref() {
        Some([namespace, "sa", name]) if !namespace.is_empty() && !name.is_empty() => Principal::Account(Identity {
            namespace: (*namespace).into(),
            service_account: (*name).into(),
        }),
        _ => Principal::Spiffe(id.to_owned()),
    }
}

/// Returns `true` if this is the SPIFFE ID of a workload: a trust domain and a path, without dot segments and within
/// the length limit of the SPIFFE standard.
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
