//! Native objects of a mesh: as they exist in a cluster, and as a plan writes them.

mod metadata;
mod same;
mod spec;

pub use metadata::Metadata;
pub use spec::Spec;

use crate::model::{Policy, PolicyKey};
use crate::object::{DEFAULT_NAMESPACE, Kind, ObjectKey, ObjectRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// The annotation with the policy of an object managed by us.
pub(crate) const POLICY: &str = "smi-adapter.dev/policy";

/// The `spec` of a native kind, as an adapter writes it.
///
/// It writes every field that has a default in the mesh's CRD, so that the API server returns exactly what was sent. It
/// also writes every list whose absence has a different meaning than an empty list.
pub trait Native: Serialize {
    /// The kind that the spec belongs to.
    const KIND: Kind;
}

/// An object of a mesh's API, as it appears in a cluster or in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeObject {
    /// The kind. An API server may omit it from the items of a list; use the kind that was listed.
    pub kind: Kind,
    /// Standard object metadata, shared with the copies of the object.
    pub metadata: Metadata,
    /// The `spec`. Other parts of an object, such as its status, do not count.
    pub spec: Spec,
}

impl NativeObject {
    /// Returns the namespace and name.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        ObjectKey::of(&self.metadata)
    }

    /// Returns the kind, namespace and name.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(self.kind.clone(), self.key())
    }

    /// Returns the object as JSON with `apiVersion` and `kind`, as an API server accepts it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!(self)
    }

    /// Returns what objects are sorted by: the parts of their [references](Self::reference).
    pub(crate) fn order(&self) -> (&str, &str, &Kind) {
        let ObjectMeta { namespace, name, .. } = &*self.metadata;
        (
            namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE),
            name.as_deref().unwrap_or_default(),
            &self.kind,
        )
    }

    /// Writes the object as JSON text, as an API server accepts it.
    ///
    /// # Errors
    /// If the metadata holds what JSON cannot express, which no API server stores.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut json = Vec::with_capacity(1024);
        json.extend(br#"{"apiVersion":"#);
        serde_json::to_writer(&mut json, &self.kind.api_version())?;
        json.extend(br#","kind":"#);
        serde_json::to_writer(&mut json, self.kind.name())?;
        json.extend(br#","metadata":"#);
        serde_json::to_writer(&mut json, &*self.metadata)?;
        json.extend(br#","spec":"#);
        match self.spec.text() {
            Some(spec) => json.extend(spec.as_bytes()),
            None => serde_json::to_writer(&mut json, &self.spec)?,
        }
        json.push(b'}');
        Ok(json)
    }

    /// Returns the name of the policy that an object managed by us was written for, in the form of
    /// [`Action::policy`](crate::plan::Action::policy). It is read from an annotation, which others can write as well.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.annotation(POLICY)
    }

    /// Returns the value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// Returns the value of an annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// Serialises the object as an API server accepts it.
impl Serialize for NativeObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NativeObject", 4)?;
        fields.serialize_field("apiVersion", &self.kind.api_version())?;
        fields.serialize_field("kind", self.kind.name())?;
        fields.serialize_field("metadata", &self.metadata)?;
        fields.serialize_field("spec", &self.spec)?;
        fields.end()
    }
}

/// A native object that expresses a policy, together with the policy, its stage and its sources.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// The object. A plan adds the labels and annotations that mark it as managed by us.
    pub object: NativeObject,
    /// The policy that the object belongs to.
    pub policy: PolicyKey,
    /// The stage of a plan at which the object is written or deleted.
    pub stage: Stage,
    /// The SMI objects that the object exists for.
    pub sources: BTreeSet<ObjectRef>,
}

impl Manifest {
    /// Creates a manifest of `policy`, in its namespace, for these sources.
    ///
    /// Objects of the stage [`Stage::Route`] are owned by the splits that they exist for, so that the garbage collector
    /// deletes them with the last one. Objects for access control have no owner, because the garbage collector would
    /// delete them in any order.
    pub(crate) fn of(
        policy: &Policy,
        sources: BTreeSet<ObjectRef>,
        stage: Stage,
        kind: Kind,
        name: &str,
        spec: Spec,
    ) -> Self {
        let key = policy.key();
        let owners = if stage == Stage::Route {
            owners(policy)
        } else {
            Vec::new()
        };
        Self {
            object: NativeObject {
                kind,
                metadata: ObjectMeta {
                    namespace: Some(key.namespace().to_owned()),
                    name: Some(name.to_owned()),
                    owner_references: (!owners.is_empty()).then_some(owners),
                    ..ObjectMeta::default()
                }
                .into(),
                spec,
            },
            policy: key,
            stage,
            sources,
        }
    }
}

/// Returns the sources of a manifest on which a problem with it is reported: its splits and traffic targets, or all
/// sources if there are none.
pub(crate) fn reportable(sources: &BTreeSet<ObjectRef>) -> impl Iterator<Item = &ObjectRef> {
    let is_policy = |object: &&ObjectRef| matches!(object.kind, Kind::TrafficSplit | Kind::TrafficTarget);
    let has_policy = sources.iter().any(|object| is_policy(&object));
    sources.iter().filter(move |object| !has_policy || is_policy(object))
}

fn owners(policy: &Policy) -> Vec<OwnerReference> {
    let Policy::Route(route) = policy else {
        return Vec::new();
    };
    let mut owners = Vec::with_capacity(route.splits().len());
    owners.extend(route.splits().iter().filter_map(|split| {
        Some(OwnerReference {
            api_version: split.api_version().to_owned(),
            kind: Kind::TrafficSplit.to_string(),
            name: split.key().name.to_string(),
            uid: split.uid()?.to_owned(),
            ..OwnerReference::default()
        })
    }));
    owners
}

/// A stage of a plan. Objects are written in the order of the stages, and deleted in reverse order after all writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Objects that other objects refer to, and that have no effect by themselves.
    Leaf,
    /// Objects that route traffic.
    Route,
    /// Objects that allow traffic.
    Grant,
    /// Objects that deny all traffic that no grant allows.
    Deny,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Leaf, Self::Route, Self::Grant, Self::Deny];

    /// Returns the name of the stage in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Route => "route",
            Self::Grant => "grant",
            Self::Deny => "deny",
        }
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
