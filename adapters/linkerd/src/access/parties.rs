//! Sources, as authentications and as filters of the header that tells routes who the client is.

use crate::native::{IdentityRef, MeshTlsAuthentication};
use smi_adapter::model::access::Source;
use std::collections::BTreeSet;

const START: &str = "^(?:";
/// What Linkerd's names of service accounts end with: the namespace of its control plane and the trust domain follow.
const OWN_END: &str = r")\.serviceaccount\.identity\..+$";
const FOREIGN_END: &str = ")$";

/// Some of the sources of a grant: as many as an authentication and a filter have room for.
pub(super) struct Party {
    pub(super) authentication: MeshTlsAuthentication,
    /// What the header says of these clients, and of nobody else who is granted anything.
    pub(super) clients: String,
}

/// The sources as parties, none of whose filters is longer than `most`, and those that Linkerd cannot name. A CRD takes
/// references to accounts and other identities in different authentications only.
pub(super) fn parties(sources: &BTreeSet<Source>, most: usize) -> (Vec<Party>, Vec<&Source>) {
    let mut own = Chunks::new(most.saturating_sub(START.len() + OWN_END.len()));
    let mut foreign = Chunks::new(most.saturating_sub(START.len() + FOREIGN_END.len()));
    let mut refused = Vec::new();
    for source in sources {
        let taken = match source {
            Source::Account(account) => {
                let (name, namespace) = (&account.service_account, &account.namespace);
                let reference = IdentityRef {
                    kind: "ServiceAccount",
                    name: name.clone(),
                    namespace: namespace.clone(),
                };
                own.push(&escaped(&format!("{name}.{namespace}")), reference)
            }
            Source::Spiffe(id) => is_admitted(id) && foreign.push(&escaped(id), id.clone()),
        };
        if !taken {
            refused.push(source);
        }
    }
    let own = own.all.into_iter().map(|(clients, references)| Party {
        authentication: MeshTlsAuthentication::IdentityRefs(references),
        clients: format!("{START}{clients}{OWN_END}"),
    });
    let foreign = foreign.all.into_iter().map(|(clients, ids)| Party {
        authentication: MeshTlsAuthentication::Identities(ids),
        clients: format!("{START}{clients}{FOREIGN_END}"),
    });
    (own.chain(foreign).collect(), refused)
}

/// Alternatives of a regular expression, with what each is for; never an empty list.
struct Chunks<T> {
    room: usize,
    all: Vec<(String, Vec<T>)>,
}

impl<T> Chunks<T> {
    fn new(room: usize) -> Self {
        Self { room, all: Vec::new() }
    }

    /// Whether there was room.
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

/// A text as a regular expression for it alone.
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

/// Whether Linkerd's admission takes a SPIFFE ID. What it refuses would leave the grant before in force.
pub(super) fn is_admitted(id: &str) -> bool {
    let Some((domain, path)) = id.strip_prefix("spiffe://").and_then(|id| id.split_once('/')) else {
        return false;
    };
    let in_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(in_path);
    !domain.is_empty() && domain.bytes().all(in_domain) && path.split('/').all(is_segment)
}
