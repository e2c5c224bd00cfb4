//! Names: what a policy is about, and then a part that keeps apart what could be mixed up.

use smi_adapter::object::{Kind, ObjectRef, bounded_name, content_hash};

/// Kinds whose names in lower case stand for themselves.
const KNOWN: [Kind; 8] = [
    Kind::CRON_JOB,
    Kind::DAEMON_SET,
    Kind::DEPLOYMENT,
    Kind::JOB,
    Kind::POD,
    Kind::REPLICATION_CONTROLLER,
    Kind::REPLICA_SET,
    Kind::STATEFUL_SET,
];

/// The policy that denies, of a namespace.
pub(super) fn baseline(namespace: &str) -> String {
    bounded_name(&format!("namespace-{namespace}-baseline"))
}

/// The policies that allow, of a workload, by number from 1. They end with `-access` or `-access-NUMBER`, so that none
/// has the name of one of another workload, whatever that is called.
pub(super) fn access(workload: &ObjectRef, number: usize) -> String {
    let base = base(workload);
    bounded_name(&match number {
        1 => format!("{base}-access"),
        _ => format!("{base}-access-{number}"),
    })
}

/// The filter with this content, of a workload.
pub(super) fn filter(workload: &ObjectRef, hash: &str) -> String {
    bounded_name(&format!("{}-{hash}", base(workload)))
}

/// Kind and name of a workload. Of a kind that only a pod's owner reference names, which may be any text, the letters,
/// and a hash at the end; a dot in the place of the dash keeps it apart from those that are known.
fn base(workload: &ObjectRef) -> String {
    let ObjectRef { kind, key } = workload;
    let lower = kind.kind.to_ascii_lowercase();
    if KNOWN.iter().any(|known| known.kind == kind.kind) {
        return format!("{lower}-{}", key.name);
    }
    let letters: String = lower.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let letters = if letters.is_empty() { "kind".to_owned() } else { letters };
    format!("{letters}.{}.{}", key.name, content_hash(&kind.kind))
}
