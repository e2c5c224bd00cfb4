//! The consequences of the outcome of a write.

use super::handle::Change;
use super::metrics::Measurement;
use super::run::Running;
use super::writes::{Outcome, Written, deleted_uid};
use crate::mirror::gone;
use serde_json::Value;
use smi_adapter::cluster::Error;
use smi_adapter::diagnostic::Code;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::Action;
use std::sync::Arc;
use std::time::SystemTime;

impl Running {
    /// Takes the outcome of a write.
    pub(super) fn finish(&mut self, written: Written) {
        let Written { action, outcome, took } = written;
        self.metrics.record(Measurement::Write(&action, &outcome, took));
        self.has_edits = true;
        let name = action.object();
        match outcome {
            Outcome::Stored(object) => {
                self.learn(object, &action);
                self.succeed(&name, action);
            }
            Outcome::Deleted => {
                if self.echoes.deleted(&name, deleted_uid(&action)) {
                    self.engine.edit(gone(name.clone()));
                }
                self.succeed(&name, action);
            }
            Outcome::Changed(Some(object)) => self.learn(object, &action),
            Outcome::Changed(None) => {
                if self.echoes.absent(&name) {
                    self.engine.edit(gone(name));
                }
            }
            Outcome::Failed(error) => {
                self.echoes.unanswered(&name);
                tracing::warn!(object = %name, policy = action.policy(), %error, "a write failed");
                if let Error::Refused { message, .. } = &error {
                    let message = format!("the API server rejects `{name}`: {message}");
                    self.trouble(&name, Code::Refused, &message, true);
                }
                self.shared.tell(Change::Failed(Arc::new(action), Arc::new(error)));
            }
            Outcome::Unsent => self.echoes.unanswered(&name),
        }
    }

    /// Takes the state of a native object from the answer to a write.
    fn learn(&mut self, object: NativeObject, action: &Action) {
        let is_seen = self.echoes.has_seen(&object.reference());
        if self.echoes.stored(&object) {
            // The answer has no status. The watches have told that of an object that they have seen.
            if matches!(action, Action::Create(_)) && !is_seen {
                self.accept(&object, &Value::Null, true);
            }
            self.engine.edit(object);
        }
    }

    /// Notes the status of a native object.
    pub(super) fn accept(&mut self, object: &NativeObject, status: &Value, is_new: bool) {
        // An object that is not managed by us is not waited for.
        let is_accepted = !self.engine.manages(object) || self.adapter.is_accepted(object, status);
        self.writes.acceptance.notice(object, is_accepted, is_new);
    }

    /// Notes a successful write.
    fn succeed(&mut self, name: &ObjectRef, action: Action) {
        tracing::info!(object = %name, policy = action.policy(), "written");
        self.derive();
        for source in self.sources(name) {
            self.unwritten.insert(source.clone());
            if self.edited.contains_key(&source) && self.engine.is_applied(&source) {
                let arrived = self.edited.remove(&source);
                let took = arrived.map(|arrived| arrived.elapsed()).unwrap_or_default();
                self.metrics.record(Measurement::Applied(took));
            }
            self.written_at.insert(source, SystemTime::now());
        }
        if self.writes.contests.contains(name) {
            let by = match self.writes.contests.by(name) {
                Some(manager) => format!("the field manager `{manager}`"),
                None => "another client".to_owned(),
            };
            let message = format!("{by} keeps changing or deleting `{name}`; it is repaired with growing pauses");
            self.trouble(name, Code::Contested, &message, true);
        } else {
            self.calm(name, Code::Contested);
        }
        self.calm(name, Code::Refused);
        self.shared.tell(Change::Written(Arc::new(action)));
    }
}
