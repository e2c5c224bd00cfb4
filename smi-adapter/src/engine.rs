//! The incremental form of a plan: after an edit, only what the edit can change is resolved, translated and compared.
//!
//! An [`Engine`] holds the input of a plan and everything that follows from it. A program feeds it the events of its
//! watches as [`Edit`]s, applies its [plans](Engine::plan), and tells the authors of SMI objects which
//! [diagnostics](Engine::diagnostics) appeared. At every moment its results are those that
//! [`MeshAdapterExt::plan`](crate::plan::MeshAdapterExt::plan) gives for the same objects.
//!
//! The results follow from *units* such as the route of one root, the meaning of one traffic target or the translation of
//! one policy. The functions that derive them are those of a plan. While a unit is derived, the engine notes which facts
//! it reads; a later edit repeats the units that have read a fact that it changes, and then those that depend on a
//! result that changed.

mod answers;
mod change;
mod derive;
mod edit;
mod native;
mod reports;
mod review;
mod unit;

pub use edit::Edit;
pub use reports::Changes;

use crate::adapter::MeshAdapter;
use crate::counts::Counts;
use crate::manifest::{Manifest, NativeObject};
use crate::model::route::Root;
use crate::model::{Model, PolicyKey};
use crate::object::{Kind, ObjectKey, ObjectRef, SmolStr, UNKNOWN_NAME};
use crate::plan::{Action, Turn};
use crate::resolve::access::{Destinations, Enforced};
use crate::resolve::{Fact, Groups, Index, root_of};
use crate::settings::{Scope, Settings};
use crate::snapshot::{Snapshot, canonical, object_of, reference};
use derive::{Overlapping, Space, TargetState};
use native::Wanted;
use reports::Reports;
use review::Concerns;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use unit::{Readers, Unit};

/// A plan that follows edits.
///
/// An engine is pure, like the functions of this crate: it has no clock and makes no requests. Edits are cheap; the first
/// call of another method does the work for all edits since.
///
/// # Cost
///
/// An edit of an SMI object, or of a native object, costs as much as the policies that it changes, in a cluster of any
/// size; only these are translated again. An edit of a workload, of the spec of a service, or of the labels and
/// annotations of a namespace costs a walk through the workloads of this namespace in addition, if it is enforced. A
/// foreign native object costs a walk through those that [concern](MeshAdapter::concerns) the same thing.
///
/// ```
/// use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
/// use smi_adapter::engine::Engine;
/// use smi_adapter::model::Policy;
/// use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
/// use smi_adapter::plan::State;
/// use smi_adapter::settings::Settings;
/// use smi_types::Object;
///
/// /// An adapter for a mesh that can express nothing.
/// #[derive(Debug)]
/// struct Nothing;
///
/// impl MeshAdapter for Nothing {
///     fn name(&self) -> &str {
///         "nothing"
///     }
///     fn kinds(&self) -> &[Kind] {
///         &[]
///     }
///     fn support(&self, _: Feature) -> Support {
///         Support::None("it can express nothing".into())
///     }
///     fn translate(&self, _: &Policy) -> Translation {
///         Translation::default()
///     }
/// }
///
/// let mut engine = Engine::new(&Nothing, Settings::default());
/// engine.edit(Object::from_json(br#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
///     "metadata": {"name": "canary", "namespace": "shop"},
///     "spec": {"service": "web", "backends": [{"service": "web-v2", "weight": 1}]}}"#));
/// assert_eq!(engine.plan().actions, []);
/// let canary = ObjectRef::split(ObjectKey::new("shop", "canary"));
/// assert_eq!(engine.status(&canary).state, State::Inert);
///
/// // The root is not known, and a diagnostic tells the author.
/// assert_eq!(engine.diagnostics().appeared.len(), 1);
/// assert_eq!(engine.diagnostics().appeared, []);
/// ```
#[derive(Clone, Debug)]
pub struct Engine<P> {
    adapter: P,
    settings: Settings,
    snapshot: Snapshot,
    index: Index,
    /// The native objects that are managed by us.
    ours: BTreeMap<ObjectRef, NativeObject>,
    foreign: BTreeMap<ObjectRef, NativeObject>,
    /// The namespaces with objects managed by us for access control, with the number of these objects (A2).
    enforcing: Counts<SmolStr>,

    groups: Groups,
    targets: BTreeMap<ObjectKey, TargetState>,
    /// The targets by the namespace of their destination.
    destinations: BTreeMap<SmolStr, Destinations>,
    enforced: BTreeMap<SmolStr, Enforced>,
    spaces: BTreeMap<SmolStr, Space>,
    overlaps: BTreeMap<ObjectRef, Overlapping>,
    /// The targets of which a pod is the destination, with the number of overlaps.
    matched: Counts<ObjectKey>,
    /// The objects that others refer to, with the number of others.
    used: Counts<ObjectRef>,
    model: Model,

    /// New translations.
    fresh: BTreeMap<PolicyKey, Vec<Arc<Manifest>>>,
    /// The manifests of each policy.
    translated: BTreeMap<PolicyKey, Vec<Wanted>>,
    wanted: BTreeMap<ObjectRef, Wanted>,
    /// The policies with a manifest that exists for an object. They are boxed because most objects have one, and a set
    /// has room for eleven.
    written: BTreeMap<ObjectRef, BTreeSet<Box<PolicyKey>>>,
    actions: BTreeMap<(Turn, ObjectRef), Action>,
    turns: BTreeMap<ObjectRef, Turn>,
    concerns: Concerns,
    reports: Reports,

    dirty: BTreeSet<Unit>,
    readers: Readers,
}

impl<P: Deref<Target: MeshAdapter>> Engine<P> {
    /// Creates an engine without objects. Its snapshot does not cover workloads yet.
    ///
    /// `adapter` is any pointer to one, such as an `Arc` or a reference.
    #[must_use]
    pub fn new(adapter: P, settings: Settings) -> Self {
        Self {
            adapter,
            settings,
            snapshot: Snapshot::default(),
            index: Index::default(),
            ours: BTreeMap::new(),
            foreign: BTreeMap::new(),
            enforcing: Counts::default(),
            groups: Groups::new(),
            targets: BTreeMap::new(),
            destinations: BTreeMap::new(),
            enforced: BTreeMap::new(),
            spaces: BTreeMap::new(),
            overlaps: BTreeMap::new(),
            matched: Counts::default(),
            used: Counts::default(),
            model: Model::default(),
            fresh: BTreeMap::new(),
            translated: BTreeMap::new(),
            wanted: BTreeMap::new(),
            written: BTreeMap::new(),
            actions: BTreeMap::new(),
            turns: BTreeMap::new(),
            concerns: Concerns::default(),
            reports: Reports::default(),
            dirty: BTreeSet::new(),
            readers: Readers::default(),
        }
    }

    /// Takes one change.
    pub fn edit(&mut self, edit: impl Into<Edit>) {
        self.take(edit.into());
    }

    /// Takes a new list of one kind, as a restarted watch gives it. Objects that are not in the list are gone.
    ///
    /// The list can contain objects of one SMI kind (plain, or as results of parsing them), services, workloads of one
    /// kind, namespaces, or native objects of one kind.
    pub fn relist<E: Into<Edit>>(&mut self, kind: &Kind, list: impl IntoIterator<Item = E>) {
        self.relist_in(&Scope::All, kind, list);
    }

    /// Takes a new list of one kind in some namespaces, like [`relist`](Self::relist). Objects in other namespaces stay.
    pub fn relist_in<E: Into<Edit>>(&mut self, scope: &Scope, kind: &Kind, list: impl IntoIterator<Item = E>) {
        let mut gone = self.snapshot.references(kind);
        gone.retain(|object| scope.contains(&object.key.namespace));
        let natives = self.ours.keys().chain(self.foreign.keys());
        let listed = |object: &&ObjectRef| object.kind == *kind && scope.contains(&object.key.namespace);
        let mut natives_gone: BTreeSet<ObjectRef> = natives.filter(listed).cloned().collect();
        // Objects without a name cannot be told apart.
        for object in gone.iter().filter(|object| object.key.name == UNKNOWN_NAME) {
            self.take(Edit::Gone(object.clone()));
        }
        gone.retain(|object| object.key.name != UNKNOWN_NAME);
        for edit in list {
            if let Some(object) = self.take(edit.into()) {
                gone.remove(&object);
                natives_gone.remove(&object);
            }
        }
        for object in gone {
            self.take(Edit::Gone(object));
        }
        for object in natives_gone {
            self.take(Edit::NativeGone(object));
        }
    }

    /// Takes one change, and returns the object that it is about.
    fn take(&mut self, edit: Edit) -> Option<ObjectRef> {
        let object = match edit {
            Edit::Object(parsed) => {
                let object = reference(&parsed.object);
                self.change(&object, |snapshot| _ = snapshot.insert(*parsed));
                object
            }
            Edit::Service(service) => {
                let object = ObjectRef::service(ObjectKey::of(&service.metadata));
                self.change(&object, |snapshot| _ = snapshot.insert_service(*service));
                object
            }
            Edit::Workload(workload) => {
                let object = workload.object().clone();
                // Most events of pods change nothing that counts.
                if self.snapshot.workload(&object) != Some(&*workload) {
                    self.change(&object, |snapshot| _ = snapshot.insert_workload(*workload));
                }
                object
            }
            Edit::Namespace(namespace) => {
                let object = ObjectRef::namespace(namespace.metadata.name.as_deref().unwrap_or_default());
                self.change(&object, |snapshot| _ = snapshot.insert_namespace(*namespace));
                object
            }
            Edit::Undecodable(diagnostic) => {
                let object = canonical(diagnostic.object.clone());
                self.change(&object, |snapshot| snapshot.insert_undecodable(*diagnostic));
                object
            }
            Edit::Error(error) => {
                let object = object_of(&error)?;
                self.change(&object, |snapshot| snapshot.insert_error(&error));
                object
            }
            Edit::Gone(object) => {
                let object = canonical(object);
                self.change(&object, |snapshot| _ = snapshot.remove(&object));
                object
            }
            Edit::Coverage(is_covered) => {
                self.cover(is_covered);
                return None;
            }
            Edit::Native(object) => {
                let name = object.reference();
                self.observe(&name, Some(*object));
                name
            }
            Edit::NativeGone(name) => {
                self.observe(&name, None);
                name
            }
        };
        Some(object)
    }

    /// Does all units that edits have made necessary.
    fn settle(&mut self) {
        while let Some(unit) = self.dirty.pop_first() {
            self.derive(&unit);
        }
    }

    /// Repeats the units that have read a fact.
    fn touch(&mut self, fact: Fact<'_>) {
        self.dirty.extend(self.readers.of(fact).cloned());
    }

    /// Returns the root of a split.
    fn root(&self, object: &ObjectRef) -> Option<Root> {
        let split = (object.kind == Kind::TrafficSplit).then(|| self.snapshot.split(&object.key))?;
        root_of(&object.key, split?, &self.settings)
    }
}

#[cfg(test)]
mod tests;
