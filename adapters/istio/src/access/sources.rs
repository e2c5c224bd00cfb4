//! Sources of grants as Istio principals.

use smi_adapter::model::access::Grant;
use smi_adapter::principal::{Identity, Principal};

/// The alias that Istio replaces by the mesh's own trust domain.
const ALIAS: &str = "cluster.local";

/// Returns the principals of the sources of a grant, sorted and without `spiffe://`, and messages about the sources that
/// Istio cannot express. Principals are literal, because neither valid names nor SPIFFE IDs contain a `*`.
pub(super) fn principals(grant: &Grant, trust_domain: &str) -> (Vec<String>, Vec<String>) {
    let (mut principals, mut rejected) = (Vec::new(), Vec::new());
    if !is_trust_domain(trust_domain) {
        let message = format!(
            "`{trust_domain}` is not a valid trust domain, so no principal can be built and nothing is granted; correct the settings"
        );
        return (principals, vec![message]);
    }
    for source in grant.sources() {
        match source {
            Principal::Account(Identity {
                namespace,
                service_account,
            }) => principals.push([trust_domain, "/ns/", namespace, "/sa/", service_account].concat()),
            Principal::Spiffe(id) => {
                let principal = id.strip_prefix("spiffe://").unwrap_or(id);
                if trust_domain != ALIAS && is_alias(principal) {
                    rejected.push(format!(
                        "Istio would treat `{principal}` as an identity in trust domain `{trust_domain}`, so this source is granted nothing"
                    ));
                } else {
                    principals.push(principal.to_owned());
                }
            }
        }
    }
    principals.sort();
    (principals, rejected)
}

/// Returns `true` if Istio replaces the trust domain of the principal by the mesh's own.
fn is_alias(principal: &str) -> bool {
    let mut segments = principal.split('/');
    segments.next() == Some(ALIAS) && segments.count() == 4
}

/// Returns `true` if the string is a valid trust domain. The setting is free text and could even contain a `*`.
fn is_trust_domain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    (1..=255).contains(&text.len()) && text.bytes().all(inner)
}
