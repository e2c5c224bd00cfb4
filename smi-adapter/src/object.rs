//! Kinds, keys and references of objects, and bounded names for native objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::{self, Display};

mod kind;
mod origin;

pub use kind::{Kind, OtherKind};
pub use origin::Origin;
pub use smi_types::validate::{is_dns_label, is_dns_subdomain};
pub use smol_str::SmolStr;

/// The namespace and name of an object.
///
/// A [`SmolStr`] is used like the `str` that it dereferences to. Copies of it allocate nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectKey {
    /// Namespace.
    pub namespace: SmolStr,
    /// Name.
    pub name: SmolStr,
}

impl ObjectKey {
    /// Creates the key `namespace/name`.
    #[must_use]
    pub fn new(namespace: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self {
            namespace: SmolStr::new(namespace),
            name: SmolStr::new(name),
        }
    }

    /// Returns the key in an object's metadata. Without a namespace it is in `default` (I2).
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Self {
        Self::new(
            metadata.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE),
            metadata.name.as_deref().unwrap_or_default(),
        )
    }
}

/// The namespace of objects without one (I2). Readers of manifests let their users choose another.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Stands for the name of an object whose name cannot be read. No object can have this name.
pub const UNKNOWN_NAME: &str = "?";

impl Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A reference to an object. References are ordered by namespace and name, then by kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectRef {
    /// The namespace and name.
    pub key: ObjectKey,
    /// The kind.
    pub kind: Kind,
}

impl ObjectRef {
    /// Refers to the object of `kind` with `key`.
    #[must_use]
    pub const fn new(kind: Kind, key: ObjectKey) -> Self {
        Self { key, kind }
    }

    /// Refers to the traffic split with `key`.
    #[must_use]
    pub const fn split(key: ObjectKey) -> Self {
        Self::new(Kind::TrafficSplit, key)
    }

    /// Refers to the traffic target with `key`.
    #[must_use]
    pub const fn target(key: ObjectKey) -> Self {
        Self::new(Kind::TrafficTarget, key)
    }

    /// Refers to the namespace `name`. The key has the name twice, so that the namespace contains itself.
    #[must_use]
    pub fn namespace(name: &str) -> Self {
        Self::new(Kind::Namespace, ObjectKey::new(name, name))
    }

    /// Refers to the HTTP route group with `key`.
    #[must_use]
    pub const fn group(key: ObjectKey) -> Self {
        Self::new(Kind::HttpRouteGroup, key)
    }

    /// Refers to the service with `key`.
    #[must_use]
    pub const fn service(key: ObjectKey) -> Self {
        Self::new(Kind::Service, key)
    }
}

/// Writes `TrafficSplit shop/web`, or `Namespace shop`.
impl Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Kind::Namespace {
            return write!(f, "{} {}", self.kind, self.key.name);
        }
        write!(f, "{} {}", self.kind, self.key)
    }
}

/// Shortens a name to at most 63 characters: a longer name is cut and gets a hash of the whole name. Use it for names
/// of native objects, because mesh components copy them to labels.
#[must_use]
pub fn bounded_name(name: &str) -> String {
    if name.len() <= 63 {
        return name.to_owned();
    }
    cut(name, &content_hash(name))
}

/// Returns the beginning of `name` with a hash of the whole name and of `content`, at most 63 characters. Use it for
/// native objects that are never edited, so that different content gives a different object.
#[must_use]
pub fn hashed_name(name: &str, content: &str) -> String {
    cut(name, &content_hash(&format!("{name}\0{content}")))
}

/// Returns a hash of a text as 16 hexadecimal digits, for objects that are named by their content.
#[must_use]
pub fn content_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hash = digest
        .iter()
        .take(8)
        .fold(0u64, |hash, byte| hash << 8 | u64::from(*byte));
    format!("{hash:016x}")
}

fn cut(name: &str, hash: &str) -> String {
    let start: String = name.chars().take_while(char::is_ascii).take(46).collect();
    format!("{}-{hash}", start.trim_end_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_name_their_api_version() {
        assert_eq!(Kind::Service.api_version(), "v1");
        assert_eq!(Kind::TrafficSplit.api_version(), "split.smi-spec.io/v1alpha4");
    }

    #[test]
    fn validates_dns_names() {
        for name in ["a", "a-b", "1", &"a".repeat(63)] {
            assert!(is_dns_label(name), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "é", &"a".repeat(64)] {
            assert!(!is_dns_label(name), "{name}");
        }
        assert!(is_dns_subdomain("a.b-c.1"));
        for name in ["", ".", "a.", ".a", "a..b", &"a.".repeat(127)] {
            assert!(!is_dns_subdomain(name), "{name}");
        }
    }

    #[test]
    fn shortened_names_stay_different() {
        let long = "a".repeat(45) + ".-" + &"b".repeat(40);
        let name = bounded_name(&long);
        assert!(is_dns_subdomain(&name) && name.len() <= 63, "{name}");
        assert_ne!(name, bounded_name(&(long + "b")));
        assert_eq!(bounded_name("web"), "web");
        assert_eq!(bounded_name(&"a".repeat(63)), "a".repeat(63));
    }

    #[test]
    fn hashed_names_differ_by_content() {
        let name = hashed_name("deployment-web", "a");
        assert!(name.starts_with("deployment-web-") && name.len() == 31, "{name}");
        assert_ne!(name, hashed_name("deployment-web", "b"));
        assert_ne!(hashed_name("web", "a"), hashed_name("weba", ""));
        assert!(hashed_name(&"a.".repeat(90), "a").len() <= 63);
    }

    #[test]
    fn an_object_without_namespace_is_in_default() {
        // I2
        let metadata = ObjectMeta {
            name: Some("x".into()),
            ..ObjectMeta::default()
        };
        assert_eq!(ObjectKey::of(&metadata).to_string(), "default/x");
    }
}
