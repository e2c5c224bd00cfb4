//! Workloads in a text.

use super::kubernetes::{Misread, read_as};
use crate::object::Kind;
use crate::workload::Workload;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a pod, or an object of a kind that creates pods.
///
/// # Errors
/// If the object does not have the structure of its kind.
pub(super) fn workload(value: &Value, kind: &Kind) -> Result<Workload, Misread> {
    fn read<T: DeserializeOwned>(value: &Value) -> Result<Workload, Misread>
    where
        for<'a> Workload: From<&'a T>,
    {
        read_as::<T>(value.clone()).map(|object| Workload::from(&*object))
    }
    macro_rules! read_as {
        ($($variant:ident: $type:ty;)*) => {
            match kind {
                $(Kind::$variant => read::<$type>(value),)*
                _ => Err(("kind".into(), format!("`{kind}` creates no pods"))),
            }
        };
    }
    read_as! {
        Pod: k8s_openapi::api::core::v1::Pod;
        ReplicationController: k8s_openapi::api::core::v1::ReplicationController;
        Deployment: k8s_openapi::api::apps::v1::Deployment;
        StatefulSet: k8s_openapi::api::apps::v1::StatefulSet;
        DaemonSet: k8s_openapi::api::apps::v1::DaemonSet;
        ReplicaSet: k8s_openapi::api::apps::v1::ReplicaSet;
        Job: k8s_openapi::api::batch::v1::Job;
        CronJob: k8s_openapi::api::batch::v1::CronJob;
    }
}
