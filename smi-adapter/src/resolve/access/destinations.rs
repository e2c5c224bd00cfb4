//! The targets by the pods that their destinations select.

use super::by_labels::ByLabels;
use super::target::Target;
use crate::workload::Workload;
use std::collections::BTreeMap;

/// The targets whose destinations are in one namespace.
#[derive(Default)]
pub(super) struct Destinations<'a> {
    all: Vec<&'a Target>,
    by_account: BTreeMap<&'a str, Vec<&'a Target>>,
    by_labels: ByLabels<'a, &'a Target>,
}

impl<'a> Destinations<'a> {
    /// Divides targets by the namespaces of their destinations.
    pub(super) fn by_namespace(targets: &'a [Target]) -> BTreeMap<&'a str, Self> {
        let mut namespaces: BTreeMap<&str, Self> = BTreeMap::new();
        for target in targets {
            namespaces.entry(target.namespace()).or_default().add(target);
        }
        namespaces
    }

    fn add(&mut self, target: &'a Target) {
        self.all.push(target);
        for account in &target.destination.accounts {
            self.by_account.entry(account).or_default().push(target);
        }
        if let Some(labels) = &target.destination.labels {
            self.by_labels.add(labels, target);
        }
    }

    /// Returns the targets, sorted by key.
    pub(super) fn targets(&self) -> impl Iterator<Item = &'a Target> {
        self.all.iter().copied()
    }

    /// Returns the targets of which a pod is the destination, sorted by key and without duplicates.
    pub(super) fn of(&self, pod: &Workload) -> Vec<&'a Target> {
        let by_account = self.by_account.get(pod.service_account.as_str());
        let by_labels = self.by_labels.selecting(pod.labels());
        let mut all: Vec<&Target> = by_account.into_iter().flatten().chain(by_labels).copied().collect();
        all.sort_by_key(|target| &target.key);
        all.dedup_by_key(|target| &target.key);
        all
    }
}
