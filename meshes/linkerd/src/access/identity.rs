//! Names that clients show in their certificates, and patterns of them.

use super::super::fields::{Read, refused, unmodelled};
use smi_conformance::NotModelled;

/// What all clients of the mesh's own certificate authority are called after: the part of their names behind
/// service account and namespace.
#[derive(Debug)]
pub(super) struct Domain(String);

impl Domain {
    /// The domain of a control plane.
    pub(super) fn new(control_plane: &str, trust_domain: &str) -> Self {
        Self(format!("serviceaccount.identity.{control_plane}.{trust_domain}").to_ascii_lowercase())
    }

    /// What a service account is called.
    pub(super) fn account(&self, namespace: &str, name: &str) -> String {
        format!("{name}.{namespace}.{}", self.0)
    }

    /// All accounts of a namespace.
    pub(super) fn namespace(&self, namespace: &str) -> Pattern {
        Pattern::Below(format!(".{namespace}.{}", self.0))
    }
}

/// How a client is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// By a DNS name, in lower case.
    Dns(String),
    /// By a SPIFFE ID.
    Spiffe(String),
}

impl Name {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Dns(name) | Self::Spiffe(name) => name,
        }
    }
}

/// Clients of certain names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Everybody with a DNS name.
    Anybody,
    /// Every DNS name that ends so, the dot included, and has something before it.
    Below(String),
    /// This DNS name.
    Dns(String),
    /// This SPIFFE ID.
    Spiffe(String),
}

impl Pattern {
    /// Reads `*`, `*.suffix`, a DNS name or a SPIFFE ID as Linkerd's admission does.
    pub(super) fn read(text: &str) -> Read<Self> {
        if text.len() > 2048 {
            return unmodelled("an identity that is longer than any SPIFFE ID");
        }
        if text.starts_with("spiffe://") {
            return if is_spiffe(text) {
                Ok(Self::Spiffe(text.to_owned()))
            } else {
                refused(format!("the SPIFFE ID {text}"))
            };
        }
        let (pattern, rest) = match text.strip_prefix("*.") {
            _ if text == "*" => return Ok(Self::Anybody),
            Some(rest) => (Self::Below(format!(".{rest}")), rest),
            None => (Self::Dns(text.to_owned()), text),
        };
        if rest.split('.').all(is_label) {
            Ok(pattern)
        } else {
            refused(format!("the identity {text}"))
        }
    }

    /// Whether a client of this name is meant. Stars mean no SPIFFE ID.
    pub(super) fn means(&self, name: &Name) -> Result<bool, NotModelled> {
        match (self, name) {
            (Self::Anybody, Name::Dns(_)) => Ok(true),
            (Self::Below(suffix), Name::Dns(name)) => Ok(name.len() > suffix.len() && name.ends_with(suffix)),
            (Self::Dns(wanted), Name::Dns(name)) => Ok(wanted == name),
            (Self::Spiffe(wanted), Name::Spiffe(id)) if is_spiffe(id) => Ok(wanted == id),
            // Whether a proxy makes a valid one of it is unknown.
            (Self::Spiffe(_), Name::Spiffe(id)) => Err(NotModelled(format!("a client called {id}"))),
            _ => Ok(false),
        }
    }
}

/// A label of a DNS name, of whatever length, as an identity may have it.
fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inner)
}

/// Whether `id` is a SPIFFE ID as SPIFFE has it: a trust domain and perhaps segments.
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
