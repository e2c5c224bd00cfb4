//! Removal and replacement of the objects of a snapshot.

use super::Snapshot;
use super::id::{self, Id};
use crate::object::{Kind, ObjectRef};

impl Snapshot {
    /// Removes an object, including one that is undecodable or a duplicate. Returns `true` if it was in the snapshot.
    ///
    /// The object is identified by group, kind and key. The version of its kind does not matter, nor does the namespace
    /// in the key of a Namespace.
    pub fn remove(&mut self, object: &ObjectRef) -> bool {
        let id = Id::of(object);
        let was_duplicate = self.duplicates.remove(&id).is_some();
        self.take(&id) || was_duplicate
    }

    /// Replaces all objects of one kind, in any version, with a new list. Objects that are not in the list are removed.
    ///
    /// The list can contain SMI objects of one kind (plain, or as results of parsing them), services, workloads of one
    /// kind, or namespaces. Items of a list response may lack their kind: parse them with the kind that was listed, so
    /// that an error names the object.
    ///
    /// ```
    /// use k8s_openapi::api::core::v1::Pod;
    /// use smi_adapter::object::Kind;
    /// use smi_adapter::{snapshot::Snapshot, workload::Workload};
    ///
    /// let pods: Vec<Pod> = vec![serde_json::from_value(serde_json::json!({"metadata": {"name": "api-1"}}))?];
    /// let mut snapshot = Snapshot::default();
    /// snapshot.replace_all(&Kind::POD, pods.iter().map(Workload::from));
    /// assert_eq!(snapshot.workloads().count(), 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn replace_all<T>(&mut self, kind: &Kind, objects: impl IntoIterator<Item = T>)
    where
        Self: Extend<T>,
    {
        self.clear(kind);
        self.extend(objects);
    }

    /// Removes all objects of a kind.
    fn clear(&mut self, kind: &Kind) {
        let Self {
            splits,
            groups,
            tcp_routes,
            udp_routes,
            targets,
            bindings,
            services,
            workloads,
            covers_workloads: _,
            namespaces,
            enforced: _,
            undecodable,
            duplicates,
            ignored,
        } = self;
        let is = |known: &Kind| id::is_same(kind, known);
        splits.retain(|_, _| !is(&Kind::TRAFFIC_SPLIT));
        groups.retain(|_, _| !is(&Kind::HTTP_ROUTE_GROUP));
        tcp_routes.retain(|_, _| !is(&Kind::TCP_ROUTE));
        udp_routes.retain(|_, _| !is(&Kind::UDP_ROUTE));
        targets.retain(|_, _| !is(&Kind::TRAFFIC_TARGET));
        bindings.retain(|_, _| !is(&Kind::IDENTITY_BINDING));
        services.retain(|_, _| !is(&Kind::SERVICE));
        namespaces.retain(|_, _| !is(&Kind::NAMESPACE));
        workloads.retain(|id, _| !id.is(kind));
        undecodable.retain(|id, _| !id.is(kind));
        duplicates.retain(|id, _| !id.is(kind));
        ignored.retain(|id, _| !id.is(kind));
    }

    /// Removes an object that is not a duplicate. Returns `true` if it was in the snapshot.
    fn take(&mut self, id: &Id) -> bool {
        self.ignored.remove(id);
        let key = &id.key;
        let was_decoded = if id.is(&Kind::TRAFFIC_SPLIT) {
            self.splits.remove(key).is_some()
        } else if id.is(&Kind::HTTP_ROUTE_GROUP) {
            self.groups.remove(key).is_some()
        } else if id.is(&Kind::TCP_ROUTE) {
            self.tcp_routes.remove(key).is_some()
        } else if id.is(&Kind::UDP_ROUTE) {
            self.udp_routes.remove(key).is_some()
        } else if id.is(&Kind::TRAFFIC_TARGET) {
            self.targets.remove(key).is_some()
        } else if id.is(&Kind::IDENTITY_BINDING) {
            self.bindings.remove(key).is_some()
        } else if id.is(&Kind::SERVICE) {
            self.services.remove(key).is_some()
        } else if id.is(&Kind::NAMESPACE) {
            self.namespaces.remove(key).is_some()
        } else {
            self.workloads.remove(id).is_some()
        };
        self.undecodable.remove(id).is_some() || was_decoded
    }
}
