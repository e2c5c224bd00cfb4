//! Sources of grants, as authentications and as filters of the header that contains the identity of the client.

use crate::native::{IdentityRef, MeshTlsAuthentication};
use smi_adapter::principal::Principal;
use std::collections::BTreeSet;

const START: &str = "^(?:";
/// The end of the pattern of a service account's identity. The namespace of the control plane and the trust domain
/// follow.
const OWN_END: &str = r")\.serviceaccount\.identity\..+$";
const FOREIGN_END: &str = ")$";

/// Some of the sources of a grant: as many as fit into one authentication and one filter.
pub(super) struct ClientSet {
    pub(super) authentication: MeshTlsAuthentication,
    /// A pattern of the header. Of all clients with grants, it matches exactly these.
    pub(super) pattern: String,
}

/// Returns the sources as client sets with patterns of at most `most` bytes, and the sources that Linkerd cannot
/// express. The CRD does not accept references to accounts and other identities in one authentication.
pub(super) fn client_sets(sources: &BTreeSet<Principal>, most: usize) -> (Vec<ClientSet>, Vec<&Principal>) {
    let mut own = Chunks::new(most.saturating_sub(START.len() + OWN_END.len()));
    let mut foreign = Chunks::new(most.saturating_sub(START.len() + FOREIGN_END.len()));
    let mut rejected = Vec::new();
    for source in sources {
        let fits = match source {
            Principal::Account(account) => {
                let (name, namespace) = (&account.service_account, &account.namespace);
                let reference = IdentityRef {
                    kind: "ServiceAccount",
                    name: name.clone(),
                    namespace: namespace.clone(),
                };
                own.push(&escaped(&format!("{name}.{namespace}")), reference)
            }
            Principal::Spiffe(id) => is_admitted(id) && foreign.push(&escaped(id), id.clone()),
        };
        if !fits {
            rejected.push(source);
        }
    }
    let own = own.all.into_iter().map(|(clients, references)| ClientSet {
        authentication: MeshTlsAuthentication::IdentityRefs(references),
        pattern: format!("{START}{clients}{OWN_END}"),
    });
    let foreign = foreign.all.into_iter().map(|(clients, ids)| ClientSet {
        authentication: MeshTlsAuthentication::Identities(ids),
        pattern: format!("{START}{clients}{FOREIGN_END}"),
    });
    (own.chain(foreign).collect(), rejected)
}

/// Alternations of a regular expression, each with the items of its alternatives. An alternation is never empty.
struct Chunks<T> {
    room: usize,
    all: Vec<(String, Vec<T>)>,
}

impl<T> Chunks<T> {
    fn new(room: usize) -> Self {
        Self { room, all: Vec::new() }
    }

    /// Adds an alternative. Returns `false` if it is longer than a whole chunk.
    fn push(&mut self, alternative: &str, item: T) -> bool {
        if alternative.len() > self.room {
            return false;
        }
        match self.all.last_mut() {
            Some((text, items)) if text.len() + 1 + alternative.len() <= self.room => {
                text.push('|');
                text.push_str(alternative);
                items.push(item);
            }
            _ => self.all.push((alternative.to_owned(), vec![item])),
        }
        true
    }
}

/// Returns a regular expression that matches only `text`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':')) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Returns `true` if Linkerd's admission accepts a SPIFFE ID. An object that it rejects would leave the previous grant
/// in force.
pub(super) fn is_admitted(id: &str) -> bool {
    let Some((domain, path)) = id.strip_prefix("spiffe://").and_then(|id| id.split_once('/')) else {
        return false;
    };
    let in_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(in_path);
    !domain.is_empty() && domain.bytes().all(in_domain) && path.split('/').all(is_segment)
}
