//! Removing what is gone.

use super::Snapshot;
use super::id::{self, Id};
use crate::object::{Kind, ObjectRef};

impl Snapshot {
    /// Forgets an object, also one that was undecodable or a duplicate. Returns `true` if it was there.
    ///
    /// The object goes by group, kind and key: the version of its kind does not matter, nor does the namespace in the
    /// key of a Namespace.
    pub fn remove(&mut self, object: &ObjectRef) -> bool {
        let id = Id::of(object);
        let was_duplicate = self.duplicates.remove(&id).is_some();
        self.take(&id) || was_duplicate
    }

    /// Puts a new list of one kind in the place of everything of that kind, in any version. What the list lacks is gone.
    ///
    /// A list may hold SMI objects of one kind, also as results of reading them, services, workloads of one kind, or
    /// namespaces. Items of a list response may lack their kind: read them with the kind that was listed, so that an
    /// error names the object.
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

    /// Forgets everything of a kind.
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

    /// Takes an object out, and says whether it was there.
    fn take(&mut self, id: &Id) -> bool {
        self.ignored.remove(id);
        let key = &id.key;
        let was_there = if id.is(&Kind::TRAFFIC_SPLIT) {
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
        self.undecodable.remove(id).is_some() || was_there
    }
}
