//! In which version a target was written (I5).

use serde_json::Value;
use smi_types::Version;
use smi_types::access::TrafficTarget;

/// The version that a target was written in, if that could restrict it to a port and is older than the one that it was
/// read in: somebody converted it, and the port may be lost. Unknown writers wrote what was read.
pub(super) fn in_older_version(target: &TrafficTarget) -> Option<Version> {
    let managed = target.metadata.managed_fields.iter().flatten();
    let writers = managed.filter(|entry| entry.fields_v1.as_ref().is_some_and(|fields| owns_spec(&fields.0)));
    let writers = writers.filter_map(|entry| version(entry.api_version.as_deref()?));
    let applied = target.metadata.annotations.as_ref();
    let applied = applied.and_then(|all| all.get("kubectl.kubernetes.io/last-applied-configuration"));
    let applied = applied.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let applied = applied
        .as_ref()
        .and_then(|value| version(value.get("apiVersion")?.as_str()?));
    let restricts = |version: &Version| *version <= Version::V1Alpha2 && *version < target.version;
    writers.chain(applied).find(restricts)
}

fn version(api_version: &str) -> Option<Version> {
    let version = api_version.strip_prefix("access.smi-spec.io/")?;
    [Version::V1Alpha1, Version::V1Alpha2]
        .into_iter()
        .find(|known| known.to_string() == version)
}

/// Whether somebody owns a field that says what a target means, in any version.
fn owns_spec(fields: &Value) -> bool {
    ["f:spec", "f:destination", "f:specs", "f:sources"]
        .iter()
        .any(|field| fields.get(field).is_some())
}
