//! A laboratory for adapters: a cluster in memory, an adapter that works on it, and helpers that compare the results.

use super::server;
use super::{Implementation, Input};
use smi_adapter::cluster::InMemoryCluster;
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{Observed, Outcome, Plan, Planned, apply};
use smi_adapter::settings::Settings;
use std::fmt::Display;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A laboratory: a cluster in memory, and an adapter that works on it.
pub(super) struct Lab<'a> {
    adapter: &'a dyn Implementation,
    pub(super) cluster: InMemoryCluster,
}

impl<'a> Lab<'a> {
    /// Creates a cluster without objects, whose server adds the defaults of the meshes' schemas.
    pub(super) fn new(adapter: &'a dyn Implementation) -> Self {
        let cluster = InMemoryCluster::with_defaults(server::defaults);
        Self { adapter, cluster }
    }

    /// Observes the cluster and plans.
    pub(super) fn plan(&self, input: &Input, settings: &Settings) -> Result<Planned, String> {
        let observed = Observed::new(self.adapter.name(), settings, self.observed());
        self.adapter.plan(input, settings, &observed)
    }

    /// Observes the cluster, plans, and applies the plan.
    pub(super) fn settle(&self, input: &Input, settings: &Settings) -> Result<Planned, String> {
        let planned = self.plan(input, settings)?;
        self.apply(&planned.plan)?;
        Ok(planned)
    }

    /// Applies a plan.
    pub(super) fn apply(&self, plan: &Plan) -> Result<(), String> {
        let outcomes = now(apply(&self.cluster, plan))?;
        for (action, outcome) in plan.actions.iter().zip(outcomes) {
            // Actions are skipped only after one that failed.
            if let Outcome::Failed(error) = outcome {
                return Err(format!("cannot apply the action on {}: {error}", action.object()));
            }
        }
        Ok(())
    }

    /// Returns the objects that its adapter observes.
    pub(super) fn observed(&self) -> Vec<NativeObject> {
        let mut objects = self.cluster.objects();
        let (kinds, reads) = (self.adapter.kinds(), self.adapter.reads());
        objects.retain(|object| kinds.contains(&object.kind) || reads.contains(&object.kind));
        objects
    }

    /// Returns all objects, without the metadata that a server adds.
    pub(super) fn objects(&self) -> Vec<NativeObject> {
        self.cluster.objects().into_iter().map(stripped).collect()
    }
}

/// Returns the value of a future that never waits, such as those of a cluster in memory.
fn now<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("the cluster in memory did not answer at once".to_owned()),
    }
}

/// Returns an object without the metadata that a server adds.
pub(super) fn stripped(mut object: NativeObject) -> NativeObject {
    let metadata = &mut object.metadata;
    metadata.uid = None;
    metadata.resource_version = None;
    metadata.creation_timestamp = None;
    metadata.managed_fields = None;
    object
}

/// Returns the native objects of manifests.
pub(super) fn native(manifests: &[Manifest]) -> Vec<NativeObject> {
    manifests.iter().map(|manifest| manifest.object.clone()).collect()
}

/// Returns the content of a plan as text. Equal plans give equal texts, byte for byte.
pub(super) fn text(planned: &Planned) -> String {
    let mut text = smi_adapter::yaml::write(planned.manifests.iter().map(|manifest| &manifest.object));
    for diagnostic in &planned.diagnostics {
        text.extend([diagnostic.to_string().as_str(), "\n"]);
    }
    for action in &planned.plan.actions {
        text.extend([format!("{action:?}").as_str(), "\n"]);
    }
    text
}

/// Returns the first lines in which two texts differ.
pub(super) fn difference(one: &str, other: &str) -> String {
    let mut lines = one.lines().zip(other.lines());
    match lines.find(|(one, other)| one != other) {
        Some((one, other)) => format!("`{one}`\n  and `{other}`"),
        None => format!("{} and {} bytes", one.len(), other.len()),
    }
}

/// Returns the names of objects, for a message.
pub(super) fn named(objects: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = objects.into_iter().map(|object| object.to_string()).collect();
    names.join(", ")
}

/// Returns the objects that are in only one of two lists, or differ between them.
pub(super) fn differing(one: &[NativeObject], other: &[NativeObject]) -> Vec<ObjectRef> {
    let lacks = |list: &[NativeObject], object: &NativeObject| !list.contains(object);
    let ones = one.iter().filter(|object| lacks(other, object));
    let others = other.iter().filter(|object| lacks(one, object));
    let mut all: Vec<ObjectRef> = ones.chain(others).map(NativeObject::reference).collect();
    all.sort();
    all.dedup();
    all
}
