//! Names in the certificates of clients, and patterns of them.

use super::super::fields::{Read, rejected, unmodelled};
use smi_conformance::NotModelledError;

/// The common suffix of the names that the certificate authority of the mesh issues: the part after service account and
/// namespace.
#[derive(Debug)]
pub(super) struct Domain(String);

impl Domain {
    /// Returns the domain of a control plane.
    pub(super) fn new(control_plane: &str, trust_domain: &str) -> Self {
        Self(format!("serviceaccount.identity.{control_plane}.{trust_domain}").to_ascii_lowercase())
    }

    /// Returns the name of a service account.
    pub(super) fn account(&self, namespace: &str, name: &str) -> String {
        format!("{name}.{namespace}.{}", self.0)
    }

    /// Returns a pattern of all accounts in a namespace.
    pub(super) fn namespace(&self, namespace: &str) -> Pattern {
        Pattern::Below(format!(".{namespace}.{}", self.0))
    }
}

/// The name of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A DNS name, in lower case.
    Dns(String),
    /// A SPIFFE ID.
    Spiffe(String),
}

impl Name {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Dns(name) | Self::Spiffe(name) => name,
        }
    }
}

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Every DNS name.
    AnyDns,
    /// Every longer DNS name with this suffix, which includes the dot.
    Below(String),
    /// This DNS name.
    Dns(String),
    /// This SPIFFE ID.
    Spiffe(String),
}

impl Pattern {
    /// Parses `*`, `*.suffix`, a DNS name or a SPIFFE ID, with the checks of Linkerd's admission.
    pub(super) fn read(text: &str) -> Read<Self> {
        if text.len() > 2048 {
            return unmodelled("an identity that is longer than any SPIFFE ID");
        }
        if text.starts_with("spiffe://") {
            return if is_spiffe(text) {
                Ok(Self::Spiffe(text.to_owned()))
            } else {
                rejected(format!("the SPIFFE ID {text} is invalid"))
            };
        }
        let (pattern, rest) = match text.strip_prefix("*.") {
            _ if text == "*" => return Ok(Self::AnyDns),
            Some(rest) => (Self::Below(format!(".{rest}")), rest),
            None => (Self::Dns(text.to_owned()), text),
        };
        if rest.split('.').all(is_label) {
            Ok(pattern)
        } else {
            rejected(format!("the identity {text} is invalid"))
        }
    }

    /// Returns `true` if the pattern matches a name. Wildcards never match a SPIFFE ID.
    pub(super) fn matches(&self, name: &Name) -> Result<bool, NotModelledError> {
        match (self, name) {
            (Self::AnyDns, Name::Dns(_)) => Ok(true),
            (Self::Below(suffix), Name::Dns(name)) => Ok(name.len() > suffix.len() && name.ends_with(suffix)),
            (Self::Dns(wanted), Name::Dns(name)) => Ok(wanted == name),
            (Self::Spiffe(wanted), Name::Spiffe(id)) if is_spiffe(id) => Ok(wanted == id),
            // It is unknown if a proxy normalises an invalid ID to a valid one.
            (Self::Spiffe(_), Name::Spiffe(id)) => Err(NotModelledError(format!("a client with the name {id}"))),
            _ => Ok(false),
        }
    }
}

/// Returns `true` if a text is a valid label of a DNS name in an identity. Its length is not limited.
fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inner)
}

/// Returns `true` if `id` is a valid SPIFFE ID: a trust domain and optional path segments.
pub(super) fn is_spiffe(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("spiffe://") else {
        return false;
    };
    let mut parts = rest.split('/');
    let domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
    let segment = |part: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        !matches!(part, "" | "." | "..") && part.bytes().all(inner)
    };
    parts
        .next()
        .is_some_and(|part| !part.is_empty() && part.bytes().all(domain))
        && parts.all(segment)
}

#[cfg(test)]
mod tests;
