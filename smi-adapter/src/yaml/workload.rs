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
    macro_rules! read_as {
        ($($constant:ident: $type:ty;)*) => {
            $(if kind == Kind::$constant.kind && api_version == Kind::$constant.api_version() {
                return Some((Kind::$constant, read::<$type>(value)));
            })*
        };
    }
    read_as! {
        POD: k8s_openapi::api::core::v1::Pod;
        REPLICATION_CONTROLLER: k8s_openapi::api::core::v1::ReplicationController;
        DEPLOYMENT: k8s_openapi::api::apps::v1::Deployment;
        STATEFUL_SET: k8s_openapi::api::apps::v1::StatefulSet;
        DAEMON_SET: k8s_openapi::api::apps::v1::DaemonSet;
        REPLICA_SET: k8s_openapi::api::apps::v1::ReplicaSet;
        JOB: k8s_openapi::api::batch::v1::Job;
        CRON_JOB: k8s_openapi::api::batch::v1::CronJob;
    }
    None
}
