//! The version that a target was written in: a conversion from an older version may have lost its port (I5).

use serde_json::Value;
use smi_types::Version;
use smi_types::access::TrafficTarget;

/// Returns the version that a target was written in, if a conversion from it may have lost a port.
///
/// Such a version has `destination.port` and is older than the version in which the target was read. If the writer is
/// unknown, the target counts as written in the version in which it was read.
pub(super) fn in_older_version(target: &TrafficTarget) -> Option<Version> {
    let managed = target.metadata.managed_fields.iter().flatten();
    let writers = managed
        .filter(|entry| entry.fields_v1.as_ref().is_some_and(|fields| owns_spec(&fields.0)))
        .filter_map(|entry| version(entry.api_version.as_deref()?));
    let last_applied = target
        .metadata
        .annotations
        .as_ref()
        .and_then(|all| all.get("kubectl.kubernetes.io/last-applied-configuration"))
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let applied = last_applied
        .as_ref()
        .and_then(|value| version(value.get("apiVersion")?.as_str()?));
    let restricts = |version: &Version| *version <= Version::V1Alpha2 && *version < target.version;
    writers.chain(applied).find(restricts)
}

/// Returns the version of an `apiVersion`, if that version has `destination.port`.
fn version(api_version: &str) -> Option<Version> {
    let version = api_version.strip_prefix("access.smi-spec.io/")?;
    [Version::V1Alpha1, Version::V1Alpha2]
        .into_iter()
        .find(|known| known.to_string() == version)
}

/// Returns `true` if the fields include a part of the spec of a target, in any version.
fn owns_spec(fields: &Value) -> bool {
    ["f:spec", "f:destination", "f:specs", "f:sources"]
        .iter()
        .any(|field| fields.get(field).is_some())
}
