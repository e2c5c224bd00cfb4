//! Owners: the topmost owner of every pod, and its exact selector.

use super::services::Services;
use super::{Owned, common, marks};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::resolve::view::View;
use crate::workload::Workload;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels that controllers put on single pods. They select fewer pods than the owner does.
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

/// Returns `true` if a label does not identify the owner of a pod.
///
/// Such a label is on single pods, or a mesh adds it to all pods, even if their templates do not have it.
fn is_generated(name: &str) -> bool {
    let domain = name.split_once('/').map(|(domain, _)| domain).unwrap_or_default();
    let of_mesh = ["istio.io", "linkerd.io"].iter().any(|mesh| {
        domain
            .strip_suffix(mesh)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    of_mesh || GENERATED.contains(&name)
}

/// The maximum length of a chain of owners. Real chains are short (pod, Job, CronJob); the limit ends cycles.
const DEPTH: usize = 8;

/// Returns the workloads of a namespace, sorted.
pub(super) fn all<'a>(view: View<'a>, namespace: &'a str) -> impl Iterator<Item = Owned> + 'a {
    let known: BTreeMap<(&str, &str), &Workload> = view
        .workloads_in(namespace)
        .map(|workload| {
            let ObjectRef { kind, key } = &workload.object;
            ((kind.name(), key.name.as_str()), &**workload)
        })
        .collect();
    let mut pods: BTreeMap<ObjectRef, Vec<Arc<Workload>>> = BTreeMap::new();
    for workload in view.workloads_in(namespace) {
        let top = top(workload, &known);
        let running = !workload.idle || top == workload.object;
        pods.entry(top)
            .or_default()
            .extend(running.then(|| Arc::clone(workload)));
    }
    let services = Services::new(view, namespace);
    let marked = view.namespace(namespace);
    pods.into_iter().map(move |(object, pods)| Owned {
        selector: Arc::new(selector(view.workload(&object), &pods)),
        object,
        selected: pods
            .iter()
            .flat_map(|pod| services.of(pod).map(|service| (Arc::clone(pod), service.clone())))
            .collect(),
        marks: Arc::new(marks(&pods, marked)),
        pods,
    })
}

/// Returns the topmost owner that is in the snapshot or that a pod names.
fn top(workload: &Workload, known: &BTreeMap<(&str, &str), &Workload>) -> ObjectRef {
    let namespace = workload.object.key.namespace.as_str();
    let mut top = workload;
    for _ in 0..DEPTH {
        let Some((kind, name)) = &top.owner else { break };
        match known.get(&(kind.as_str(), name.as_str())) {
            Some(owner) => top = owner,
            // Pods belong together even if their owner is not in the snapshot.
            None if top.object.kind == Kind::Pod => {
                return ObjectRef::new(named(kind), ObjectKey::new(namespace, name));
            }
            None => break,
        }
    }
    top.object.clone()
}

/// Returns the kind of this name. Group and version may be unknown.
fn named(kind: &str) -> Kind {
    let makers = [
        Kind::DaemonSet,
        Kind::Job,
        Kind::ReplicaSet,
        Kind::ReplicationController,
        Kind::StatefulSet,
    ];
    let known = makers.into_iter().find(|known| known.name() == kind);
    known.unwrap_or_else(|| Kind::named("", "", kind, &kind.to_ascii_lowercase()))
}

/// Returns the owner's own selector, or the common labels of its pods if the owner has none.
///
/// The result is empty if labels alone cannot express the selector, or if it does not select all of the pods.
fn selector(owner: Option<&Workload>, pods: &[Arc<Workload>]) -> BTreeMap<String, String> {
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

/// Returns a selector as labels; `None` if labels cannot express it.
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
