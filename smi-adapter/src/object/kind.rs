//! Kinds of objects.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt::{self, Debug, Display};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Group, version, kind and plural.
type Names<'a> = [&'a str; 4];

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident: $group:literal, $version:literal, $kind:literal, $plural:literal;)*) => {
        /// A kind of Kubernetes object, in one version.
        ///
        /// The kinds that SMI objects refer to are variants, to be matched; kinds of meshes are
        /// [`Other`](Self::Other). Cloning allocates nothing. Kinds are ordered by group, version and name.
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// Any other kind.
            Other(OtherKind),
        }

        impl Kind {
            /// Creates a kind from its group, version, name and plural. Where they are those of a variant, it is this
            /// variant.
            ///
            /// ```
            /// use smi_adapter::object::Kind;
            ///
            /// const VIRTUAL_SERVICE: Kind = Kind::new(&["networking.istio.io", "v1", "VirtualService", "virtualservices"]);
            /// assert_eq!(VIRTUAL_SERVICE.api_version(), "networking.istio.io/v1");
            /// assert!(matches!(Kind::new(&["", "v1", "Service", "services"]), Kind::Service));
            /// ```
            #[must_use]
            pub const fn new(names: &'static [&'static str; 4]) -> Self {
                let [group, version, kind, _] = *names;
                $(if equal(group, $group) && equal(version, $version) && equal(kind, $kind) {
                    return Self::$variant;
                })*
                Self::Other(OtherKind(Stored::Static(names)))
            }

            /// Creates a kind from names that are known at run time only. Where they are those of a variant, it is
            /// this variant.
            #[must_use]
            pub fn named(group: &str, version: &str, kind: &str, plural: &str) -> Self {
                match [group, version, kind] {
                    $([$group, $version, $kind] => Self::$variant,)*
                    _ => Self::Other(OtherKind(Stored::Shared(Arc::new(
                        [group, version, kind, plural].map(str::to_owned),
                    )))),
                }
            }

            fn names(&self) -> Names<'_> {
                match self {
                    $(Self::$variant => [$group, $version, $kind, $plural],)*
                    Self::Other(other) => other.names(),
                }
            }
        }
    };
}

kinds! {
    /// `TrafficSplit`. SMI kinds have their newest released version here, regardless of the version that an object was
    /// read in.
    TrafficSplit: "split.smi-spec.io", "v1alpha4", "TrafficSplit", "trafficsplits";
    /// `HTTPRouteGroup`
    HttpRouteGroup: "specs.smi-spec.io", "v1alpha4", "HTTPRouteGroup", "httproutegroups";
    /// `TCPRoute`
    TcpRoute: "specs.smi-spec.io", "v1alpha4", "TCPRoute", "tcproutes";
    /// `UDPRoute`
    UdpRoute: "specs.smi-spec.io", "v1alpha4", "UDPRoute", "udproutes";
    /// `TrafficTarget`
    TrafficTarget: "access.smi-spec.io", "v1alpha3", "TrafficTarget", "traffictargets";
    /// `IdentityBinding`
    IdentityBinding: "access.smi-spec.io", "v1alpha4", "IdentityBinding", "identitybindings";
    /// `Service` of the core group
    Service: "", "v1", "Service", "services";
    /// `Namespace` of the core group
    Namespace: "", "v1", "Namespace", "namespaces";
    /// `Pod` of the core group
    Pod: "", "v1", "Pod", "pods";
    /// `ReplicationController` of the core group
    ReplicationController: "", "v1", "ReplicationController", "replicationcontrollers";
    /// `Deployment` of the group `apps`
    Deployment: "apps", "v1", "Deployment", "deployments";
    /// `StatefulSet` of the group `apps`
    StatefulSet: "apps", "v1", "StatefulSet", "statefulsets";
    /// `DaemonSet` of the group `apps`
    DaemonSet: "apps", "v1", "DaemonSet", "daemonsets";
    /// `ReplicaSet` of the group `apps`
    ReplicaSet: "apps", "v1", "ReplicaSet", "replicasets";
    /// `Job` of the group `batch`
    Job: "batch", "v1", "Job", "jobs";
    /// `CronJob` of the group `batch`
    CronJob: "batch", "v1", "CronJob", "cronjobs";
}

impl Kind {
    /// Every SMI kind whose objects exist in a cluster.
    pub const SMI: [Self; 6] = [
        Self::TrafficSplit,
        Self::HttpRouteGroup,
        Self::TcpRoute,
        Self::UdpRoute,
        Self::TrafficTarget,
        Self::IdentityBinding,
    ];

    /// The kind of pods, and every kind whose objects create pods.
    pub const WORKLOADS: [Self; 8] = [
        Self::Pod,
        Self::ReplicationController,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::Job,
        Self::CronJob,
    ];

    /// Returns the API group; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        let [group, ..] = self.names();
        group
    }

    /// Returns the version within the group, such as `v1`.
    #[must_use]
    pub fn version(&self) -> &str {
        let [_, version, ..] = self.names();
        version
    }

    /// Returns the name of the kind, such as `Service`.
    #[must_use]
    pub fn name(&self) -> &str {
        let [_, _, kind, _] = self.names();
        kind
    }

    /// Returns the plural in lower case, as used in URLs.
    #[must_use]
    pub fn plural(&self) -> &str {
        let [.., plural] = self.names();
        plural
    }

    /// Returns `true` if both are the same kind, in any version.
    ///
    /// ```
    /// use smi_adapter::object::Kind;
    ///
    /// let older = Kind::named("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits");
    /// assert!(older.is_same(&Kind::TrafficSplit) && older != Kind::TrafficSplit);
    /// ```
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.group() == other.group() && self.name() == other.name()
    }

    /// Returns the `apiVersion` of objects of this kind.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => [group, "/", self.version()].concat(),
        }
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        self.names().cmp(&other.names())
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes `networking.istio.io/v1 VirtualService`.
impl Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version(), self.name())
    }
}

/// Writes the name of the kind.
impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Serialises as `{"group": …, "version": …, "kind": …, "plural": …}`.
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Kind", 4)?;
        for (field, value) in ["group", "version", "kind", "plural"].into_iter().zip(self.names()) {
            fields.serialize_field(field, value)?;
        }
        fields.end()
    }
}

/// The names of a kind that is not a variant of [`Kind`].
#[derive(Clone, Debug)]
pub struct OtherKind(Stored);

#[derive(Clone, Debug)]
enum Stored {
    Static(&'static Names<'static>),
    Shared(Arc<[String; 4]>),
}

impl OtherKind {
    fn names(&self) -> Names<'_> {
        match &self.0 {
            Stored::Static(names) => **names,
            Stored::Shared(names) => names.each_ref().map(String::as_str),
        }
    }
}

impl PartialEq for OtherKind {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Stored::Static(one), Stored::Static(other)) if std::ptr::eq(*one, *other) => true,
            (Stored::Shared(one), Stored::Shared(other)) if Arc::ptr_eq(one, other) => true,
            _ => self.names() == other.names(),
        }
    }
}

impl Eq for OtherKind {}

impl Hash for OtherKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().hash(state);
    }
}

/// Compares two texts where `==` cannot: in constants.
#[expect(clippy::indexing_slicing, reason = "the index is below the length of both")]
const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_kind() {
        const STATIC: Kind = Kind::new(&["x.dev", "v1", "Proxy", "proxies"]);
        let shared = Kind::named("x.dev", "v1", "Proxy", "proxies");
        assert_eq!(STATIC, shared);
        assert_eq!(STATIC.cmp(&shared), Ordering::Equal);
        assert_ne!(STATIC, Kind::named("x.dev", "v2", "Proxy", "proxies"));
        for kind in Kind::SMI.into_iter().chain(Kind::WORKLOADS) {
            assert_eq!(
                kind,
                Kind::named(kind.group(), kind.version(), kind.name(), kind.plural())
            );
            assert!(!matches!(kind, Kind::Other(_)));
        }
    }

    #[test]
    fn orders_by_names() {
        let mut kinds = [Kind::TrafficSplit, STATIC, Kind::Service, Kind::Deployment];
        kinds.sort();
        assert_eq!(kinds, [Kind::Service, Kind::Deployment, Kind::TrafficSplit, STATIC]);
    }

    const STATIC: Kind = Kind::new(&["x.dev", "v1", "Proxy", "proxies"]);
}
