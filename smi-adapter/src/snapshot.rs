//! Snapshots: the input of a resolution, which is everything that the meaning of SMI objects depends on.

mod builder;
mod contents;
mod id;
mod lists;
mod look_up;
mod origins;
mod removal;
mod scoped;

pub use builder::SnapshotBuilder;
#[cfg(feature = "yaml")]
pub(crate) use id::code_of;
pub(crate) use id::{canonical, object_of, reference};
pub(crate) use scoped::Scoped;

use crate::diagnostic::Diagnostic;
use crate::object::{ObjectKey, ObjectRef, Origin, SmolStr, UNKNOWN_NAME};
use crate::workload::Workload;
use id::Id;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use smi_types::{FieldPath, Object, ParseError, Parsed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The SMI objects, services, workloads and namespaces of a cluster, or of a set of manifests.
///
/// A snapshot follows a cluster as a watch does. [`insert`](Self::insert) and the other insertion methods add an object
/// or replace the one with the same key, [`remove`](Self::remove) removes one, and [`replace_all`](Self::replace_all)
/// takes a new list of one kind. Objects are identified by group, kind and key, regardless of their version, so neither
/// the order nor the repetition of events matters. To read one set of manifests, in which a repeated object is a
/// mistake (I1), use a [`SnapshotBuilder`].
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
/// // A restarted watch lists everything. Objects that are not in the list are gone.
/// snapshot.replace_all(&Kind::TrafficSplit, [Object::from_json(json)]);
/// assert_eq!(snapshot.splits().count(), 1);
/// snapshot.replace_all(&Kind::TrafficSplit, Vec::<Object>::new());
/// assert_eq!(snapshot, Snapshot::default());
/// ```
///
/// # Coverage
///
/// Access control denies everything that no traffic target allows. A workload that is missing in a snapshot would
/// therefore be closed, even to callers that some target allows. So a snapshot *covers* workloads only if its owner
/// declares it with [`cover_workloads`](Self::cover_workloads), or if it comes from a [`SnapshotBuilder`], whose input
/// is complete. Until then access control is left as it is: no namespace is enforced, and access control objects are
/// neither written, compared nor deleted, as with [`Enforcement::Off`](crate::settings::Enforcement::Off). Every
/// traffic target of a namespace that would be enforced is reported as
/// [`WorkloadsNotCovered`](crate::diagnostic::Code::WorkloadsNotCovered), or the namespace itself if it has no target.
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
    splits: BTreeMap<ObjectKey, Box<TrafficSplit>>,
    groups: BTreeMap<ObjectKey, Box<HTTPRouteGroup>>,
    tcp_routes: BTreeMap<ObjectKey, Box<TCPRoute>>,
    udp_routes: BTreeMap<ObjectKey, Box<UDPRoute>>,
    targets: BTreeMap<ObjectKey, Box<TrafficTarget>>,
    bindings: BTreeMap<ObjectKey, Box<IdentityBinding>>,
    services: BTreeMap<ObjectKey, Arc<Service>>,
    workloads: BTreeMap<Id, Arc<Workload>>,
    covers_workloads: bool,
    namespaces: BTreeMap<ObjectKey, Box<Namespace>>,
    enforced: BTreeSet<SmolStr>,
    undecodable: BTreeMap<Id, Vec<Diagnostic>>,
    duplicates: BTreeMap<Id, ObjectRef>,
    unread: BTreeMap<Id, Unread>,
    /// The places in manifests. Objects of a cluster have their origin in their metadata.
    origins: BTreeMap<Id, Vec<Origin>>,
}

/// The fields of an SMI object that its type does not have (I8).
#[derive(Clone, Debug, Default, PartialEq)]
struct Unread {
    /// Fields that may be restrictions.
    unknown: Vec<FieldPath>,
    /// Fields that mean nothing.
    ignored: Vec<FieldPath>,
}

impl Snapshot {
    /// Adds an SMI object, or replaces the one with the same kind and key. Returns a reference to it.
    pub fn insert(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let Parsed {
            mut object,
            unknown,
            ignored,
        } = object.into();
        let target = id::reference(&object);
        // I2: the object carries its namespace, so that it can be validated by itself.
        let namespace = &mut object.metadata_mut().namespace;
        namespace.get_or_insert_with(|| target.key.namespace.to_string());
        if !self.make_room(&target) {
            return target;
        }
        if !unknown.is_empty() || !ignored.is_empty() {
            self.unread.insert(Id::of(&target), Unread { unknown, ignored });
        }
        let key = target.key.clone();
        match object {
            Object::TrafficSplit(split) => _ = self.splits.insert(key, split),
            Object::HTTPRouteGroup(group) => _ = self.groups.insert(key, group),
            Object::TCPRoute(route) => _ = self.tcp_routes.insert(key, route),
            Object::UDPRoute(route) => _ = self.udp_routes.insert(key, route),
            Object::TrafficTarget(access) => _ = self.targets.insert(key, access),
            Object::IdentityBinding(binding) => _ = self.bindings.insert(key, binding),
            // No other kind has objects in a cluster.
            _ => {}
        }
        target
    }

    /// Adds a service, or replaces the one with the same key. Returns a reference to it.
    pub fn insert_service(&mut self, service: Service) -> ObjectRef {
        let target = ObjectRef::service(ObjectKey::of(&service.metadata));
        if self.make_room(&target) {
            self.services.insert(target.key.clone(), Arc::new(service));
        }
        target
    }

    /// Adds a pod or an object that creates pods, or replaces the one with the same kind and key. Returns a reference
    /// to it.
    ///
    /// Workloads have no effect before [`cover_workloads`](Self::cover_workloads) is called.
    pub fn insert_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        let target = workload.object().clone();
        if self.make_room(&target) {
            self.workloads.insert(Id::of(&target), Arc::new(workload));
        }
        target
    }

    /// Adds a namespace, for its labels and annotations, or replaces the one with the same name. Returns a reference to
    /// it.
    pub fn insert_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        let target = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
        if self.make_room(&target) {
            self.namespaces.insert(target.key.clone(), Box::new(namespace));
        }
        target
    }

    /// Records that an SMI object exists but cannot be read, and removes its former content.
    ///
    /// An error that does not name an object cannot be recorded. Show it to the author of the input.
    pub fn insert_error(&mut self, error: &ParseError) {
        if let Some(diagnostic) = id::diagnostic_of(error) {
            self.insert_undecodable(diagnostic);
        }
    }

    /// Records that the object of a diagnostic exists but cannot be read, and removes its former content.
    ///
    /// Objects that refer to it find it unusable, and its author gets the diagnostic. The version of the object's kind
    /// does not matter.
    pub fn insert_undecodable(&mut self, mut diagnostic: Diagnostic) {
        // Undecodable objects are looked up by the constants for their kinds.
        diagnostic.object = id::canonical(diagnostic.object);
        let id = Id::of(&diagnostic.object);
        if id.key.name != UNKNOWN_NAME {
            self.remove(&diagnostic.object);
        }
        let known = self.undecodable.entry(id).or_default();
        if !known.contains(&diagnostic) {
            known.push(diagnostic);
        }
    }

    /// Records that `namespace` is enforced already (A2). A plan determines this from the observed objects; tools
    /// without a cluster declare it.
    pub fn insert_enforced(&mut self, namespace: impl AsRef<str>) {
        self.enforced.insert(SmolStr::new(namespace));
    }

    /// Declares that the snapshot contains every workload of the scope, now and after every change: pods, and the
    /// objects that create them. See [coverage](Self#coverage).
    ///
    /// Call this once the lists of all workload kinds have arrived.
    pub fn cover_workloads(&mut self) {
        self.covers_workloads = true;
    }

    /// Withdraws the declaration of [`cover_workloads`](Self::cover_workloads), for example because the list of a
    /// workload kind must be read again.
    pub fn uncover_workloads(&mut self) {
        self.covers_workloads = false;
    }

    /// Removes the object with the kind and key of `object`. Returns `false` if API servers reject the key; the object
    /// is then recorded as undecodable.
    fn make_room(&mut self, object: &ObjectRef) -> bool {
        self.remove(object);
        let refusal = id::refusal(object);
        let accepted = refusal.is_none();
        if let Some(diagnostic) = refusal {
            self.insert_undecodable(diagnostic);
        }
        accepted
    }
}

#[cfg(test)]
mod tests;
