//! The units of resolution: from objects to policies.

use super::Engine;
use super::unit::Unit;
use crate::adapter::MeshAdapter;
use crate::diagnostic::Diagnostic;
use crate::model::route::Root;
use crate::model::{Policy, PolicyKey, ServiceRoute};
use crate::object::{ObjectKey, ObjectRef, SmolStr};
use crate::resolve::access::{
    Destinations, Enforced, Overlap, Owned, Target, Workloads, baseline, read, report_target, report_unreachable,
    report_untouched, state,
};
use crate::resolve::{Fact, Reads, Report, View, is_referable, matches, of_object, report_use, route, used_by};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

/// A target, and the objects that it refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TargetState {
    target: Option<Arc<Target>>,
    references: BTreeSet<ObjectRef>,
}

/// The workloads of an enforced namespace.
#[derive(Clone, Debug)]
pub(super) struct Space {
    workloads: Workloads,
    /// The workloads whose selectors select each other's pods, by the first of them.
    groups: BTreeMap<ObjectRef, Vec<Arc<Owned>>>,
    /// The groups with a pod that runs as an account.
    by_account: BTreeMap<SmolStr, BTreeSet<ObjectRef>>,
}

/// The results for one group of overlapping workloads.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlapping {
    members: Vec<ObjectRef>,
    matched: BTreeSet<ObjectKey>,
}

impl Space {
    fn new(view: View<'_>, namespace: &str) -> Self {
        let workloads = Workloads::new(view, namespace);
        let mut groups = BTreeMap::new();
        let mut by_account: BTreeMap<SmolStr, BTreeSet<ObjectRef>> = BTreeMap::new();
        for group in workloads.overlapping() {
            let Some(first) = group.first().map(|owned| owned.object.clone()) else {
                continue;
            };
            let pods = group.iter().flat_map(|owned| &owned.pods);
            for account in pods.map(|pod| &pod.service_account).collect::<BTreeSet<_>>() {
                by_account.entry(account.clone()).or_default().insert(first.clone());
            }
            groups.insert(first, group);
        }
        Self {
            workloads,
            groups,
            by_account,
        }
    }

    /// Returns the groups with a pod that is the destination of a target, by their first workload.
    fn groups_of(&self, target: &Target) -> BTreeSet<ObjectRef> {
        let accounts = target.destination.accounts.iter();
        let by_account = accounts.filter_map(|account| self.by_account.get(account)).flatten();
        let mut groups: BTreeSet<ObjectRef> = by_account.cloned().collect();
        if let Some(labels) = &target.destination.labels {
            let selects = |group: &[Arc<Owned>]| {
                let mut pods = group.iter().flat_map(|owned| &owned.pods);
                pods.any(|pod| pod.is_selected_by(labels))
            };
            let by_labels = self.groups.iter().filter(|(_, group)| selects(group));
            groups.extend(by_labels.map(|(first, _)| first.clone()));
        }
        groups
    }

    /// Returns the workloads behind a service.
    fn behind(space: Option<&Self>, service: &str) -> Vec<ObjectRef> {
        let workloads = space.into_iter().flat_map(|space| space.workloads.behind(service));
        workloads.cloned().collect()
    }
}

impl<P: Deref<Target: MeshAdapter>> Engine<P> {
    /// Derives one unit again, and makes those necessary that depend on a result that changed.
    pub(super) fn derive(&mut self, unit: &Unit) {
        let mut report = Report::default();
        let reads = Reads::default();
        match unit {
            Unit::Object(object) => of_object(self.view(), object, &mut report),
            Unit::Group(key) => self.group(key, &mut report),
            Unit::Root(root) => {
                let route = route(self.view().noting(&reads), root, &mut report);
                self.set_route(root, route);
            }
            Unit::Target(key) => {
                let view = self.view().noting(&reads);
                let target = view
                    .all()
                    .target(key)
                    .map(|target| read(view, key, target, &mut report));
                let (target, references) = target.unwrap_or_default();
                self.set_target(
                    key,
                    TargetState {
                        target: target.map(Arc::new),
                        references,
                    },
                );
            }
            Unit::Enforced(namespace) => self.enforced(namespace, &mut report),
            Unit::Workloads(namespace) => self.workloads(namespace),
            Unit::Overlap(first) => self.overlap(first, &mut report),
            Unit::Untouched(namespace) => {
                if self.enforced.get(namespace) == Some(&Enforced::Untouched) {
                    report_untouched(namespace, self.destinations.get(namespace), &mut report);
                }
            }
            Unit::Effect(key) => {
                if let Some(target) = self.targets.get(key).and_then(|state| state.target.as_ref()) {
                    let state = self.enforced.get(target.namespace()).copied();
                    let has_workload = self.matched.contains(key);
                    let view = self.view().noting(&reads);
                    report_target(view, target, state, has_workload, &mut report);
                }
            }
            Unit::Backends(root) => {
                let policy = self.model.policy(&PolicyKey::Route(root.key()));
                let space = self.spaces.get(root.namespace());
                if let (Some(route), Some(space)) = (policy.and_then(Policy::route), space) {
                    let view = self.view().noting(&reads);
                    report_unreachable(view, &self.model, route, &space.workloads, &mut report);
                }
            }
            Unit::Use(object) => {
                if is_referable(self.view(), object) {
                    report_use(self.view(), object, self.used.contains(object), &mut report);
                }
            }
            Unit::Policy(key) => report.extend(self.translate(key)),
            Unit::Manifests(key) => report.extend(self.write(key)),
            Unit::Native(object) => self.act(object),
            Unit::Review(concern) => report.extend(self.review(concern.as_ref())),
            Unit::Report(object) => return self.finish(object),
        }
        self.readers.set(unit, reads.finish());
        let changed = self.reports.set(unit, report.into_inner());
        self.dirty.extend(changed.into_iter().map(Unit::Report));
    }

    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.snapshot, &self.settings, &self.index, &self.groups)
    }

    fn group(&mut self, key: &ObjectKey, report: &mut Report) {
        let view = self.view();
        let group = view.all().group(key);
        let new = group.and_then(|group| matches(view, key, group, report));
        if self.groups.get(key) == new.as_ref() {
            return;
        }
        match new {
            Some(matches) => _ = self.groups.insert(key.clone(), matches),
            None => _ = self.groups.remove(key),
        }
        self.touch(Fact::Matches(key));
    }

    fn set_route(&mut self, root: &Root, route: Option<ServiceRoute>) {
        let key = PolicyKey::Route(root.key());
        let former = self.model.policy(&key).and_then(Policy::route);
        let groups = |route: Option<&ServiceRoute>| -> BTreeSet<ObjectRef> {
            let groups = route.map(used_by).unwrap_or_default();
            groups.into_iter().cloned().collect()
        };
        let (before, after) = (groups(former), groups(route.as_ref()));
        let changed = self.used.replace(&before, &after);
        self.dirty.extend(changed.into_iter().map(Unit::Use));
        self.set_policy(key, route.map(Policy::from));
        self.dirty.insert(Unit::Backends(root.clone()));
    }

    /// Replaces a policy of the model.
    fn set_policy(&mut self, key: PolicyKey, policy: Option<Policy>) {
        if self.model.policy(&key) == policy.as_ref() {
            return;
        }
        match policy {
            Some(policy) => self.model.insert(policy),
            None => self.model.remove(&key),
        }
        if let PolicyKey::Access(workload) = &key {
            self.touch(Fact::Access(workload));
        }
        self.dirty.insert(Unit::Policy(key));
    }

    fn set_target(&mut self, key: &ObjectKey, state: TargetState) {
        let former = self.targets.remove(key).unwrap_or_default();
        let changed = self.used.replace(&former.references, &state.references);
        self.dirty.extend(changed.into_iter().map(Unit::Use));
        if former.target != state.target {
            if let Some(target) = &former.target {
                let namespace = target.namespace();
                if let Some(destinations) = self.destinations.get_mut(namespace) {
                    destinations.remove(target);
                    if destinations.is_empty() {
                        self.destinations.remove(namespace);
                    }
                }
            }
            if let Some(target) = &state.target {
                let destinations = self.destinations.entry(target.namespace().into()).or_default();
                destinations.add(target);
            }
            for target in former.target.iter().chain(&state.target) {
                let namespace = target.namespace();
                let space = self.spaces.get(namespace);
                let groups = space.map(|space| space.groups_of(target)).unwrap_or_default();
                self.dirty.extend(groups.into_iter().map(Unit::Overlap));
                self.dirty.insert(Unit::Untouched(namespace.into()));
            }
            self.dirty.insert(Unit::Effect(key.clone()));
        }
        if state != TargetState::default() {
            self.targets.insert(key.clone(), state);
        }
    }

    fn enforced(&mut self, namespace: &str, report: &mut Report) {
        let is_already = self.enforcing.contains(namespace);
        let new = state(self.view(), namespace, is_already, report);
        let former = match new {
            Some(state) => self.enforced.insert(namespace.into(), state),
            None => self.enforced.remove(namespace),
        };
        if former == new {
            return;
        }
        self.dirty.insert(Unit::Workloads(namespace.into()));
        self.dirty.insert(Unit::Untouched(namespace.into()));
        let targets = self.destinations.get(namespace).into_iter();
        let targets = targets.flat_map(Destinations::targets);
        self.dirty
            .extend(targets.map(|target| Unit::Effect(target.key.clone())));
        let routes = self.model.routes_in(namespace);
        self.dirty
            .extend(routes.map(|route| Unit::Backends(route.root().clone())));
    }

    fn workloads(&mut self, namespace: &str) {
        let is_enforced = self.enforced.get(namespace) == Some(&Enforced::Yes);
        let new = is_enforced.then(|| Space::new(self.view(), namespace));
        let former = self.spaces.remove(namespace);

        let none = BTreeMap::new();
        let [before, after] = [&former, &new].map(|space| space.as_ref().map_or(&none, |space| &space.groups));
        let is_same = |first: &ObjectRef| match (before.get(first), after.get(first)) {
            (Some(one), Some(two)) => one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is_same(two)),
            _ => false,
        };
        let changed = before.keys().chain(after.keys()).filter(|first| !is_same(first));
        self.dirty.extend(changed.cloned().map(Unit::Overlap));

        let services = |space: &Option<Space>| -> BTreeSet<SmolStr> {
            let services = space.iter().flat_map(|space| space.workloads.services());
            services.cloned().collect()
        };
        for service in &services(&former) | &services(&new) {
            if Space::behind(former.as_ref(), &service) != Space::behind(new.as_ref(), &service) {
                self.touch(Fact::Behind(&ObjectKey::new(namespace, &service)));
            }
        }
        let baseline = new.as_ref().map(|space| baseline(namespace, &space.workloads).into());
        self.set_policy(PolicyKey::Baseline(namespace.into()), baseline);
        if let Some(space) = new {
            self.spaces.insert(namespace.into(), space);
        }
    }

    fn overlap(&mut self, first: &ObjectRef, report: &mut Report) {
        let namespace = &first.key.namespace;
        let space = self.spaces.get(namespace);
        let group = space.and_then(|space| space.groups.get(first));
        let none = Destinations::default();
        let destinations = self.destinations.get(namespace).unwrap_or(&none);
        let overlap = group.map(|group| Overlap::new(self.view(), group, destinations, report));

        let former = self.overlaps.remove(first).unwrap_or_default();
        let members = group.into_iter().flatten().map(|owned| owned.object.clone());
        let mut policies: BTreeMap<ObjectRef, Option<Policy>> = members.map(|member| (member, None)).collect();
        let new = Overlapping {
            members: policies.keys().cloned().collect(),
            matched: overlap.iter().flat_map(|overlap| &overlap.matched).cloned().collect(),
        };
        for member in former.members {
            // Otherwise another group has it now, which is derived as well.
            if space.is_none_or(|space| !space.workloads.contains(&member)) {
                policies.entry(member).or_default();
            }
        }
        for access in overlap.into_iter().flat_map(|overlap| overlap.policies) {
            policies.insert(access.workload.clone(), Some(access.into()));
        }
        for (workload, policy) in policies {
            self.set_policy(PolicyKey::Access(workload), policy);
        }
        let changed = self.matched.replace(&former.matched, &new.matched);
        self.dirty.extend(changed.into_iter().map(Unit::Effect));
        if !new.members.is_empty() {
            self.overlaps.insert(first.clone(), new);
        }
    }

    /// Finishes the diagnostics on an object, as [`complete`](crate::plan::complete) does.
    fn finish(&mut self, object: &ObjectRef) {
        let mut diagnostics: Vec<Diagnostic> = self.reports.collect(object);
        let is_silent = diagnostics.is_empty() && !self.written.contains_key(object);
        if is_silent && is_referable(self.view(), object) {
            diagnostics.push(crate::plan::without_effect(object.clone()));
        }
        crate::resolve::finish(&mut diagnostics, &self.snapshot);
        self.reports.finish(object, diagnostics);
    }
}
