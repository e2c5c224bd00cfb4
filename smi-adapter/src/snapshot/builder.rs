//! The builder of a snapshot from one complete input.

use super::Snapshot;
use super::id::{self, Id};
use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef, Origin, UNKNOWN_NAME};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::{ParseError, Parsed};

/// A builder of a snapshot from one complete input, such as a set of manifests or a dump of a cluster.
///
/// Every object should appear in the input once. An object that appears twice, possibly in two versions, is a mistake:
/// it is unknown which one counts, so neither has an effect, and both are reported (I1).
///
/// **The input must contain every workload**: pods, or the objects that create them. The snapshot
/// [covers](Snapshot#coverage) workloads, and a namespace with a traffic target is enforced, so a plan denies all traffic
/// to it that no target allows. If the input has no workloads, call [`Snapshot::uncover_workloads`] after
/// [`build`](Self::build), or set [`Enforcement::Off`](crate::settings::Enforcement::Off).
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
/// With the feature `yaml`, `yaml::Document::add_to` adds an object that was read from text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotBuilder {
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// Adds an SMI object. Returns a reference to it.
    pub fn add(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let parsed = object.into();
        self.once(id::reference(&parsed.object), |snapshot| _ = snapshot.insert(parsed))
    }

    /// Adds a service. Returns a reference to it.
    pub fn add_service(&mut self, service: Service) -> ObjectRef {
        let object = ObjectRef::service(ObjectKey::of(&service.metadata));
        self.once(object, |snapshot| _ = snapshot.insert_service(service))
    }

    /// Adds a pod, or an object that creates pods. Returns a reference to it.
    pub fn add_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        let object = workload.object().clone();
        self.once(object, |snapshot| _ = snapshot.insert_workload(workload))
    }

    /// Adds a namespace, for its labels and annotations. Returns a reference to it. If a namespace is added twice, its
    /// label neither enforces nor releases it.
    pub fn add_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        let object = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
        self.once(object, |snapshot| _ = snapshot.insert_namespace(namespace))
    }

    /// Records an SMI object that cannot be read. An error that does not name an object cannot be recorded. Show it to
    /// the author of the input.
    pub fn add_error(&mut self, error: &ParseError) {
        if let Some(diagnostic) = id::diagnostic_of(error) {
            self.add_undecodable(diagnostic);
        }
    }

    /// Records that the object of a diagnostic cannot be read. Returns a reference to it.
    pub fn add_undecodable(&mut self, diagnostic: Diagnostic) -> ObjectRef {
        let object = diagnostic.object.clone();
        if object.key.name == UNKNOWN_NAME {
            self.snapshot.insert_undecodable(diagnostic);
            return object;
        }
        self.once(object, |snapshot| snapshot.insert_undecodable(diagnostic))
    }

    /// Records a place that an object was read from, once for every time that the input contains the object.
    pub fn add_origin(&mut self, object: &ObjectRef, origin: Origin) {
        self.snapshot.origins.entry(Id::of(object)).or_default().push(origin);
    }

    /// Returns the snapshot.
    #[must_use]
    pub fn build(mut self) -> Snapshot {
        self.snapshot.cover_workloads();
        self.snapshot
    }

    /// Inserts an object, or records it as a duplicate if it was added before.
    fn once(&mut self, object: ObjectRef, insert: impl FnOnce(&mut Snapshot)) -> ObjectRef {
        let id = Id::of(&object);
        if self.snapshot.take_any(&id) {
            self.snapshot.duplicates.insert(id, object.clone());
        } else {
            insert(&mut self.snapshot);
        }
        object
    }
}

/// Continues with the objects of a snapshot.
impl From<Snapshot> for SnapshotBuilder {
    fn from(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }
}
