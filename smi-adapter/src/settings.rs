//! Settings: the choices of an embedder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::str::FromStr;

/// The choices that the specification leaves open, and those about the objects managed by us.
///
/// The defaults are the narrower readings. To change them, modify the fields of a default value:
///
/// ```
/// use smi_adapter::settings::{PathAnchor, Settings};
///
/// let mut settings = Settings::default();
/// settings.owner = "my-operator".parse()?;
/// settings.path_anchor = PathAnchor::Start;
/// # Ok::<(), smi_adapter::settings::OwnerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The owner of the native objects that are written. Two embedders in one cluster need different owners, or scopes
    /// that have no namespace in common. Default: `smi-adapter`.
    pub owner: Owner,
    /// The namespaces whose SMI objects count, and in which objects are written and deleted. Default: all.
    pub scope: Scope,
    /// The part of the path that a `pathRegex` must match (S4). Default: the whole path.
    pub path_anchor: PathAnchor,
    /// The part of a header value that a header filter must match (S12). Default: the whole value.
    pub header_anchor: HeaderAnchor,
    /// The DNS domain of the cluster, without a leading dot (T3). Default: `cluster.local`.
    pub cluster_domain: String,
    /// The trust domain in the SPIFFE IDs of the mesh (A20). Default: `cluster.local`.
    pub trust_domain: String,
    /// The namespaces that are enforced, in which all traffic that no traffic target allows is denied (A2). Default:
    /// those with targets.
    pub enforcement: Enforcement,
    /// Is `true` if a traffic target may grant access to a destination in another namespace (A22). The right to write
    /// targets in any namespace then opens workloads in all of them. Default: `false`.
    pub foreign_destinations: bool,
    /// The treatment of fields that the type of an object does not have (I8). Default: they may be restrictions.
    pub unknown_fields: UnknownFields,
    /// Labels that are added to every native object. Our own labels take precedence.
    pub labels: BTreeMap<String, String>,
    /// Annotations that are added to every native object. Our own annotations take precedence.
    pub annotations: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            owner: Owner("smi-adapter".into()),
            scope: Scope::All,
            path_anchor: PathAnchor::Full,
            header_anchor: HeaderAnchor::Full,
            cluster_domain: "cluster.local".into(),
            trust_domain: "cluster.local".into(),
            enforcement: Enforcement::Targets,
            foreign_destinations: false,
            unknown_fields: UnknownFields::Restrict,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// A set of namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All namespaces.
    #[default]
    All,
    /// Only these namespaces.
    Namespaces(BTreeSet<String>),
}

impl Scope {
    /// Returns `true` if `namespace` is in the scope.
    #[must_use]
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(namespaces) => namespaces.contains(namespace),
        }
    }
}

/// The set of enforced namespaces, in which all traffic that no traffic target allows is denied (A2).
///
/// Except for [`Off`](Self::Off), the label [`ENFORCE_LABEL`] of a namespace takes precedence: `"true"` enforces it,
/// `"false"` releases it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Namespaces that contain a traffic target, valid or not, or access control objects that are managed by us
    /// already.
    #[default]
    Targets,
    /// All namespaces, except for these and for those of Kubernetes and the meshes ([`SYSTEM_NAMESPACES`]).
    All {
        /// Namespaces that are not enforced unless their label enforces them.
        except: BTreeSet<String>,
    },
    /// No namespace, regardless of labels. Access control objects are neither written, compared nor deleted. To release
    /// a namespace, use its label instead.
    Off,
}

/// The label of a namespace that enforces (`"true"`) or releases (`"false"`) it (A2).
pub const ENFORCE_LABEL: &str = "smi-adapter.dev/enforce";

/// Namespaces that [`Enforcement::All`] leaves out unless their label enforces them.
pub const SYSTEM_NAMESPACES: [&str; 9] = [
    "istio-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "linkerd",
    "linkerd-jaeger",
    "linkerd-multicluster",
    "linkerd-smi",
    "linkerd-viz",
];

/// The part of the path that a `pathRegex` must match (S4). The match always begins at the start of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathAnchor {
    /// The whole path, as in implementations that are based on Envoy.
    #[default]
    Full,
    /// A prefix of the path, as in prefix-like implementations.
    Start,
}

/// The part of a header value that a header filter must match (S12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderAnchor {
    /// The whole value.
    #[default]
    Full,
    /// Any part of the value.
    Search,
}

/// The treatment of fields that the type of an object does not have, such as a misspelled `match` of a split (I8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnknownFields {
    /// Such a field may be a restriction, so the smallest part of the object that contains it has no effect.
    #[default]
    Restrict,
    /// Such a field is ignored. Traffic that its author meant to exclude may be split or allowed.
    Ignore,
}

/// The owner of native objects: the value of their label `app.kubernetes.io/managed-by`.
///
/// It is a valid label value: 1 to 63 of the characters `A-Z a-z 0-9 - _ .`, alphanumeric at both ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

impl Owner {
    /// Returns the owner as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error that occurs when an owner is not a valid label value, which API servers would reject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid label value: use 1 to 63 of A-Z a-z 0-9 - _ . with a letter or digit at both ends")]
pub struct OwnerError(String);

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(owner: &str) -> Result<Self, OwnerError> {
        let edge = |c: char| c.is_ascii_alphanumeric();
        let inner = |c: char| edge(c) || matches!(c, '-' | '_' | '.');
        let valid = (1..=63).contains(&owner.len())
            && owner.chars().all(inner)
            && owner.starts_with(edge)
            && owner.ends_with(edge);
        if valid {
            Ok(Self(owner.into()))
        } else {
            Err(OwnerError(owner.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_label_values() {
        assert!("my-operator_1.x".parse::<Owner>().is_ok());
        for owner in ["", "-a", "a-", "a b", "a/b", &"a".repeat(64)] {
            assert!(owner.parse::<Owner>().is_err(), "{owner}");
        }
    }
}
