//! Native objects of a mesh in the input, which count as the content of the cluster.

use crate::report::{Message, Note, Place};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::diagnostic::Severity;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{ObjectRef, Origin};
use smi_adapter::plan::{Action, MeshAdapterExt, Observed, Plan};
use smi_adapter::settings::Settings;
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use std::collections::{BTreeMap, BTreeSet};

/// Native objects with their positions in the input.
#[derive(Default)]
pub(crate) struct Natives(Vec<(NativeObject, Option<Origin>)>);

impl Natives {
    pub(crate) fn push(&mut self, object: NativeObject, origin: Option<Origin>) {
        self.0.push((object, origin));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes the objects whose kinds the adapter neither writes nor reads. Returns a message that lists them by kind.
    pub(crate) fn recognize(&mut self, adapter: &dyn MeshAdapter) -> Option<Message> {
        let mut ignored: BTreeMap<String, usize> = BTreeMap::new();
        self.0.retain_mut(|(object, _)| {
            let is_known = adapter.recognize(object);
            if !is_known {
                *ignored.entry(object.kind.to_string()).or_default() += 1;
            }
            is_known
        });
        let kinds: Vec<String> = ignored.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let text = format!(
            "ignored, because these kinds do not affect SMI objects: {}",
            kinds.join(", ")
        );
        let note = Note::new(Severity::Info, "LeftAlone", Place::Everything {}, text);
        (!kinds.is_empty()).then(|| note.into())
    }

    /// Returns the objects as if they were observed in a cluster.
    pub(crate) fn observed(&self, adapter: &dyn MeshAdapter, settings: &Settings) -> Observed {
        let objects = self.0.iter().map(|(object, _)| object.clone());
        Observed::new(adapter.name(), settings, objects)
    }

    /// Returns the namespaces that objects managed by us enforce, on any mesh (A2).
    pub(crate) fn enforced(&self, settings: &Settings) -> BTreeSet<String> {
        let (istio, linkerd) = (Istio::default(), Linkerd::default());
        let adapters: [&dyn MeshAdapter; 2] = [&istio, &linkerd];
        let observed = adapters.map(|adapter| self.observed(adapter, settings).enforced());
        observed.into_iter().flatten().map(String::from).collect()
    }

    /// Returns a message for each object that the plan deletes.
    pub(crate) fn stale(&self, plan: &Plan) -> Vec<Message> {
        let deleted = plan.actions.iter().filter_map(|action| match action {
            Action::Delete(deletion) => Some(&deletion.object),
            Action::Create(_) | Action::Replace(_) => None,
        });
        deleted.map(|object| self.stale_object(object)).collect()
    }

    fn stale_object(&self, object: &ObjectRef) -> Message {
        let found = self.0.iter().find(|(known, _)| known.reference() == *object);
        let text = "this object is managed by us, but is no longer needed, so it is not in the output; delete it";
        let place = Place::of(found.and_then(|(_, origin)| origin.clone()));
        Message::from(Note {
            object: Some(object.clone()),
            ..Note::new(Severity::Info, "Stale", place, text.into())
        })
    }
}
