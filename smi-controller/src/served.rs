//! The version in which the objects of a kind are read.

use kube::api::DynamicObject;
use serde::Deserialize;
use smi_adapter::object::Kind;
use std::cmp::Reverse;

/// The groups of kinds that are part of every Kubernetes cluster, as far as their names have a dot.
const BUILT_IN: [&str; 2] = ["discovery.k8s.io", "networking.k8s.io"];

/// The version of a kind that a cluster serves and in which its objects are read.
///
/// Without a conversion webhook a version is a view: the API server drops the fields that the schema of the version
/// lacks. Only in the version in which an object is stored does it appear as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The version, such as `v1alpha2`.
    pub version: String,
    /// Is `true` if objects have the subresource `status` in this version.
    pub has_status: bool,
}

impl Served {
    /// Returns the version in which objects of a `CustomResourceDefinition` are to be read: the storage version if it
    /// is served, otherwise the newest served one. Returns `None` if the server does not serve the kind (yet), or if
    /// `crd` is not a `CustomResourceDefinition`.
    ///
    /// ```
    /// use kube::api::DynamicObject;
    /// use smi_controller::Served;
    ///
    /// let crd: DynamicObject = serde_json::from_value(serde_json::json!({
    ///     "metadata": {"name": "trafficsplits.split.smi-spec.io"},
    ///     "spec": {"versions": [
    ///         {"name": "v1alpha4", "served": true, "storage": false},
    ///         {"name": "v1alpha2", "served": true, "storage": true},
    ///     ]},
    ///     "status": {"conditions": [{"type": "Established", "status": "True"}]},
    /// }))?;
    /// assert_eq!(Served::of(&crd).map(|served| served.version).as_deref(), Some("v1alpha2"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of(crd: &DynamicObject) -> Option<Self> {
        let served = Versions::of(crd)?
            .spec
            .versions
            .into_iter()
            .filter(|version| version.served);
        let best = served.max_by(|one, other| one.rank().cmp(&other.rank()))?;
        Some(best.into())
    }

    /// Returns a version of a `CustomResourceDefinition`, if the server serves it.
    pub(crate) fn in_version(crd: &DynamicObject, version: &str) -> Option<Self> {
        let mut versions = Versions::of(crd)?.spec.versions.into_iter();
        let found = versions.find(|served| served.served && served.name == version)?;
        Some(found.into())
    }
}

/// Returns `true` if a kind has no `CustomResourceDefinition`, because it is part of every Kubernetes cluster.
pub(crate) fn is_built_in(kind: &Kind) -> bool {
    !kind.group().contains('.') || BUILT_IN.contains(&kind.group())
}

/// The part of a `CustomResourceDefinition` that tells which versions are served.
#[derive(Deserialize)]
struct Versions {
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Spec {
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    served: bool,
    storage: bool,
    #[serde(default)]
    subresources: Subresources,
}

#[derive(Deserialize, Default)]
struct Subresources {
    status: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct Status {
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    type_: String,
    status: String,
}

impl Versions {
    /// Reads the versions of an established `CustomResourceDefinition`.
    fn of(crd: &DynamicObject) -> Option<Self> {
        let versions = Self::deserialize(&crd.data).ok()?;
        let mut conditions = versions.status.conditions.iter();
        let established = conditions.any(|condition| condition.type_ == "Established" && condition.status == "True");
        established.then_some(versions)
    }
}

impl Version {
    /// Returns what versions are chosen by: the largest is read.
    fn rank(&self) -> impl Ord {
        (self.storage, age(&self.name))
    }
}

impl From<Version> for Served {
    fn from(version: Version) -> Self {
        Self {
            version: version.name,
            has_status: version.subresources.status.is_some(),
        }
    }
}

/// Orders versions from the oldest to the newest, as API servers do: alpha before beta before stable versions, then by
/// number. Other names come first.
fn age(version: &str) -> (u8, u32, u32, Reverse<&str>) {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, rest) = rest.split_at_checked(digits)?;
        let (stability, minor) = match rest {
            "" => (3, "0"),
            rest => match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
                (Some(minor), _) => (2, minor),
                (_, Some(minor)) => (1, minor),
                _ => return None,
            },
        };
        Some((stability, major.parse().ok()?, minor.parse().ok()?))
    };
    let (stability, major, minor) = parsed().unwrap_or_default();
    (stability, major, minor, Reverse(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn crd(versions: &Value, established: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "metadata": {"name": "trafficsplits.split.smi-spec.io"},
            "spec": {"versions": versions},
            "status": {"conditions": [{"type": "Established", "status": established}]},
        }))
        .unwrap()
    }

    fn read(versions: &Value) -> Option<String> {
        Served::of(&crd(versions, "True")).map(|served| served.version)
    }

    #[test]
    fn reads_the_storage_version_where_it_is_served() {
        let version = |name, served, storage| json!({"name": name, "served": served, "storage": storage});
        let older = version("v1alpha2", true, true);
        assert_eq!(
            read(&json!([version("v1alpha4", true, false), older])).unwrap(),
            "v1alpha2"
        );
        let hidden = version("v1alpha2", false, true);
        let newest = json!([
            version("v1alpha1", true, false),
            version("v1alpha4", true, false),
            hidden
        ]);
        assert_eq!(read(&newest).unwrap(), "v1alpha4");
        assert_eq!(read(&json!([hidden])), None);
        assert_eq!(read(&json!([])), None);
    }

    #[test]
    fn serves_nothing_before_a_crd_is_established() {
        let versions = json!([{"name": "v1alpha4", "served": true, "storage": true}]);
        assert_eq!(Served::of(&crd(&versions, "False")), None);
        let without_status = serde_json::from_value(json!({"spec": {"versions": versions}})).unwrap();
        assert_eq!(Served::of(&without_status), None);
    }

    #[test]
    fn knows_the_subresource_of_the_version() {
        let versions = json!([
            {"name": "v1alpha4", "served": true, "storage": false, "subresources": {"status": {}}},
            {"name": "v1alpha2", "served": true, "storage": true, "subresources": {}},
        ]);
        let crd = crd(&versions, "True");
        assert!(!Served::of(&crd).unwrap().has_status);
        assert!(Served::in_version(&crd, "v1alpha4").unwrap().has_status);
        assert_eq!(Served::in_version(&crd, "v1"), None);
    }

    #[test]
    fn newer_versions_are_later() {
        let sorted = [
            "other", "v1alpha1", "v1alpha4", "v2alpha1", "v1beta1", "v1beta10", "v1", "v10",
        ];
        assert!(sorted.is_sorted_by_key(|version| age(version)));
    }

    #[test]
    fn only_kinds_of_kubernetes_have_no_crd() {
        let ingress = Kind::new(&["networking.k8s.io", "v1", "Ingress", "ingresses"]);
        assert!([Kind::Pod, Kind::Deployment, ingress].iter().all(is_built_in));
        let route = Kind::new(&["gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"]);
        assert!(![Kind::TrafficSplit, route].iter().any(is_built_in));
    }
}
