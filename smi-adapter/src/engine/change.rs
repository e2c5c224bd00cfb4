//! Changes of the snapshot, and the units that each makes necessary.

use super::Engine;
use super::unit::Unit;
use crate::adapter::MeshAdapter;
use crate::model::route::Root;
use crate::object::{Kind, ObjectRef, SmolStr};
use crate::resolve::access::candidates;
use crate::resolve::{Fact, claims};
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use k8s_openapi::api::core::v1::ServiceSpec;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

impl<P: Deref<Target: MeshAdapter>> Engine<P> {
    /// Changes one object of the snapshot.
    pub(super) fn change(&mut self, object: &ObjectRef, change: impl FnOnce(&mut Snapshot)) {
        let before = Standing::of(self, object);
        self.index.remove(object, &self.snapshot, &self.settings);
        change(&mut self.snapshot);
        self.index.add(object, &self.snapshot, &self.settings);
        let after = Standing::of(self, object);

        let key = &object.key;
        self.dirty
            .extend([Unit::Object(object.clone()), Unit::Report(object.clone())]);
        self.touch(Fact::Object(&object.kind, key));
        if before.is_read != after.is_read {
            self.touch(Fact::Named(&object.kind, &key.name));
            if self.snapshot.is_alone(object) {
                self.touch(Fact::Namespaces(&object.kind));
            }
        }
        if before.claims != after.claims {
            let claims = before.claims.into_iter().chain(after.claims);
            self.dirty.extend(claims.map(Unit::Enforced));
        }
        if before.space != after.space {
            self.dirty.insert(Unit::Enforced(key.namespace.clone()));
            self.dirty.insert(Unit::Workloads(key.namespace.clone()));
        }
        if before.account != after.account {
            for account in before.account.iter().chain(&after.account) {
                if self.index.pods(&key.namespace, account) <= 1 {
                    self.touch(Fact::AccountNamed(account));
                }
            }
            if self.index.accounts(&key.namespace) <= 1 {
                self.touch(Fact::AccountNamespaces);
            }
        }
        match object.kind {
            Kind::TrafficSplit => {
                let is_moved = before.root != after.root;
                for root in before.root.into_iter().chain(after.root) {
                    if is_moved && self.index.splits(&root) <= 1 {
                        self.touch(Fact::IsRoot(&root));
                    }
                    self.dirty.insert(Unit::Root(root));
                }
            }
            Kind::HttpRouteGroup => {
                self.touch(Fact::GroupsIn(&key.namespace));
                self.dirty.insert(Unit::Group(key.clone()));
                self.dirty.insert(Unit::Use(object.clone()));
            }
            Kind::TcpRoute | Kind::UdpRoute | Kind::IdentityBinding => _ = self.dirty.insert(Unit::Use(object.clone())),
            Kind::TrafficTarget => _ = self.dirty.insert(Unit::Target(key.clone())),
            _ if Kind::WORKLOADS.contains(&object.kind) => self.touch(Fact::Accounts(&key.namespace)),
            _ => {}
        }
    }

    /// Declares that the snapshot contains every workload, or withdraws the declaration.
    pub(super) fn cover(&mut self, is_covered: bool) {
        if is_covered == self.snapshot.covers_workloads() {
            return;
        }
        if is_covered {
            self.snapshot.cover_workloads();
        } else {
            self.snapshot.uncover_workloads();
        }
        let enforcing = self.enforcing.items().cloned().collect();
        let namespaces = candidates(self.view(), &enforcing);
        self.dirty.extend(namespaces.into_iter().map(Unit::Enforced));
        // Objects for access control are compared only if workloads are covered.
        self.dirty.extend(self.ours.keys().cloned().map(Unit::Native));
    }
}

/// The part of an object that other objects depend on in other ways than by a reference.
#[derive(Debug)]
struct Standing {
    /// Is `true` if the object exists and can be read.
    is_read: bool,
    /// The root of a split.
    root: Option<Root>,
    /// The namespaces that a target enforces.
    claims: Vec<SmolStr>,
    /// The account of a workload in scope.
    account: Option<SmolStr>,
    space: Option<InSpace>,
}

/// The part of an object that the access control of its whole namespace depends on.
#[derive(Debug, PartialEq)]
enum InSpace {
    Service(Option<Box<ServiceSpec>>),
    Workload(Arc<Workload>),
    Namespace(Option<BTreeMap<String, String>>, Option<BTreeMap<String, String>>),
}

impl Standing {
    fn of<P: Deref<Target: MeshAdapter>>(engine: &Engine<P>, object: &ObjectRef) -> Self {
        let Engine { snapshot, settings, .. } = engine;
        let workload = snapshot.shared_workload(object);
        let space = match object.kind {
            Kind::Service => snapshot
                .service(&object.key)
                .map(|service| InSpace::Service(service.spec.clone().map(Box::new))),
            Kind::Namespace => snapshot.namespace(&object.key.name).map(|namespace| {
                let metadata = &namespace.metadata;
                InSpace::Namespace(metadata.labels.clone(), metadata.annotations.clone())
            }),
            _ => workload.cloned().map(InSpace::Workload),
        };
        Self {
            is_read: snapshot.is_read(object),
            root: engine.root(object),
            claims: claims(object, snapshot, settings).collect(),
            account: workload.map(|workload| workload.service_account.clone()),
            space,
        }
    }
}
