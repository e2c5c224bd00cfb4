//! The reports of a running controller: Events and conditions on SMI objects.

use super::handle::Change;
use super::metrics::Measurement;
use super::run::Running;
use crate::conditions::conditions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use smi_adapter::diagnostic::{Code, Diagnostic, Effect};
use smi_adapter::engine::Changes;
use smi_adapter::manifest::Manifest;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::plan::State;
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::time::Instant;

impl Running {
    /// Returns the SMI objects for which a native object exists.
    pub(super) fn sources(&mut self, name: &ObjectRef) -> Vec<ObjectRef> {
        let manifest = self.engine.manifest(name);
        manifest
            .map(|manifest| manifest.sources.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Returns `true` if no write is outstanding for an SMI object, and the mesh has accepted what was written for it.
    pub(super) fn is_in_place(&mut self, object: &ObjectRef) -> bool {
        let acceptance = &self.writes.acceptance;
        let is_pending = |manifest: &Manifest| acceptance.is_pending(&manifest.object.reference());
        self.engine.is_applied(object) && !self.engine.manifests_for(object).any(is_pending)
    }

    /// Reports trouble with a native object on the SMI objects that it exists for, unless it has been reported. An Event
    /// that exists already is sent again if `is_new`.
    pub(super) fn trouble(&mut self, name: &ObjectRef, code: Code, message: &str, is_new: bool) {
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
        let former = self.troubles.insert((name.clone(), code), diagnostics.clone());
        let former = former.unwrap_or_default();
        // The message of a webhook may differ each time.
        let is_in = |all: &[Diagnostic], it: &Diagnostic| all.iter().any(|other| other.object == it.object);
        let appeared = diagnostics.iter().filter(|it| !is_in(&former, it));
        let gone = former.iter().filter(|it| !is_in(&diagnostics, it));
        self.change(appeared.cloned().collect(), gone.cloned().collect(), is_new);
    }

    /// Notes that something is no longer wrong with a native object.
    pub(super) fn calm(&mut self, name: &ObjectRef, code: Code) {
        let gone = self.troubles.remove(&(name.clone(), code)).unwrap_or_default();
        self.change(Vec::new(), gone, false);
    }

    /// Tells that diagnostics about writes appeared and went.
    fn change(&mut self, appeared: Vec<Diagnostic>, gone: Vec<Diagnostic>, is_new: bool) {
        if appeared.is_empty() && gone.is_empty() {
            return;
        }
        for diagnostic in &appeared {
            self.report(diagnostic, is_new);
            self.unwritten.insert(diagnostic.object.clone());
        }
        for diagnostic in &gone {
            self.unwritten.insert(diagnostic.object.clone());
            self.recovering.insert(diagnostic.object.clone());
        }
        let changes = Changes { appeared, gone };
        self.metrics.record(Measurement::Diagnostics(&changes));
        self.shared.tell(Change::Diagnostics(changes));
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
            if !self.is_in_place(&object) {
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
            if !has_status || !self.subjects.contains_key(&object) {
                continue;
            }
            let troubles = troubles_of(&self.troubles, &object);
            let is_written = self.is_in_place(&object);
            if !is_written && troubles.is_empty() {
                self.waiting.insert(object);
                continue;
            }
            let status = self.engine.status(&object);
            let Some(known) = self.subjects.get_mut(&object) else {
                continue;
            };
            let (generation, now) = (known.generation, Timestamp::now());
            let conditions = conditions(&status, &troubles, is_written, generation, &known.conditions, now);
            if conditions == known.conditions && !known.is_unwritten {
                continue;
            }
            // Another client may write its own, such as a controller for another mesh.
            let content = content_of(&conditions);
            if self.told_contests.pause(&object, || content) > Some(Instant::now()) {
                self.waiting.insert(object);
                continue;
            }
            let (subject, version) = (known.subject.clone(), known.version.clone());
            if !self.teller.write(subject, version, conditions.clone()) {
                self.unwritten.insert(object);
                break;
            }
            known.conditions = conditions;
            known.is_unwritten = false;
            self.told_contests.written(object, content);
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
        for object in std::mem::take(&mut self.waiting) {
            let next = if self.is_in_place(&object) {
                &mut self.unwritten
            } else {
                &mut self.waiting
            };
            next.insert(object);
        }
        self.writes.forget(self.engine.actions());
        self.told_contests.forget();
        // The object may be gone, or another client may have written what it requires.
        self.edited.retain(|object, _| !self.engine.is_applied(object));
        let troubles: Vec<(ObjectRef, Code)> = self.troubles.keys().cloned().collect();
        for (name, code) in troubles {
            let lasts = match code {
                Code::NotAccepted => self.writes.acceptance.is_overdue(&name),
                _ => self.writes.contests.contains(&name) || self.engine.is_outstanding(&name),
            };
            if !lasts {
                self.calm(&name, code);
            }
        }
        for (name, is_new) in self.writes.acceptance.expire() {
            let limit = self.options.acceptance_limit;
            let message = format!(
                "the mesh has not accepted `{name}` within {limit:?}, so it is not in force; its status or the control \
                 plane of the mesh may tell why"
            );
            self.trouble(&name, Code::NotAccepted, &message, is_new);
        }
    }
}

/// The diagnostics about writes, by native object and code.
pub(super) type Troubles = BTreeMap<(ObjectRef, Code), Vec<Diagnostic>>;

/// Returns a hash of conditions, without their times.
fn content_of(conditions: &[Condition]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for condition in conditions {
        let Condition {
            type_,
            status,
            reason,
            message,
            observed_generation,
            ..
        } = condition;
        (type_, status, reason, message, observed_generation).hash(&mut hasher);
    }
    hasher.finish()
}

/// Returns the diagnostics about writes for an SMI object.
pub(super) fn troubles_of(troubles: &Troubles, object: &ObjectRef) -> Vec<Diagnostic> {
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
