//! Who owns which pods.

use super::{Owned, common};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::snapshot::Snapshot;
use crate::workload::Workload;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Labels that controllers put on single pods: they select less than the owner does.
const GENERATED: [&str; 9] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Whether a label says nothing about whose pod it is: it is on single pods, or on all pods of a mesh, also on those whose
/// templates do not have it.
fn is_generated(name: &str) -> bool {
    let domain = name.split_once('/').map(|(domain, _)| domain).unwrap_or_default();
    let of_mesh = ["istio.io", "linkerd.io"].iter().any(|mesh| {
        domain
            .strip_suffix(mesh)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    of_mesh || GENERATED.contains(&name)
}

/// Owners of owners of owners: a CronJob's Job's Pod has two. Nobody needs more, and a circle must end.
const DEPTH: usize = 8;

/// The workloads of the enforced namespaces, sorted.
pub(super) fn all<'a>(snapshot: &'a Snapshot, enforced: &BTreeSet<String>) -> Vec<Owned<'a>> {
    let mut known: BTreeMap<(&str, &str, &str), &Workload> = BTreeMap::new();
    let here = || {
        snapshot
            .workloads()
            .filter(|workload| enforced.contains(&workload.object.key.namespace))
    };
    for workload in here() {
        let ObjectRef { kind, key } = &workload.object;
        known.insert((&key.namespace, &kind.kind, &key.name), workload);
    }
    let mut pods: BTreeMap<ObjectRef, Vec<&Workload>> = BTreeMap::new();
    for workload in here() {
        let top = top(workload, &known);
        let running = !workload.idle || top == workload.object;
        pods.entry(top).or_default().extend(running.then_some(workload));
    }
    let owned = pods.into_iter().map(|(object, pods)| Owned {
        selector: selector(snapshot.workload(&object), &pods),
        object,
        pods,
    });
    owned.collect()
}

/// The topmost owner that is known, or named.
fn top(workload: &Workload, known: &BTreeMap<(&str, &str, &str), &Workload>) -> ObjectRef {
    let namespace = workload.object.key.namespace.as_str();
    let mut top = workload;
    for _ in 0..DEPTH {
        let Some((kind, name)) = &top.owner else { break };
        match known.get(&(namespace, kind.as_str(), name.as_str())) {
            Some(owner) => top = owner,
            // Pods whose owner nobody showed belong together all the same.
            None if top.object.kind == Kind::POD => {
                return ObjectRef::new(named(kind), ObjectKey::new(namespace, name));
            }
            None => break,
        }
    }
    top.object.clone()
}

/// A kind of which only the name is known.
fn named(kind: &str) -> Kind {
    let makers = [
        Kind::DAEMON_SET,
        Kind::JOB,
        Kind::REPLICA_SET,
        Kind::REPLICATION_CONTROLLER,
        Kind::STATEFUL_SET,
    ];
    let known = makers.into_iter().find(|known| known.kind == kind);
    known.unwrap_or_else(|| Kind {
        group: Cow::Borrowed(""),
        version: Cow::Borrowed(""),
        kind: Cow::Owned(kind.to_owned()),
        plural: Cow::Owned(kind.to_ascii_lowercase()),
    })
}

/// The owner's own selector, if labels alone say it and it selects all of its pods; else what its pods have in common.
fn selector(owner: Option<&Workload>, pods: &[&Workload]) -> BTreeMap<String, String> {
    let labels = if let Some(selector) = owner.and_then(|owner| owner.selector.as_ref()) {
        labels(selector).unwrap_or_default()
    } else {
        let mut labels = common(pods.iter().map(|pod| &pod.labels));
        labels.retain(|name, _| !is_generated(name));
        labels
    };
    let exact = pods.iter().all(|pod| pod.is_selected_by(&labels));
    if exact { labels } else { BTreeMap::new() }
}

/// A selector as labels; `None` if it cannot be said so.
fn labels(selector: &LabelSelector) -> Option<BTreeMap<String, String>> {
    let mut labels = selector.match_labels.clone().unwrap_or_default();
    for expression in selector.match_expressions.iter().flatten() {
        let values = expression.values.as_deref().unwrap_or_default();
        let [value] = values else { return None };
        if expression.operator != "In" || labels.get(&expression.key).is_some_and(|known| known != value) {
            return None;
        }
        labels.insert(expression.key.clone(), value.clone());
    }
    Some(labels)
}
