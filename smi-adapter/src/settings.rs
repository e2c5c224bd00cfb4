//! What an embedder chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::str::FromStr;

/// The choices that the specification leaves open, and those about our own objects.
///
/// The defaults are the narrower readings. Change fields of a default:
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
    /// Who writes the native objects. Two embedders in one cluster need different owners, or scopes that
    /// have no namespace in common. Default: `smi-adapter`.
    pub owner: Owner,
    /// The namespaces whose SMI objects count, and in which anything is written or deleted. Default: all.
    pub scope: Scope,
    /// How much of the path a `pathRegex` must match (S4). Default: all of it.
    pub path_anchor: PathAnchor,
    /// How much of a header's value a header filter must match (S12). Default: all of it.
    pub header_anchor: HeaderAnchor,
    /// The DNS domain of the cluster, without a leading dot (T3). Default: `cluster.local`.
    pub cluster_domain: String,
    /// The trust domain of the mesh: what its own SPIFFE IDs begin with (A20). Default: `cluster.local`.
    pub trust_domain: String,
    /// In which namespaces whatever no traffic target allows is denied (A2). Default: those with targets.
    pub enforcement: Enforcement,
    /// Whether a traffic target may grant access to a destination in another namespace than its own (A22).
    /// Then whoever may write targets anywhere opens workloads everywhere. Default: no.
    pub foreign_destinations: bool,
    /// Labels that every native object gets, beside our own. Labels of ours win.
    pub labels: BTreeMap<String, String>,
    /// Annotations that every native object gets, beside our own. Annotations of ours win.
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
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// Namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// These only.
    Namespaces(BTreeSet<String>),
}

impl Scope {
    /// Whether `namespace` is one of them.
    #[must_use]
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(namespaces) => namespaces.contains(namespace),
        }
    }
}

/// In which namespaces whatever no traffic target allows is denied (A2).
///
/// A namespace decides for itself with its label [`ENFORCE_LABEL`]: `"true"` enforces it, `"false"` releases it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Those that hold a traffic target, valid or not, or objects of ours that enforce them already.
    #[default]
    Targets,
    /// All of them, but for these and for those of Kubernetes and the meshes ([`SYSTEM_NAMESPACES`]).
    All {
        /// Namespaces that are not enforced unless their label says so.
        except: BTreeSet<String>,
    },
    /// None, whatever labels say. Objects of access control are neither written, compared nor deleted: to release a
    /// namespace, use its label.
    Off,
}

/// The label by which a namespace is enforced, `"true"`, or released, `"false"` (A2).
pub const ENFORCE_LABEL: &str = "smi-adapter.dev/enforce";

/// Namespaces that [`Enforcement::All`] leaves out unless their label says otherwise.
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

/// How much of the path a `pathRegex` must match (S4). It always begins at the path's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathAnchor {
    /// The whole path, as implementations on Envoy read it.
    #[default]
    Full,
    /// A beginning of the path, as prefix-like implementations read it.
    Start,
}

/// How much of a header's value a header filter must match (S12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderAnchor {
    /// The whole value.
    #[default]
    Full,
    /// Any part of the value.
    Search,
}

/// Who writes native objects: the value of their label `app.kubernetes.io/managed-by`.
///
/// It is a valid label value: 1 to 63 of `A-Z a-z 0-9 - _ .`, alphanumeric at both ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

impl Owner {
    /// The owner as text.
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

/// The text is no label value, so that no API server would take it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no label value: 1 to 63 of A-Z a-z 0-9 - _ . with a letter or digit at both ends")]
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
