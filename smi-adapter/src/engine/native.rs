//! The units of native objects: from policies to actions and reviews.

use super::Engine;
use super::unit::Unit;
use crate::adapter::{Concern, MeshAdapter};
use crate::diagnostic::Diagnostic;
use crate::manifest::{Manifest, NativeObject};
use crate::model::PolicyKey;
use crate::object::ObjectRef;
use crate::plan::{Origin, Withheld, action, adopt_age, decorate, is_access};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

/// A manifest of some policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) manifest: Arc<Manifest>,
    /// Is `true` if it is not written because of a foreign object.
    pub(super) is_withheld: bool,
}

impl<P: Deref<Target: MeshAdapter>> Engine<P> {
    /// Takes the new state of a native object; `None` if it is gone.
    pub(super) fn observe(&mut self, name: &ObjectRef, object: Option<NativeObject>) {
        let (ours, foreign) = (self.ours.remove(name), self.foreign.remove(name));
        let former_age = ours.as_ref().and_then(|ours| ours.metadata.creation_timestamp.clone());
        let (was_access, was_foreign) = (ours.as_ref().is_some_and(is_access), foreign.is_some());
        if let Some(foreign) = &foreign {
            self.concern(name, foreign, true, false);
        }
        let (mut new_age, mut guards) = (None, false);
        if let Some(mut object) = object {
            if object.metadata.managed_fields.is_some() {
                object.metadata.managed_fields = None;
            }
            match Origin::of(&object, self.adapter.name(), &self.settings) {
                Origin::Ours => {
                    new_age.clone_from(&object.metadata.creation_timestamp);
                    guards = is_access(&object);
                    self.ours.insert(name.clone(), object);
                }
                Origin::Foreign => {
                    self.concern(name, &object, true, true);
                    self.foreign.insert(name.clone(), object);
                }
                Origin::LeftAlone => {}
            }
        }
        self.dirty.insert(Unit::Native(name.clone()));
        if was_access != guards {
            let namespace = &name.key.namespace;
            let toggled = if guards {
                self.enforcing.add(namespace)
            } else {
                self.enforcing.remove(namespace)
            };
            if toggled {
                self.dirty.insert(Unit::Enforced(namespace.clone()));
            }
        }
        let is_other = was_foreign != self.foreign.contains_key(name) || former_age != new_age;
        if let Some(wanted) = self.wanted.get(name).filter(|_| is_other) {
            self.dirty.insert(Unit::Manifests(wanted.manifest.policy.clone()));
        }
    }

    /// Adds or removes what an object concerns, and repeats the reviews.
    fn concern(&mut self, name: &ObjectRef, object: &NativeObject, is_foreign: bool, is_there: bool) {
        let apart = object.spec.apart().map(|spec| NativeObject {
            kind: object.kind.clone(),
            metadata: object.metadata.clone(),
            spec,
        });
        let concerns = self.adapter.concerns(apart.as_ref().unwrap_or(object));
        let reviews = self.concerns.set(name, concerns, is_foreign, is_there);
        self.dirty.extend(reviews);
    }

    /// Translates a policy.
    pub(super) fn translate(&mut self, key: &PolicyKey) -> Vec<Diagnostic> {
        let policy = self.model.policy(key);
        let mut translation = policy.map(|policy| self.adapter.translate(policy)).unwrap_or_default();
        for manifest in &mut translation.manifests {
            decorate(manifest, self.adapter.name(), &self.settings);
        }
        let manifests = translation.manifests.into_iter().map(Arc::new);
        self.fresh.insert(key.clone(), manifests.collect());
        self.dirty.insert(Unit::Manifests(key.clone()));
        translation.diagnostics
    }

    /// Replaces the manifests of a policy, by those of a new translation or by the same ones. Withholds those whose name
    /// a foreign object has.
    pub(super) fn write(&mut self, key: &PolicyKey) -> Vec<Diagnostic> {
        let former = self.translated.remove(key).unwrap_or_default();
        let manifests = self.fresh.remove(key);
        let manifests = manifests.unwrap_or_else(|| former.iter().map(|wanted| Arc::clone(&wanted.manifest)).collect());
        let is_foreign = |object: &NativeObject| self.foreign.contains_key(&object.reference());
        let (withheld, diagnostics) = Withheld::of(manifests.iter().map(|manifest| &**manifest), is_foreign);
        let new: Vec<Wanted> = manifests
            .into_iter()
            .map(|mut manifest| {
                let name = manifest.object.reference();
                let live = self.ours.get(&name);
                let age = live.and_then(|live| live.metadata.creation_timestamp.as_ref());
                if age != manifest.object.metadata.creation_timestamp.as_ref() {
                    let manifest = Arc::make_mut(&mut manifest);
                    manifest.object.metadata.creation_timestamp = None;
                    adopt_age(manifest, live);
                }
                Wanted {
                    is_withheld: withheld.contains(&manifest, is_foreign),
                    manifest,
                }
            })
            .collect();
        self.replace(&former, &new);
        self.write_for(key, &sources(&former), &sources(&new));
        if !new.is_empty() {
            self.translated.insert(key.clone(), new);
        }
        diagnostics
    }

    /// Replaces the manifests of one policy among all.
    fn replace(&mut self, former: &[Wanted], new: &[Wanted]) {
        let names: BTreeSet<ObjectRef> = new.iter().map(Wanted::name).collect();
        for gone in former.iter().filter(|wanted| !names.contains(&wanted.name())) {
            self.want(gone.name(), None);
        }
        for wanted in new {
            self.want(wanted.name(), Some(wanted.clone()));
        }
    }

    fn want(&mut self, name: ObjectRef, new: Option<Wanted>) {
        if self.wanted.get(&name) == new.as_ref() {
            return;
        }
        let former = self.wanted.remove(&name);
        for (wanted, is_there) in [(&former, false), (&new, true)] {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| !wanted.is_withheld) {
                self.concern(&name, &wanted.manifest.object, false, is_there);
            }
        }
        self.dirty.insert(Unit::Native(name.clone()));
        if let Some(new) = new {
            self.wanted.insert(name, new);
        }
    }

    /// Notes the objects that the manifests of a policy exist for, in place of those before.
    fn write_for(&mut self, key: &PolicyKey, before: &BTreeSet<ObjectRef>, after: &BTreeSet<ObjectRef>) {
        for object in before.difference(after) {
            if let Some(policies) = self.written.get_mut(object) {
                policies.remove(key);
                if policies.is_empty() {
                    self.written.remove(object);
                    self.dirty.insert(Unit::Report(object.clone()));
                }
            }
        }
        for object in after.difference(before) {
            let policies = self.written.entry(object.clone()).or_default();
            if policies.is_empty() {
                self.dirty.insert(Unit::Report(object.clone()));
            }
            policies.insert(Box::new(key.clone()));
        }
    }

    /// Determines the action on a native object.
    pub(super) fn act(&mut self, name: &ObjectRef) {
        let covers = self.snapshot.covers_workloads();
        let live = self.ours.get_mut(name).filter(|live| covers || !is_access(live));
        let wanted = self.wanted.get(name).filter(|wanted| !wanted.is_withheld);
        let action = action(
            self.adapter.kinds(),
            wanted.map(|wanted| &*wanted.manifest),
            live.as_deref(),
        );
        if let (Some(live), Some(wanted), None) = (live, wanted, &action) {
            // It is the same, and a text takes a fraction of the memory of a value.
            live.spec = wanted.manifest.object.spec.clone();
        }
        if let Some(turn) = self.turns.remove(name) {
            self.actions.remove(&(turn, name.clone()));
        }
        if let Some((turn, action)) = action {
            self.turns.insert(name.clone(), turn);
            self.actions.insert((turn, name.clone()), action);
        }
    }

    /// Reviews the native objects that concern one thing.
    pub(super) fn review(&mut self, concern: Option<&Concern>) -> Vec<Diagnostic> {
        let Some((desired, foreign)) = self.concerns.of(concern) else {
            return Vec::new();
        };
        let desired = desired.into_iter().filter_map(|name| self.wanted.get(name));
        let desired: Vec<&Manifest> = desired.map(|wanted| &*wanted.manifest).collect();
        let foreign = foreign.into_iter().filter_map(|name| self.foreign.get(name));
        self.adapter.review(&desired, &foreign.collect::<Vec<_>>())
    }
}

impl Wanted {
    fn name(&self) -> ObjectRef {
        self.manifest.object.reference()
    }
}

/// Returns the objects that the manifests which are written exist for.
fn sources(all: &[Wanted]) -> BTreeSet<ObjectRef> {
    let written = all.iter().filter(|wanted| !wanted.is_withheld);
    written.flat_map(|wanted| &wanted.manifest.sources).cloned().collect()
}
