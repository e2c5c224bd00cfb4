//! A cluster in memory, an adapter that works on it, and helpers to compare what comes out.

use super::server;
use super::{Implementation, Input};
use smi_adapter::cluster::InMemoryCluster;
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::plan::{Outcome, apply};
use smi_adapter::settings::Settings;
use std::fmt::Display;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A cluster in memory and an adapter that works on it.
pub(super) struct Lab<'a> {
    adapter: &'a dyn Implementation,
    pub(super) cluster: InMemoryCluster,
}

impl<'a> Lab<'a> {
    /// A cluster without objects, whose server adds the defaults of the meshes' schemas.
    pub(super) fn new(adapter: &'a dyn Implementation) -> Self {
        let cluster = InMemoryCluster::with_defaults(server::defaults);
        Self { adapter, cluster }
    }

    /// Observes and plans.
    pub(super) fn plan(&self, input: &Input, settings: &Settings) -> Result<Planned, String> {
        let mut objects = self.cluster.objects();
        let (kinds, reads) = (self.adapter.kinds(), self.adapter.reads());
        objects.retain(|object| kinds.contains(&object.kind) || reads.contains(&object.kind));
        let observed = Observed::new(self.adapter.name(), settings, objects);
        self.adapter.plan(input, settings, &observed)
    }

    /// Observes, plans and carries the plan out.
    pub(super) fn settle(&self, input: &Input, settings: &Settings) -> Result<Planned, String> {
        let planned = self.plan(input, settings)?;
        let outcomes = now(apply(&self.cluster, &planned.plan))?;
        for (action, outcome) in planned.plan.actions.iter().zip(outcomes) {
            // What is skipped comes after one that failed.
            if let Outcome::Failed(error) = outcome {
                return Err(format!("{} cannot be written: {error}", action.object()));
            }
        }
        Ok(planned)
    }

    /// All objects, without what a server notes in them.
    pub(super) fn objects(&self) -> Vec<NativeObject> {
        self.cluster.objects().into_iter().map(stripped).collect()
    }
}

/// The value of a future that never waits, as those of a cluster in memory.
fn now<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("the cluster in memory made somebody wait".to_owned()),
    }
}

/// An object without what a server notes in it.
pub(super) fn stripped(mut object: NativeObject) -> NativeObject {
    let metadata = &mut object.metadata;
    metadata.uid = None;
    metadata.resource_version = None;
    metadata.creation_timestamp = None;
    metadata.managed_fields = None;
    object
}

/// The native objects of manifests.
pub(super) fn native(manifests: &[Manifest]) -> Vec<NativeObject> {
    manifests.iter().map(|manifest| manifest.object.clone()).collect()
}

/// What a plan comes to, as text that is equal where the output is, byte for byte.
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

/// The first lines in which two texts differ.
pub(super) fn difference(one: &str, other: &str) -> String {
    let mut lines = one.lines().zip(other.lines());
    match lines.find(|(one, other)| one != other) {
        Some((one, other)) => format!("`{one}`\n  and `{other}`"),
        None => format!("{} and {} bytes", one.len(), other.len()),
    }
}

/// Objects by name, for a message.
pub(super) fn named(objects: impl IntoIterator<Item = impl Display>) -> String {
    let names: Vec<String> = objects.into_iter().map(|object| object.to_string()).collect();
    names.join(", ")
}

/// What is in one list of objects only, or differs.
pub(super) fn differing(one: &[NativeObject], other: &[NativeObject]) -> Vec<ObjectRef> {
    let lacks = |list: &[NativeObject], object: &NativeObject| !list.contains(object);
    let ones = one.iter().filter(|object| lacks(other, object));
    let others = other.iter().filter(|object| lacks(one, object));
    let mut all: Vec<ObjectRef> = ones.chain(others).map(NativeObject::reference).collect();
    all.sort();
    all.dedup();
    all
}
