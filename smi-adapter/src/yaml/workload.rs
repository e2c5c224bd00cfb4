//! Workloads in a text.

use super::{Misread, read_as};
use crate::object::Kind;
use crate::workload::Workload;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a pod, or an object of a kind that creates pods. Returns `None` if the object is of another kind.
///
/// # Errors
/// If the object is of such a kind but does not have its structure.
pub(super) fn workload(value: &Value) -> Option<(Kind, Result<Workload, Misread>)> {
    fn read<T: DeserializeOwned>(value: &Value) -> Result<Workload, Misread>
    where
        for<'a> Workload: From<&'a T>,
    {
        read_as::<T>(value.clone()).map(|object| Workload::from(&*object))
    }
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let is = |known: &Kind| kind == known.name() && api_version == known.api_version();
    let kind = Kind::WORKLOADS.into_iter().find(is)?;
    macro_rules! read_as {
        ($($variant:ident: $type:ty;)*) => {
            match kind {
                $(Kind::$variant => read::<$type>(value),)*
                _ => return None,
            }
        };
    }
    let workload = read_as! {
        Pod: k8s_openapi::api::core::v1::Pod;
        ReplicationController: k8s_openapi::api::core::v1::ReplicationController;
        Deployment: k8s_openapi::api::apps::v1::Deployment;
        StatefulSet: k8s_openapi::api::apps::v1::StatefulSet;
        DaemonSet: k8s_openapi::api::apps::v1::DaemonSet;
        ReplicaSet: k8s_openapi::api::apps::v1::ReplicaSet;
        Job: k8s_openapi::api::batch::v1::Job;
        CronJob: k8s_openapi::api::batch::v1::CronJob;
    };
    Some((kind, workload))
}
