//! The targets by the pods that their destinations select.

use super::by_labels::ByLabels;
use super::target::Target;
use crate::object::{ObjectKey, SmolStr};
use crate::workload::Workload;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The targets whose destinations are in one namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destinations {
    all: BTreeMap<ObjectKey, Arc<Target>>,
    by_account: BTreeMap<SmolStr, Vec<Arc<Target>>>,
    by_labels: ByLabels<Arc<Target>>,
}

impl Destinations {
    pub(crate) fn add(&mut self, target: &Arc<Target>) {
        self.all.insert(target.key.clone(), Arc::clone(target));
        for account in &target.destination.accounts {
            let targets = self.by_account.entry(account.clone()).or_default();
            targets.push(Arc::clone(target));
        }
        if let Some(labels) = &target.destination.labels {
            self.by_labels.add(labels, Arc::clone(target));
        }
    }

    pub(crate) fn remove(&mut self, target: &Target) {
        self.all.remove(&target.key);
        for account in &target.destination.accounts {
            if let Some(targets) = self.by_account.get_mut(account) {
                targets.retain(|other| other.key != target.key);
                if targets.is_empty() {
                    self.by_account.remove(account);
                }
            }
        }
        if let Some(labels) = &target.destination.labels {
            self.by_labels.remove(labels, |other| other.key == target.key);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the targets, sorted by key.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.all.values()
    }

    /// Returns the targets of which a pod is the destination, sorted by key and without duplicates.
    pub(super) fn of<'s>(&'s self, pod: &'s Workload) -> Vec<&'s Target> {
        let by_account = self.by_account.get(pod.service_account.as_str());
        let by_labels = self.by_labels.selecting(pod.labels());
        let both = by_account.into_iter().flatten().chain(by_labels);
        let mut all: Vec<&Target> = both.map(|target| &**target).collect();
        all.sort_by_key(|target| &target.key);
        all.dedup_by_key(|target| &target.key);
        all
    }
}
