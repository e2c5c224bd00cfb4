//! Names of native objects: the subject of the policy, followed by a suffix that makes the name unique.

use smi_adapter::object::{Kind, ObjectRef, bounded_name, content_hash};

/// Kinds that appear in names as their lower-case name.
const KNOWN: [Kind; 8] = [
    Kind::CronJob,
    Kind::DaemonSet,
    Kind::Deployment,
    Kind::Job,
    Kind::Pod,
    Kind::ReplicationController,
    Kind::ReplicaSet,
    Kind::StatefulSet,
];

/// Returns the name of the policy that denies everything in a namespace.
pub(super) fn baseline(namespace: &str) -> String {
    bounded_name(&format!("namespace-{namespace}-baseline"))
}

/// Returns the name of a policy that allows requests to a workload; `number` counts from 1. It ends with `-access` or
/// `-access-NUMBER`, so that it differs from the names of all other workloads' policies.
pub(super) fn access(workload: &ObjectRef, number: usize) -> String {
    let base = base(workload);
    bounded_name(&match number {
        1 => format!("{base}-access"),
        _ => format!("{base}-access-{number}"),
    })
}

/// Returns the name of the filter of a workload whose content has this hash.
pub(super) fn filter(workload: &ObjectRef, hash: &str) -> String {
    bounded_name(&format!("{}-{hash}", base(workload)))
}

/// Returns the kind and name of a workload as the beginning of a name.
///
/// A kind known only from a pod's owner reference can be any string. It appears as its letters and digits, with a hash of
/// it at the end. A dot instead of the hyphen distinguishes it from the known kinds.
fn base(workload: &ObjectRef) -> String {
    let ObjectRef { kind, key } = workload;
    let lower = kind.name().to_ascii_lowercase();
    if KNOWN.iter().any(|known| known.name() == kind.name()) {
        return format!("{lower}-{}", key.name);
    }
    let letters: String = lower.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let letters = if letters.is_empty() { "kind".to_owned() } else { letters };
    format!("{letters}.{}.{}", key.name, content_hash(kind.name()))
}
