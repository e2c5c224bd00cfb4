//! The questions that an engine answers: what is to be written, what is reported, and what became of an object.

use super::native::Wanted;
use super::{Changes, Engine};
use crate::adapter::MeshAdapter;
use crate::manifest::{Manifest, NativeObject};
use crate::model::PolicyKey;
use crate::object::ObjectRef;
use crate::plan::{Action, Known, Origin, Plan, Status, field_manager, grants};
use crate::snapshot::Snapshot;
use std::ops::Deref;

impl<P: Deref<Target: MeshAdapter>> Engine<P> {
    /// Returns the actions that the edits so far require, as [`MeshAdapterExt::plan`](crate::plan::MeshAdapterExt::plan)
    /// does. They stay until edits show their effect.
    pub fn plan(&mut self) -> Plan {
        self.settle();
        Plan {
            actions: self.actions.values().cloned().collect(),
            field_manager: field_manager(self.adapter.name(), &self.settings),
        }
    }

    /// Returns the actions of the [plan](Self::plan) without copying them. The actions of each policy are in order.
    pub fn actions(&mut self) -> impl Iterator<Item = &Action> {
        self.settle();
        self.actions.values()
    }

    /// Returns the number of actions of the [plan](Self::plan).
    pub fn outstanding(&mut self) -> usize {
        self.settle();
        self.actions.len()
    }

    /// Returns the number of policies for which native objects are desired: routes of root services, access to
    /// workloads, and what denies by default in a namespace.
    pub fn policies(&mut self) -> usize {
        self.settle();
        self.translated.len()
    }

    /// Returns `true` if an action on the native object `name` is outstanding.
    pub fn is_outstanding(&mut self, name: &ObjectRef) -> bool {
        self.settle();
        self.turns.contains_key(name)
    }

    /// Returns the desired native object `name`, with the SMI objects for which it exists. If there is none, an existing
    /// one that is managed by us is to be deleted.
    pub fn manifest(&mut self, name: &ObjectRef) -> Option<&Manifest> {
        self.settle();
        let wanted = self.wanted.get(name).filter(|wanted| !wanted.is_withheld);
        wanted.map(|wanted| &*wanted.manifest)
    }

    /// Returns `true` if a native object is managed by us, according to its labels and the scope of the settings.
    #[must_use]
    pub fn manages(&self, object: &NativeObject) -> bool {
        Origin::of(object, self.adapter.name(), &self.settings) == Origin::Ours
    }

    /// Returns the desired native objects of the policies in which an SMI object takes part.
    pub fn manifests_for(&mut self, object: &ObjectRef) -> impl Iterator<Item = &Manifest> {
        self.settle();
        self.wanted_for(object).map(|wanted| &*wanted.manifest)
    }

    /// Returns `true` if no write is outstanding for an SMI object: the plan neither creates nor replaces a native
    /// object that exists for it.
    pub fn is_applied(&mut self, object: &ObjectRef) -> bool {
        self.settle();
        let mut wanted = self.wanted_for(object);
        !wanted.any(|wanted| self.turns.contains_key(&wanted.manifest.object.reference()))
    }

    /// Returns the diagnostics that appeared and went since the last call.
    pub fn diagnostics(&mut self) -> Changes {
        self.settle();
        self.reports.changes()
    }

    /// Returns the status of one SMI object.
    pub fn status(&mut self, object: &ObjectRef) -> Status {
        self.settle();
        let written = self.wanted_for(object).filter(|wanted| !wanted.is_withheld);
        let granted = written.flat_map(|wanted| grants(&wanted.manifest));
        Status::of(
            object,
            Known {
                diagnostics: self.reports.finished(object).to_vec(),
                is_written: self.written.contains_key(object),
                route: self.root(object).and_then(|root| {
                    let route = self.model.policy(&PolicyKey::Route(root.key()))?.route()?;
                    let mut splits = route.splits().iter();
                    splits.any(|split| *split.key() == object.key).then_some(route)
                }),
                granted: granted
                    .filter(|(target, _)| *target == object)
                    .map(|(_, workload)| workload)
                    .collect(),
            },
        )
    }

    /// Returns every desired native object, sorted by kind and key, including those that need no action.
    pub fn manifests(&mut self) -> Vec<Manifest> {
        self.settle();
        let wanted = self.wanted.values().filter(|wanted| !wanted.is_withheld);
        wanted.map(|wanted| (*wanted.manifest).clone()).collect()
    }

    /// Returns the SMI objects, services, workloads and namespaces.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Returns the manifests of the policies with a manifest that exists for an object.
    fn wanted_for(&self, object: &ObjectRef) -> impl Iterator<Item = &Wanted> {
        let policies = self.written.get(object).into_iter().flatten();
        policies.filter_map(|policy| self.translated.get(&**policy)).flatten()
    }
}
