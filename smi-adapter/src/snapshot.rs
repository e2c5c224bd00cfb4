//! Snapshots: everything that meaning depends on, at one moment.

mod builder;
mod contents;
mod id;
mod lists;
mod removal;

pub use builder::SnapshotBuilder;
#[cfg(feature = "yaml")]
pub(crate) use id::{code_of, object_of};

use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef};
use crate::workload::Workload;
use id::Id;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use smi_types::{FieldPath, Object, ParseError, Parsed};
use std::collections::{BTreeMap, BTreeSet};

/// The SMI objects, services, workloads and namespaces of a cluster, or of a set of manifests.
///
/// A snapshot follows a cluster as a watch does: [`insert`](Self::insert) and its kin add an object or put it in the
/// place of what has its key, [`remove`](Self::remove) forgets one, and [`replace_all`](Self::replace_all) takes a new
/// list of one kind. Objects are kept by group, kind and key, whatever version they come in, so neither the order nor
/// the repetition of events matters. To read one set of manifests, in which an object that comes twice is a mistake
/// (I1), use a [`SnapshotBuilder`].
///
/// ```
/// use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
/// use smi_adapter::snapshot::Snapshot;
/// use smi_types::Object;
///
/// let json = br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
///                 "metadata": {"name": "canary", "namespace": "shop"}}"#;
/// let mut snapshot = Snapshot::default();
/// for _event in ["added", "modified"] {
///     match Object::from_json(json) {
///         Ok(parsed) => _ = snapshot.insert(parsed),
///         Err(error) => snapshot.insert_error(&error),
///     }
/// }
/// assert_eq!(snapshot.splits().count(), 1);
/// assert!(snapshot.remove(&ObjectRef::split(ObjectKey::new("shop", "canary"))));
///
/// // A watch that starts anew lists everything: what the list lacks is gone.
/// snapshot.replace_all(&Kind::TRAFFIC_SPLIT, [Object::from_json(json)]);
/// assert_eq!(snapshot.splits().count(), 1);
/// snapshot.replace_all(&Kind::TRAFFIC_SPLIT, Vec::<Object>::new());
/// assert_eq!(snapshot, Snapshot::default());
/// ```
///
/// # Coverage
///
/// Access control denies what no traffic target allows, so a workload that a snapshot lacks would be closed, although
/// some target allows its callers. A snapshot therefore *covers* workloads only if its owner declares so, with
/// [`cover_workloads`](Self::cover_workloads), or if it comes from a [`SnapshotBuilder`], whose input is the whole
/// world. As long as it does not, access control is left as it is: no namespace is enforced, and nothing of access
/// control is written, compared or deleted, as with [`Enforcement::Off`](crate::settings::Enforcement::Off). Every
/// traffic target of a namespace that would be enforced is reported,
/// [`WorkloadsNotCovered`](crate::diagnostic::Code::WorkloadsNotCovered), or the namespace itself where it has none.
///
/// ```
/// use smi_adapter::diagnostic::Code;
/// use smi_adapter::{resolve::resolve, settings::Settings, snapshot::Snapshot};
/// use smi_types::Object;
///
/// let mut snapshot = Snapshot::default();
/// snapshot.insert(Object::from_json(br#"{"apiVersion": "access.smi-spec.io/v1alpha3", "kind": "TrafficTarget",
///     "metadata": {"name": "orders", "namespace": "shop"}, "spec": {
///         "destination": {"kind": "ServiceAccount", "name": "database"},
///         "rules": [{"kind": "TCPRoute", "name": "postgres"}],
///         "sources": [{"kind": "ServiceAccount", "name": "orders", "namespace": "shop"}]}}"#)?);
/// let has = |snapshot: &Snapshot, code| {
///     resolve(snapshot, &Settings::default()).diagnostics.iter().any(|diagnostic| diagnostic.code == code)
/// };
/// assert!(has(&snapshot, Code::WorkloadsNotCovered));
///
/// snapshot.cover_workloads();
/// assert!(has(&snapshot, Code::NoDestinationWorkload));
/// # Ok::<(), smi_types::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    splits: BTreeMap<ObjectKey, TrafficSplit>,
    groups: BTreeMap<ObjectKey, HTTPRouteGroup>,
    tcp_routes: BTreeMap<ObjectKey, TCPRoute>,
    udp_routes: BTreeMap<ObjectKey, UDPRoute>,
    targets: BTreeMap<ObjectKey, TrafficTarget>,
    bindings: BTreeMap<ObjectKey, IdentityBinding>,
    services: BTreeMap<ObjectKey, Service>,
    workloads: BTreeMap<Id, Workload>,
    covers_workloads: bool,
    namespaces: BTreeMap<ObjectKey, Namespace>,
    enforced: BTreeSet<String>,
    undecodable: BTreeMap<Id, Diagnostic>,
    duplicates: BTreeMap<Id, ObjectRef>,
    ignored: BTreeMap<Id, (ObjectRef, Vec<FieldPath>)>,
}

impl Snapshot {
    /// Adds an SMI object, in the place of what has its key. Returns the reference to it.
    pub fn insert(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let Parsed { mut object, ignored } = object.into();
        let target = id::reference(&object);
        // I2: so that it can be judged by itself.
        let namespace = &mut object.metadata_mut().namespace;
        namespace.get_or_insert_with(|| target.key.namespace.clone());
        if !self.make_room(&target) {
            return target;
        }
        if !ignored.is_empty() {
            self.ignored.insert(Id::of(&target), (target.clone(), ignored));
        }
        let key = target.key.clone();
        match object {
            Object::TrafficSplit(split) => _ = self.splits.insert(key, *split),
            Object::HTTPRouteGroup(group) => _ = self.groups.insert(key, *group),
            Object::TCPRoute(route) => _ = self.tcp_routes.insert(key, *route),
            Object::UDPRoute(route) => _ = self.udp_routes.insert(key, *route),
            Object::TrafficTarget(access) => _ = self.targets.insert(key, *access),
            Object::IdentityBinding(binding) => _ = self.bindings.insert(key, *binding),
            // There is no other kind that has objects in a cluster.
            _ => {}
        }
        target
    }

    /// Adds a service, in the place of what has its key. Returns the reference to it.
    pub fn insert_service(&mut self, service: Service) -> ObjectRef {
        let target = ObjectRef::service(ObjectKey::of(&service.metadata));
        if self.make_room(&target) {
            self.services.insert(target.key.clone(), service);
        }
        target
    }

    /// Adds a pod or an object that makes pods, in the place of what has its kind and key. Returns the reference to it.
    ///
    /// Workloads have no effect before [`cover_workloads`](Self::cover_workloads).
    pub fn insert_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        let target = workload.object().clone();
        if self.make_room(&target) {
            self.workloads.insert(Id::of(&target), workload);
        }
        target
    }

    /// Adds a namespace, for its labels and annotations, in the place of the one with its name. Returns the reference to
    /// it.
    pub fn insert_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        let target = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
        if self.make_room(&target) {
            self.namespaces.insert(target.key.clone(), namespace);
        }
        target
    }

    /// Notes that an SMI object is there and cannot be read, in the place of what it was before.
    ///
    /// An error that names no object has no place in a snapshot: show it to whoever gave the input.
    pub fn insert_error(&mut self, error: &ParseError) {
        if let Some(object) = id::object_of(error) {
            let (code, field) = (id::code_of(error), error.path().clone());
            self.insert_undecodable(Diagnostic::new(code, object, field, error.message()));
        }
    }

    /// Notes that the object of a diagnostic is there and cannot be read, in the place of what it was before.
    ///
    /// Whatever refers to the object finds it unusable, and its author gets the diagnostic. The version of the object's
    /// kind does not matter.
    pub fn insert_undecodable(&mut self, mut why: Diagnostic) {
        self.remove(&why.object);
        // Whoever looks for undecodable objects of a kind compares with the constant.
        why.object = id::canonical(why.object);
        self.undecodable.insert(Id::of(&why.object), why);
    }

    /// Notes that `namespace` is enforced already (A2). A plan finds that out from what it observes; tools that see no
    /// cluster declare it.
    pub fn insert_enforced(&mut self, namespace: impl Into<String>) {
        self.enforced.insert(namespace.into());
    }

    /// Declares that the snapshot holds every workload of the scope, now and after every change: pods, and the objects
    /// that make them. See [coverage](Self#coverage).
    ///
    /// Call it once the lists of all of them have arrived.
    pub fn cover_workloads(&mut self) {
        self.covers_workloads = true;
    }

    /// Forgets what has the key of `object`. Returns `false` if no API server accepts the key; then it is noted as
    /// undecodable.
    fn make_room(&mut self, object: &ObjectRef) -> bool {
        self.remove(object);
        let refusal = id::refusal(object);
        let accepted = refusal.is_none();
        if let Some(why) = refusal {
            self.insert_undecodable(why);
        }
        accepted
    }
}

#[cfg(test)]
mod tests;
