//! A mesh's own objects: as they are in a cluster, and as we want them.

use crate::model::{Policy, PolicyKey};
use crate::object::{Kind, ObjectKey, ObjectRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// The `spec` of a native kind, as an adapter writes it.
///
/// It writes every field that the mesh's CRD would default, so that what comes back from an API server
/// equals what was sent, and every list whose absence means something else than its emptiness.
pub trait Native: Serialize {
    /// The kind whose spec it is.
    const KIND: Kind;
}

/// An object of a mesh's API, as it is in a cluster or in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeObject {
    /// Its kind. An API server may leave it out of the items of a list: it is the kind that was listed.
    pub kind: Kind,
    /// Standard object metadata.
    pub metadata: ObjectMeta,
    /// Its `spec`. Nothing else of an object counts.
    pub spec: Value,
}

impl NativeObject {
    /// Its namespace and name.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        ObjectKey::of(&self.metadata)
    }

    /// Its kind, namespace and name.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::new(self.kind.clone(), self.key())
    }

    /// The object as JSON, with `apiVersion` and `kind`, as an API server takes it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!(self)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }
}

/// Serialises as an API server takes it.
impl Serialize for NativeObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NativeObject", 4)?;
        fields.serialize_field("apiVersion", &self.kind.api_version())?;
        fields.serialize_field("kind", &self.kind.kind)?;
        fields.serialize_field("metadata", &self.metadata)?;
        fields.serialize_field("spec", &self.spec)?;
        fields.end()
    }
}

/// An object that gives a policy its meaning, and what we know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// The object. Labels and annotations of ours are added by a plan.
    pub object: NativeObject,
    /// The policy that it belongs to.
    pub policy: PolicyKey,
    /// When it is written and deleted.
    pub stage: Stage,
    /// The SMI objects that it exists for.
    pub sources: BTreeSet<ObjectRef>,
}

impl Manifest {
    /// A manifest of `policy`, in its namespace. Objects of the stage [`Stage::Route`] are owned by the
    /// splits that they exist for, so that the garbage collector deletes them with the last one; those of
    /// access control are not, since it would delete them in any order.
    #[must_use]
    pub fn new(policy: &Policy, stage: Stage, kind: Kind, name: &str, spec: Value) -> Self {
        Self::of(policy, policy.sources(), stage, kind, name, spec)
    }

    /// Like [`new`](Self::new), for these sources only.
    pub(crate) fn of(
        policy: &Policy,
        sources: BTreeSet<ObjectRef>,
        stage: Stage,
        kind: Kind,
        name: &str,
        spec: Value,
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
                },
                spec,
            },
            policy: key,
            stage,
            sources,
        }
    }
}

/// Those of the sources of a manifest whose authors are told what became of it: splits and traffic targets; where there
/// are none, whatever there is.
pub(crate) fn authors(sources: &BTreeSet<ObjectRef>) -> impl Iterator<Item = &ObjectRef> {
    let says = |object: &&ObjectRef| object.kind == Kind::TRAFFIC_SPLIT || object.kind == Kind::TRAFFIC_TARGET;
    let nobody = !sources.iter().any(|object| says(&object));
    sources.iter().filter(move |object| nobody || says(object))
}

fn owners(policy: &Policy) -> Vec<OwnerReference> {
    let Policy::Route(route) = policy else {
        return Vec::new();
    };
    let splits = route.splits().iter();
    splits
        .filter_map(|split| {
            Some(OwnerReference {
                api_version: split.api_version().to_owned(),
                kind: Kind::TRAFFIC_SPLIT.kind.into_owned(),
                name: split.key().name.clone(),
                uid: split.uid()?.to_owned(),
                ..OwnerReference::default()
            })
        })
        .collect()
}

/// When an object is written: in this order; deletions go the other way round, after all writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// What others refer to, and what does nothing by itself.
    Leaf,
    /// Where traffic goes.
    Route,
    /// What allows.
    Grant,
    /// What denies all that no grant allows.
    Deny,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Leaf, Self::Route, Self::Grant, Self::Deny];

    /// The stage in lower case.
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
