//! Who may send, as principals.

use smi_adapter::model::access::{Grant, Source};
use smi_adapter::probe::Identity;

/// What Istio reads as the mesh's own trust domain, whatever that is.
const ALIAS: &str = "cluster.local";

/// The principals of the sources of a grant that Istio can name, sorted, without `spiffe://`; and why it cannot name
/// the others. They are literal: neither valid names nor SPIFFE IDs have a `*`.
pub(super) fn principals(grant: &Grant, trust_domain: &str) -> (Vec<String>, Vec<String>) {
    let (mut principals, mut unsaid) = (Vec::new(), Vec::new());
    if !is_trust_domain(trust_domain) {
        let message = format!("`{trust_domain}` is no trust domain, so that nobody of the mesh can be named");
        return (principals, vec![message]);
    }
    for source in grant.sources() {
        match source {
            Source::Account(Identity {
                namespace,
                service_account,
            }) => principals.push(format!("{trust_domain}/ns/{namespace}/sa/{service_account}")),
            Source::Spiffe(id) => {
                let principal = id.strip_prefix("spiffe://").unwrap_or(id);
                if trust_domain != ALIAS && is_alias(principal) {
                    unsaid.push(format!(
                        "Istio reads `{principal}` as an identity of the trust domain `{trust_domain}`, so nobody is granted anything by it"
                    ));
                } else {
                    principals.push(principal.to_owned());
                }
            }
        }
    }
    principals.sort();
    (principals, unsaid)
}

/// Whether Istio puts the mesh's trust domain in the place of the one that is named.
fn is_alias(principal: &str) -> bool {
    let mut segments = principal.split('/');
    segments.next() == Some(ALIAS) && segments.count() == 4
}

/// In a setting there may be anything, a `*` above all.
fn is_trust_domain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    (1..=255).contains(&text.len()) && text.bytes().all(inner)
}
