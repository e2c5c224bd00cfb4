//! The reports of a running controller: Events and conditions on SMI objects.

use super::handle::Change;
use super::metrics::Measurement;
use super::run::Running;
use super::writes::Writes;
use crate::conditions::conditions;
use k8s_openapi::jiff::Timestamp;
use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::engine::Changes;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::State;
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

impl Running {
    /// Returns the SMI objects for which a native object exists.
    pub(super) fn sources(&mut self, name: &ObjectRef) -> Vec<ObjectRef> {
        let manifest = self.engine.manifest(name);
        manifest
            .map(|manifest| manifest.sources.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Reports trouble with a native object on the SMI objects that it exists for, unless it has been reported.
    pub(super) fn trouble(&mut self, name: &ObjectRef, code: Code, message: &str) {
        let sources = self.sources(name);
        let sources = sources
            .into_iter()
            .filter(|source| matches!(source.kind, Kind::TrafficSplit | Kind::TrafficTarget));
        let diagnostics: Vec<Diagnostic> = sources
            .map(|source| {
                let origins = self.engine.snapshot().origins(&source);
                let mut diagnostic = Diagnostic::new(code, source, FieldPath::root(), message).caused_by(name.clone());
                diagnostic.origins = origins;
                diagnostic
            })
            .collect();
        let former = self
            .troubles
            .insert(name.clone(), diagnostics.clone())
            .unwrap_or_default();
        // The message of a webhook may differ each time.
        let is_known = |diagnostic: &Diagnostic| {
            let mut former = former.iter();
            former.any(|former| former.object == diagnostic.object && former.code == diagnostic.code)
        };
        for diagnostic in diagnostics.iter().filter(|diagnostic| !is_known(diagnostic)) {
            self.report(diagnostic, true);
        }
        self.unwritten
            .extend(diagnostics.into_iter().map(|diagnostic| diagnostic.object));
        self.recovering
            .extend(former.into_iter().map(|diagnostic| diagnostic.object));
    }

    /// Notes that nothing is wrong with a native object.
    pub(super) fn calm(&mut self, name: &ObjectRef) {
        let former = self.troubles.remove(name).unwrap_or_default();
        for diagnostic in former {
            self.unwritten.insert(diagnostic.object.clone());
            self.recovering.insert(diagnostic.object);
        }
    }

    /// Reports the diagnostics that appeared since the last time.
    pub(super) fn tell(&mut self) {
        let has_told = std::mem::replace(&mut self.has_told, true);
        if !has_told {
            self.unwritten.extend(self.subjects.keys().cloned());
        }
        let changes = self.engine.diagnostics();
        self.metrics.record(Measurement::Diagnostics(&changes));
        let changes = meant(changes);
        if changes.appeared.is_empty() && changes.gone.is_empty() {
            return;
        }
        for diagnostic in &changes.appeared {
            self.report(diagnostic, has_told);
        }
        let objects = |diagnostics: &[Diagnostic]| -> Vec<ObjectRef> {
            diagnostics.iter().map(|diagnostic| diagnostic.object.clone()).collect()
        };
        self.recovering.extend(objects(&changes.gone));
        self.unwritten.extend(objects(&changes.gone));
        self.unwritten.extend(objects(&changes.appeared));
        self.shared.tell(Change::Diagnostics(changes));
    }

    /// Sends an Event about a diagnostic.
    fn report(&mut self, diagnostic: &Diagnostic, is_new: bool) {
        tracing::info!(%diagnostic, "reported");
        // Events on services and workloads would reach people who do not know of SMI.
        let known = self.subjects.get(&diagnostic.object);
        if let Some(known) = known.filter(|_| !self.options.is_read_only) {
            let event = self.reporter.event(&known.subject, diagnostic, Timestamp::now());
            self.teller.tell(event, is_new);
        }
    }

    /// Reports the objects that are in force again.
    pub(super) fn recover(&mut self) {
        for object in std::mem::take(&mut self.recovering) {
            let is_troubled = !troubles_of(&self.troubles, &object).is_empty();
            let status = self.engine.status(&object);
            let is_impaired = |it: &Diagnostic| it.code.effect() != Effect::InForce;
            if is_troubled || status.state != State::InForce || status.diagnostics.iter().any(is_impaired) {
                // A later change of its diagnostics adds it again.
                continue;
            }
            if !self.engine.is_applied(&object) {
                self.recovering.insert(object);
                continue;
            }
            let known = self.subjects.get(&object);
            if let Some(known) = known.filter(|_| !self.options.is_read_only) {
                self.teller
                    .tell(self.reporter.in_force(&known.subject, Timestamp::now()), true);
            }
        }
    }

    /// Writes the conditions that differ from those in the cluster, of objects that have a status.
    pub(super) fn write_conditions(&mut self) {
        if self.options.is_read_only || !self.options.writes_conditions {
            self.unwritten.clear();
        }
        while let Some(object) = self.unwritten.pop_first() {
            let has_status = self.mirror.served(&object.kind).is_some_and(|served| served.has_status);
            let Some(known) = self.subjects.get_mut(&object).filter(|_| has_status) else {
                continue;
            };
            let troubles = troubles_of(&self.troubles, &object);
            let is_written = self.engine.is_applied(&object);
            if !is_written && troubles.is_empty() {
                self.waiting.insert(object);
                continue;
            }
            let status = self.engine.status(&object);
            let (generation, now) = (known.generation, Timestamp::now());
            let conditions = conditions(&status, &troubles, is_written, generation, &known.conditions, now);
            if conditions == known.conditions && !known.is_unwritten {
                continue;
            }
            let (subject, version) = (known.subject.clone(), known.version.clone());
            if !self.teller.write(subject, version, conditions.clone()) {
                self.unwritten.insert(object);
                break;
            }
            known.conditions = conditions;
            known.is_unwritten = false;
        }
    }

    /// Looks again at what nothing else would bring up.
    pub(super) fn look_again(&mut self) {
        for object in self.teller.unwritten() {
            if let Some(known) = self.subjects.get_mut(&object) {
                known.is_unwritten = true;
                self.unwritten.insert(object);
            }
        }
        let applied = self.waiting.iter().filter(|object| self.engine.is_applied(object));
        let applied: Vec<ObjectRef> = applied.cloned().collect();
        for object in applied {
            self.waiting.remove(&object);
            self.unwritten.insert(object);
        }
        self.writes.forget(self.engine.actions());
        // The object may be gone, or another client may have written what it requires.
        self.edited.retain(|object, _| !self.engine.is_applied(object));
        let names: Vec<ObjectRef> = self.troubles.keys().cloned().collect();
        for name in names {
            let Writes {
                contests, acceptance, ..
            } = &self.writes;
            let is_troubled = contests.contains(&name) || acceptance.is_overdue(&name);
            if !is_troubled && !self.engine.is_outstanding(&name) {
                self.calm(&name);
            }
        }
        for name in self.writes.acceptance.expire() {
            let limit = self.options.acceptance_limit.as_secs();
            let message = format!("the mesh has not accepted `{name}` within {limit} seconds");
            self.trouble(&name, Code::NotAccepted, &message);
        }
    }
}

/// Returns the diagnostics about writes for an SMI object.
pub(super) fn troubles_of(troubles: &BTreeMap<ObjectRef, Vec<Diagnostic>>, object: &ObjectRef) -> Vec<Diagnostic> {
    let all = troubles.values().flatten();
    all.filter(|diagnostic| diagnostic.object == *object).cloned().collect()
}

/// Returns the changes without those of origins only. The version of an object is one, and Events and conditions that
/// followed each version would never end.
fn meant(mut changes: Changes) -> Changes {
    let text = |diagnostic: &Diagnostic| {
        let mut text = diagnostic.clone();
        text.origins.clear();
        text
    };
    let [appeared, gone]: [BTreeSet<Diagnostic>; 2] =
        [&changes.appeared, &changes.gone].map(|diagnostics| diagnostics.iter().map(text).collect());
    changes.appeared.retain(|diagnostic| !gone.contains(&text(diagnostic)));
    changes.gone.retain(|diagnostic| !appeared.contains(&text(diagnostic)));
    changes
}
