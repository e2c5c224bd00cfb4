//! Conversion: targets that may have lost their port in a conversion to another version (I5).

use crate::semantics::trace::Reason;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;
use smi_types::Version;
use smi_types::access::TrafficTarget;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns `Ok` if a target cannot have lost its port (I5).
///
/// A target that was written in a version with `destination.port` and read in a newer one may have lost the port, which
/// widens it. If the writer is unknown, the target counts as written in the version in which it was read.
pub(super) fn nothing_lost(target: &TrafficTarget) -> Result<(), Reason> {
    for version in [Version::V1Alpha1, Version::V1Alpha2] {
        if version < target.version && (owns(target, version) || last_applied(target, version)) {
            let why = format!(
                "it was written as `{version}` and read as `{}`, which may have lost its port",
                target.version
            );
            return Err(Reason::new("I5", why));
        }
    }
    Ok(())
}

/// Returns `true` if a field manager owns fields of the spec in this version.
fn owns(target: &TrafficTarget, version: Version) -> bool {
    let mut entries = target.metadata.managed_fields.iter().flatten();
    entries.any(|entry| entry.api_version.as_deref() == Some(&*api(version)) && owns_spec(entry, version))
}

fn owns_spec(entry: &ManagedFieldsEntry, version: Version) -> bool {
    let spec: &[&str] = match version {
        Version::V1Alpha1 => &["f:destination", "f:specs", "f:sources"],
        _ => &["f:spec"],
    };
    let fields = entry.fields_v1.as_ref();
    fields.is_some_and(|fields| spec.iter().any(|field| fields.0.get(field).is_some()))
}

/// Returns `true` if the target was last applied in this version.
fn last_applied(target: &TrafficTarget, version: Version) -> bool {
    let annotations = target.metadata.annotations.as_ref();
    let json = annotations.and_then(|annotations| annotations.get(LAST_APPLIED));
    let applied = json.and_then(|json| serde_json::from_str::<Value>(json).ok());
    applied.is_some_and(|object| object.get("apiVersion").and_then(Value::as_str) == Some(&*api(version)))
}

fn api(version: Version) -> String {
    format!("access.smi-spec.io/{version}")
}
