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
        self.origins.remove(&id);
        self.take_any(&id)
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
    /// snapshot.replace_all(&Kind::Pod, pods.iter().map(Workload::from));
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
            unread,
            origins,
        } = self;
        match id::canonical_kind(kind.clone()) {
            Kind::TrafficSplit => splits.clear(),
            Kind::HttpRouteGroup => groups.clear(),
            Kind::TcpRoute => tcp_routes.clear(),
            Kind::UdpRoute => udp_routes.clear(),
            Kind::TrafficTarget => targets.clear(),
            Kind::IdentityBinding => bindings.clear(),
            Kind::Service => services.clear(),
            Kind::Namespace => namespaces.clear(),
            _ => workloads.retain(|id, _| !id.is(kind)),
        }
        undecodable.retain(|id, _| !id.is(kind));
        duplicates.retain(|id, _| !id.is(kind));
        unread.retain(|id, _| !id.is(kind));
        origins.retain(|id, _| !id.is(kind));
    }

    /// Removes an object, but not its origins. Returns `true` if it was in the snapshot.
    pub(super) fn take_any(&mut self, id: &Id) -> bool {
        let was_duplicate = self.duplicates.remove(id).is_some();
        self.take(id) || was_duplicate
    }

    /// Removes an object that is not a duplicate. Returns `true` if it was in the snapshot.
    fn take(&mut self, id: &Id) -> bool {
        self.unread.remove(id);
        let key = &id.key;
        let was_decoded = match id.kind {
            Kind::TrafficSplit => self.splits.remove(key).is_some(),
            Kind::HttpRouteGroup => self.groups.remove(key).is_some(),
            Kind::TcpRoute => self.tcp_routes.remove(key).is_some(),
            Kind::UdpRoute => self.udp_routes.remove(key).is_some(),
            Kind::TrafficTarget => self.targets.remove(key).is_some(),
            Kind::IdentityBinding => self.bindings.remove(key).is_some(),
            Kind::Service => self.services.remove(key).is_some(),
            Kind::Namespace => self.namespaces.remove(key).is_some(),
            _ => self.workloads.remove(id).is_some(),
        };
        self.undecodable.remove(id).is_some() || was_decoded
    }
}
