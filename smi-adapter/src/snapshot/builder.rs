//! Building a snapshot from one input that holds everything.

use super::Snapshot;
use super::id::{self, Id};
use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::{ParseError, Parsed};

/// A snapshot in the making, from one input that is the whole world: a set of manifests, or a dump of a cluster.
///
/// In such an input every object comes once. One that comes twice, perhaps in two versions, is a mistake: which one
/// counts is unknown, so neither has an effect and the author is told (I1). And since the input is all that there is,
/// the snapshot [covers](Snapshot#coverage) workloads.
///
/// ```
/// use smi_adapter::snapshot::SnapshotBuilder;
/// use smi_types::Object;
///
/// let json = br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
///                 "metadata": {"name": "canary", "namespace": "shop"}}"#;
/// let mut input = SnapshotBuilder::default();
/// input.add(Object::from_json(json)?);
/// input.add(Object::from_json(json)?);
/// let snapshot = input.build();
/// assert_eq!((snapshot.splits().count(), snapshot.duplicates().count()), (0, 1));
/// assert!(snapshot.covers_workloads());
/// # Ok::<(), smi_types::ParseError>(())
/// ```
///
/// With the feature `yaml`, `yaml::Document::add_to` adds an object of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotBuilder {
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// Adds an SMI object. Returns the reference to it.
    pub fn add(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let parsed = object.into();
        self.once(id::reference(&parsed.object), |snapshot| _ = snapshot.insert(parsed))
    }

    /// Adds a service. Returns the reference to it.
    pub fn add_service(&mut self, service: Service) -> ObjectRef {
        let object = ObjectRef::service(ObjectKey::of(&service.metadata));
        self.once(object, |snapshot| _ = snapshot.insert_service(service))
    }

    /// Adds a pod, or an object that makes pods. Returns the reference to it.
    pub fn add_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        let object = workload.object().clone();
        self.once(object, |snapshot| _ = snapshot.insert_workload(workload))
    }

    /// Adds a namespace, for its labels and annotations. Returns the reference to it. Of one that comes twice the label
    /// neither enforces nor releases it.
    pub fn add_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        let object = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
        self.once(object, |snapshot| _ = snapshot.insert_namespace(namespace))
    }

    /// Notes an SMI object that cannot be read. An error that names no object has no place in a snapshot: show it to
    /// whoever gave the input.
    pub fn add_error(&mut self, error: &ParseError) {
        if let Some(object) = id::object_of(error) {
            self.once(object, |snapshot| snapshot.insert_error(error));
        }
    }

    /// Notes that the object of a diagnostic cannot be read. Returns the reference to it.
    pub fn add_undecodable(&mut self, why: Diagnostic) -> ObjectRef {
        self.once(why.object.clone(), |snapshot| snapshot.insert_undecodable(why))
    }

    /// Returns the snapshot.
    #[must_use]
    pub fn build(mut self) -> Snapshot {
        self.snapshot.cover_workloads();
        self.snapshot
    }

    /// Inserts an object, unless it came before: then it is a duplicate from now on.
    fn once(&mut self, object: ObjectRef, insert: impl FnOnce(&mut Snapshot)) -> ObjectRef {
        let id = Id::of(&object);
        if self.snapshot.remove(&object) {
            self.snapshot.duplicates.insert(id, object.clone());
        } else {
            insert(&mut self.snapshot);
        }
        object
    }
}

/// Goes on with the objects of a snapshot.
impl From<Snapshot> for SnapshotBuilder {
    fn from(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }
}
