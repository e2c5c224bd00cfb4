//! Selection of the objects that apply to a pod.

use super::super::virtual_service::has_null;
use super::not_modelled;
use super::workload::Workload;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;
use std::collections::BTreeMap;

/// `WorkloadSelector` of `istio.io/api/type`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selector {
    pub(super) match_labels: BTreeMap<String, String>,
}

/// Returns the objects of a kind in the pod's namespace and in the root namespace. Objects for another revision of Istio
/// are rejected.
pub(super) fn in_scope<'o>(
    objects: &'o [NativeObject],
    (group, kind): (&'static str, &'static str),
    root: &str,
    workload: &Workload<'_>,
) -> Result<Vec<&'o NativeObject>, NotModelledError> {
    let mut found = Vec::new();
    for object in objects
        .iter()
        .filter(|object| object.kind.group() == group && object.kind.name() == kind)
    {
        let namespace = object.key().namespace;
        if namespace != root && namespace != workload.namespace() {
            continue;
        }
        if object
            .label("istio.io/rev")
            .is_some_and(|revision| revision != "default")
        {
            return unclear(object, "it is limited to a revision of Istio");
        }
        found.push(object);
    }
    Ok(found)
}

/// Reads the `spec` of an object. Unknown fields are rejected, because their effect is unknown.
pub(super) fn read<T: DeserializeOwned>(object: &NativeObject) -> Result<T, NotModelledError> {
    if has_null(&object.spec) {
        return unclear(object, "a field is null");
    }
    match T::deserialize(&*object.spec) {
        Ok(spec) => Ok(spec),
        Err(error) => unclear(object, error),
    }
}

pub(super) fn unclear<T>(object: &NativeObject, reason: impl std::fmt::Display) -> Result<T, NotModelledError> {
    not_modelled(format!("{}: {reason}", object.reference()))
}
