//! Everything that meaning depends on, at one moment.

use crate::diagnostic::Code;
use crate::object::{DEFAULT_NAMESPACE, Kind, ObjectKey, ObjectRef, is_dns_label, is_dns_subdomain};
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::access::{IdentityBinding, TrafficTarget};
use smi_types::specs::{HTTPRouteGroup, TCPRoute, UDPRoute};
use smi_types::split::TrafficSplit;
use smi_types::{FieldPath, Object, ParseError, ParseErrorKind, Parsed};
use std::collections::{BTreeMap, BTreeSet};

/// The SMI objects, services, workloads and namespaces of a cluster, or of a set of manifests.
///
/// Objects are kept by kind and key, so the order of insertion cannot matter. An object that comes twice
/// counts for nothing (I1): [`insert`](Self::insert) is for reading one input, in which everything should
/// come once. For following a cluster there is [`replace`](Self::replace).
///
/// ```
/// use smi_adapter::snapshot::Snapshot;
/// use smi_types::Object;
///
/// let mut snapshot = Snapshot::default();
/// match Object::from_json(br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
///                              "metadata": {"name": "canary", "namespace": "shop"}}"#) {
///     Ok(parsed) => _ = snapshot.insert(parsed),
///     Err(error) => snapshot.insert_error(&error),
/// }
/// assert_eq!(snapshot.splits().count(), 1);
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
    workloads: BTreeMap<ObjectRef, Workload>,
    namespaces: BTreeMap<ObjectKey, Namespace>,
    enforced: BTreeSet<String>,
    undecodable: BTreeMap<ObjectRef, Undecodable>,
    duplicates: BTreeSet<ObjectRef>,
    ignored: BTreeMap<ObjectRef, Vec<FieldPath>>,
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecodable {
    /// What kind of fault it is.
    pub code: Code,
    /// The field at fault.
    pub field: FieldPath,
    /// What is wrong with it.
    pub reason: String,
}

impl Snapshot {
    /// Adds an SMI object. If it is there already, it counts as a duplicate: neither has an effect (I1).
    /// Returns which object it is.
    pub fn insert(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let Parsed { mut object, ignored } = object.into();
        let target = reference(&object);
        // I2: so that it can be judged by itself.
        let namespace = &mut object.metadata_mut().namespace;
        namespace.get_or_insert_with(|| target.key.namespace.clone());
        if let Err(reason) = check_key(&target.key) {
            self.insert_undecodable(target.clone(), reason);
            return target;
        }
        if !self.claim(&target) {
            return target;
        }
        if !ignored.is_empty() {
            self.ignored.insert(target.clone(), ignored);
        }
        match object {
            Object::TrafficSplit(split) => {
                self.splits.insert(target.key.clone(), *split);
            }
            Object::HTTPRouteGroup(group) => {
                self.groups.insert(target.key.clone(), *group);
            }
            Object::TCPRoute(route) => {
                self.tcp_routes.insert(target.key.clone(), *route);
            }
            Object::UDPRoute(route) => {
                self.udp_routes.insert(target.key.clone(), *route);
            }
            Object::TrafficTarget(access) => {
                self.targets.insert(target.key.clone(), *access);
            }
            Object::IdentityBinding(binding) => {
                self.bindings.insert(target.key.clone(), *binding);
            }
            // There is no other kind that has objects in a cluster.
            _ => {}
        }
        target
    }

    /// Adds a service. If it is there already, it counts as a duplicate and is as absent (I1, I3).
    /// Returns which object it is.
    pub fn insert_service(&mut self, service: Service) -> ObjectRef {
        let target = ObjectRef::service(ObjectKey::of(&service.metadata));
        if let Err(reason) = check_key(&target.key) {
            self.insert_undecodable(target.clone(), reason);
        } else if self.claim(&target) {
            self.services.insert(target.key.clone(), service);
        }
        target
    }

    /// Adds a pod, or an object that makes pods. If it is there already, it counts as a duplicate and is as absent
    /// (I1, I3). Returns which object it is.
    pub fn insert_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        let target = workload.object().clone();
        if let Err(reason) = check_key(&target.key) {
            self.insert_undecodable(target.clone(), reason);
        } else if self.claim(&target) {
            self.workloads.insert(target.clone(), workload);
        }
        target
    }

    /// Adds a namespace, for its labels and annotations. If it is there already, it counts as a duplicate and is as
    /// absent (I1): then its label neither enforces nor releases it. Returns which object it is.
    pub fn insert_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        let target = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
        if let Err(reason) = check_key(&target.key) {
            self.insert_undecodable(target.clone(), reason);
        } else if self.claim(&target) {
            self.namespaces.insert(target.key.clone(), namespace);
        }
        target
    }

    /// Notes that objects of ours enforce `namespace` already, as a plan finds out from what it observes (A2). Tools
    /// that see no cluster say it themselves.
    pub fn insert_enforced(&mut self, namespace: impl Into<String>) {
        self.enforced.insert(namespace.into());
    }

    /// Notes an object that could not be read, so that whatever refers to it finds it unusable and its
    /// author is told.
    pub fn insert_undecodable(&mut self, object: ObjectRef, reason: Undecodable) {
        if self.claim(&object) {
            self.undecodable.insert(object, reason);
        }
    }

    /// Notes an SMI object that could not be read. An error that names no object is none of the snapshot's:
    /// show it to whoever gave the input.
    pub fn insert_error(&mut self, error: &ParseError) {
        let Some(object) = object_of(error) else { return };
        self.insert_undecodable(object, Undecodable::from(error));
    }

    /// Puts an SMI object in the place of the one with its key, as a watch reports it. Returns which it is.
    pub fn replace(&mut self, object: impl Into<Parsed>) -> ObjectRef {
        let parsed = object.into();
        self.remove(&reference(&parsed.object));
        self.insert(parsed)
    }

    /// Notes that the SMI object that an error is about is there and cannot be read, in the place of what it
    /// was before.
    pub fn replace_error(&mut self, error: &ParseError) {
        if let Some(object) = object_of(error) {
            self.remove(&object);
        }
        self.insert_error(error);
    }

    /// Puts a service in the place of the one with its key, as a watch reports it. Returns which it is.
    pub fn replace_service(&mut self, service: Service) -> ObjectRef {
        self.remove(&ObjectRef::service(ObjectKey::of(&service.metadata)));
        self.insert_service(service)
    }

    /// Puts a pod or an object that makes pods in the place of the one with its key, as a watch reports it. Returns
    /// which it is.
    pub fn replace_workload(&mut self, workload: impl Into<Workload>) -> ObjectRef {
        let workload = workload.into();
        self.remove(workload.object());
        self.insert_workload(workload)
    }

    /// Puts a namespace in the place of the one with its name, as a watch reports it. Returns which it is.
    pub fn replace_namespace(&mut self, namespace: Namespace) -> ObjectRef {
        self.remove(&ObjectRef::namespace(
            namespace.metadata.name.as_deref().unwrap_or_default(),
        ));
        self.insert_namespace(namespace)
    }

    /// Forgets an object, also one that was undecodable or a duplicate.
    pub fn remove(&mut self, object: &ObjectRef) {
        self.take(object);
        self.duplicates.remove(object);
    }

    /// The traffic splits, sorted.
    pub fn splits(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficSplit)> {
        self.splits.iter()
    }

    /// The HTTP route groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = (&ObjectKey, &HTTPRouteGroup)> {
        self.groups.iter()
    }

    /// The HTTP route group with `key`.
    #[must_use]
    pub fn group(&self, key: &ObjectKey) -> Option<&HTTPRouteGroup> {
        self.groups.get(key)
    }

    /// The TCP routes, sorted.
    pub fn tcp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &TCPRoute)> {
        self.tcp_routes.iter()
    }

    /// The UDP routes, sorted.
    pub fn udp_routes(&self) -> impl Iterator<Item = (&ObjectKey, &UDPRoute)> {
        self.udp_routes.iter()
    }

    /// The traffic targets, sorted.
    pub fn targets(&self) -> impl Iterator<Item = (&ObjectKey, &TrafficTarget)> {
        self.targets.iter()
    }

    /// The identity bindings, sorted.
    pub fn bindings(&self) -> impl Iterator<Item = (&ObjectKey, &IdentityBinding)> {
        self.bindings.iter()
    }

    /// The identity binding with `key`.
    #[must_use]
    pub fn binding(&self, key: &ObjectKey) -> Option<&IdentityBinding> {
        self.bindings.get(key)
    }

    /// Pods and the objects that make pods, sorted.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values()
    }

    /// The pod, or the object that makes pods, that is meant.
    #[must_use]
    pub fn workload(&self, object: &ObjectRef) -> Option<&Workload> {
        self.workloads.get(object)
    }

    /// The namespaces, sorted by name.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values()
    }

    /// The namespace with a name.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(&ObjectKey::new(name, name))
    }

    /// The namespaces that objects of ours enforce already, sorted (A2).
    pub fn enforced(&self) -> impl Iterator<Item = &str> {
        self.enforced.iter().map(String::as_str)
    }

    /// The services, sorted.
    pub fn services(&self) -> impl Iterator<Item = (&ObjectKey, &Service)> {
        self.services.iter()
    }

    /// The service with `key`.
    #[must_use]
    pub fn service(&self, key: &ObjectKey) -> Option<&Service> {
        self.services.get(key)
    }

    /// Objects that could not be read, sorted.
    pub fn undecodable(&self) -> impl Iterator<Item = (&ObjectRef, &Undecodable)> {
        self.undecodable.iter()
    }

    /// Objects that came more than once, sorted (I1).
    pub fn duplicates(&self) -> impl Iterator<Item = &ObjectRef> {
        self.duplicates.iter()
    }

    /// Objects with fields that no type knows, and these fields, sorted.
    pub fn ignored(&self) -> impl Iterator<Item = (&ObjectRef, &[FieldPath])> {
        self.ignored.iter().map(|(object, fields)| (object, fields.as_slice()))
    }

    /// Whether `object` may be added; otherwise it is a duplicate from now on.
    fn claim(&mut self, object: &ObjectRef) -> bool {
        if self.take(object) {
            self.duplicates.insert(object.clone());
        }
        !self.duplicates.contains(object)
    }

    /// Takes an object out, and says whether it was there.
    fn take(&mut self, object: &ObjectRef) -> bool {
        self.ignored.remove(object);
        let (kind, key) = (&object.kind, &object.key);
        let known = if *kind == Kind::TRAFFIC_SPLIT {
            self.splits.remove(key).is_some()
        } else if *kind == Kind::HTTP_ROUTE_GROUP {
            self.groups.remove(key).is_some()
        } else if *kind == Kind::TCP_ROUTE {
            self.tcp_routes.remove(key).is_some()
        } else if *kind == Kind::UDP_ROUTE {
            self.udp_routes.remove(key).is_some()
        } else if *kind == Kind::TRAFFIC_TARGET {
            self.targets.remove(key).is_some()
        } else if *kind == Kind::IDENTITY_BINDING {
            self.bindings.remove(key).is_some()
        } else if *kind == Kind::SERVICE {
            self.services.remove(key).is_some()
        } else if *kind == Kind::NAMESPACE {
            self.namespaces.remove(key).is_some()
        } else {
            self.workloads.remove(object).is_some()
        };
        self.undecodable.remove(object).is_some() || known
    }
}

fn reference(object: &Object) -> ObjectRef {
    let kind = match object {
        Object::HTTPRouteGroup(_) => Kind::HTTP_ROUTE_GROUP,
        Object::TCPRoute(_) => Kind::TCP_ROUTE,
        Object::UDPRoute(_) => Kind::UDP_ROUTE,
        Object::TrafficTarget(_) => Kind::TRAFFIC_TARGET,
        Object::IdentityBinding(_) => Kind::IDENTITY_BINDING,
        _ => Kind::TRAFFIC_SPLIT,
    };
    ObjectRef::new(kind, ObjectKey::of(object.metadata()))
}

impl From<&ParseError> for Undecodable {
    fn from(error: &ParseError) -> Self {
        Self {
            code: match error.kind() {
                ParseErrorKind::Syntax => Code::Unparsable,
                ParseErrorKind::NotSmi => Code::NotAnObject,
                ParseErrorKind::UnknownKind => Code::UnknownKind,
                ParseErrorKind::UnknownVersion => Code::UnknownVersion,
                ParseErrorKind::Unsupported => Code::Unsupported,
                _ => Code::Undecodable,
            },
            field: error.path().clone(),
            reason: error.message().to_owned(),
        }
    }
}

/// The object that an error is about, if it has a kind of SMI and a name.
pub(crate) fn object_of(error: &ParseError) -> Option<ObjectRef> {
    let is_kind = |kind: &Kind| Some(&*kind.kind) == error.object_kind();
    let kind = Kind::SMI.into_iter().find(is_kind)?;
    let namespace = error.namespace().unwrap_or(DEFAULT_NAMESPACE);
    Some(ObjectRef::new(kind, ObjectKey::new(namespace, error.name()?)))
}

/// An API server takes no other names, and ours are derived from them.
fn check_key(key: &ObjectKey) -> Result<(), Undecodable> {
    let refuse = |field: &str, reason: String| {
        Err(Undecodable {
            code: Code::Undecodable,
            field: field.into(),
            reason,
        })
    };
    if !is_dns_label(&key.namespace) {
        refuse(
            "metadata.namespace",
            format!("`{}` is no namespace: it must be a DNS label", key.namespace),
        )
    } else if !is_dns_subdomain(&key.name) {
        refuse(
            "metadata.name",
            format!("`{}` is no object name: it must be a DNS subdomain", key.name),
        )
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    fn metadata(name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: Some("shop".into()),
            ..ObjectMeta::default()
        }
    }

    fn split(name: &str) -> Object {
        let metadata = metadata(name);
        TrafficSplit {
            metadata,
            ..TrafficSplit::default()
        }
        .into()
    }

    fn service(name: &str) -> Service {
        let metadata = metadata(name);
        Service {
            metadata,
            ..Service::default()
        }
    }

    #[test]
    fn what_comes_twice_counts_for_nothing() {
        // I1
        let mut snapshot = Snapshot::default();
        for _ in 0..3 {
            snapshot.insert(split("a"));
            snapshot.insert_service(service("web"));
        }
        snapshot.insert(split("b"));
        assert_eq!(snapshot.splits().map(|(key, _)| &*key.name).collect::<Vec<_>>(), ["b"]);
        assert_eq!(snapshot.services().count(), 0);
        assert_eq!(snapshot.duplicates().count(), 2);
    }

    #[test]
    fn an_undecodable_twin_is_a_duplicate_in_either_order() {
        let target = ObjectRef::split(ObjectKey::new("shop", "a"));
        let reason = Undecodable {
            code: Code::Undecodable,
            field: FieldPath::root(),
            reason: "x".into(),
        };
        let mut first = Snapshot::default();
        first.insert(split("a"));
        first.insert_undecodable(target.clone(), reason.clone());
        let mut last = Snapshot::default();
        last.insert_undecodable(target.clone(), reason);
        last.insert(split("a"));
        assert_eq!(first, last);
        assert_eq!(first.duplicates().collect::<Vec<_>>(), [&target]);
        assert_eq!(first.undecodable().count(), 0);
    }

    #[test]
    fn following_a_cluster_makes_no_duplicates() {
        let mut snapshot = Snapshot::default();
        snapshot.replace(split("a"));
        snapshot.replace(split("a"));
        snapshot.replace_service(service("web"));
        snapshot.replace_service(service("web"));
        assert_eq!(snapshot.duplicates().count(), 0);
        snapshot.insert(split("a"));
        snapshot.remove(&ObjectRef::split(ObjectKey::new("shop", "a")));
        snapshot.remove(&ObjectRef::service(ObjectKey::new("shop", "web")));
        assert_eq!(snapshot, Snapshot::default());
    }

    #[test]
    fn names_that_no_api_server_takes_are_refused() {
        let mut snapshot = Snapshot::default();
        snapshot.insert(split("Not A Name"));
        snapshot.insert(split(""));
        snapshot.insert(split(&"A".repeat(253)));
        snapshot.insert(split(&"a".repeat(254)));
        assert_eq!(snapshot.splits().count(), 0);
        // Labels of names of objects may be long, unlike those of hosts.
        snapshot.insert(split(&"a".repeat(253)));
        assert_eq!(snapshot.splits().count(), 1);
        let (object, why) = snapshot
            .undecodable()
            .find(|(object, _)| object.key.name.contains(' '))
            .unwrap();
        assert_eq!(object.to_string(), "TrafficSplit shop/Not A Name");
        assert_eq!(why.field.to_string(), "metadata.name");
    }
}
