//! Objects of an API server as edits.

use super::{Seen, is_native};
use crate::cluster::native;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::engine::Edit;
use smi_adapter::object::{DEFAULT_NAMESPACE, Kind, ObjectKey, ObjectRef};
use smi_adapter::smi_types::FieldPath;
use smi_adapter::yaml::{Content, Document};

/// Reads an object of `kind` that was listed in the version `api_version`.
pub(super) fn read(kind: &Kind, api_version: &str, mut object: DynamicObject) -> Seen {
    let status = object.data.get_mut("status").map(Value::take);
    // That of a pod is large, and does not count.
    let status = status.filter(|_| is_native(kind) || Kind::SMI.contains(kind));
    let metadata = &object.metadata;
    Seen {
        object: match kind {
            Kind::Namespace => ObjectRef::namespace(metadata.name.as_deref().unwrap_or_default()),
            _ => ObjectRef::new(kind.clone(), ObjectKey::of(metadata)),
        },
        uid: metadata.uid.clone().unwrap_or_default(),
        version: metadata.resource_version.clone().unwrap_or_default(),
        generation: metadata.generation,
        status: status.unwrap_or_default().into(),
        edit: edit(kind, api_version, object),
    }
}

fn edit(kind: &Kind, api_version: &str, mut object: DynamicObject) -> Edit {
    if is_native(kind) {
        return native(kind, object).into();
    }
    if !Kind::SMI.contains(kind) {
        object.metadata.managed_fields = None;
    }
    let reference = ObjectRef::new(kind.clone(), ObjectKey::of(&object.metadata));
    match Document::from_value(value(kind, api_version, object), DEFAULT_NAMESPACE).content {
        Ok(Content::Smi(parsed)) => parsed.into(),
        Ok(Content::Service(service)) => Edit::Service(service),
        Ok(Content::Workload(workload)) => Edit::Workload(workload),
        Ok(Content::Namespace(namespace)) => Edit::Namespace(namespace),
        Ok(Content::Native(native)) => Edit::Native(native),
        Err(error) => {
            let diagnostic = error.diagnostic().cloned();
            Edit::Undecodable(Box::new(diagnostic.unwrap_or_else(|| {
                Diagnostic::new(Code::Undecodable, reference, FieldPath::root(), error.to_string())
            })))
        }
    }
}

/// Returns the object as JSON with its apiVersion and kind, which an item of a list lacks, and without its status.
fn value(kind: &Kind, api_version: &str, object: DynamicObject) -> Value {
    let DynamicObject { metadata, data, .. } = object;
    let mut value = match data {
        data @ Value::Object(_) => data,
        _ => json!({}),
    };
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
        fields.insert("apiVersion".to_owned(), json!(api_version));
        fields.insert("kind".to_owned(), json!(kind.name()));
        fields.insert("metadata".to_owned(), json!(metadata));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(content: Value) -> DynamicObject {
        serde_json::from_value(content).unwrap()
    }

    #[test]
    fn an_item_of_a_list_gets_its_kind() {
        let split = object(json!({
            "metadata": {"name": "canary", "namespace": "shop", "uid": "u", "resourceVersion": "7"},
            "spec": {"service": "web", "backends": []},
            "status": {"conditions": []},
        }));
        let seen = read(&Kind::TrafficSplit, "split.smi-spec.io/v1alpha2", split);
        assert_eq!(seen.object, ObjectRef::split(ObjectKey::new("shop", "canary")));
        assert_eq!((seen.uid.as_str(), seen.version.as_str()), ("u", "7"));
        let Edit::Object(parsed) = seen.edit else {
            panic!("{:?}", seen.edit)
        };
        assert_eq!(parsed.ignored, []);
    }

    #[test]
    fn an_unreadable_object_is_reported_with_its_field() {
        let split = object(json!({"metadata": {"name": "canary", "namespace": "shop"}, "spec": {"service": 1}}));
        let seen = read(&Kind::TrafficSplit, "split.smi-spec.io/v1alpha2", split);
        let Edit::Undecodable(diagnostic) = seen.edit else {
            panic!("{:?}", seen.edit)
        };
        assert_eq!(diagnostic.object, seen.object);
        assert_eq!(diagnostic.field.to_string(), "spec.service");
    }

    #[test]
    fn reads_workloads_namespaces_and_natives() {
        let pod = object(json!({
            "metadata": {"name": "web-1", "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "env": [{"name": "KEY", "value": "secret"}]}]},
        }));
        assert!(matches!(read(&Kind::Pod, "v1", pod).edit, Edit::Workload(_)));
        let namespace = read(&Kind::Namespace, "v1", object(json!({"metadata": {"name": "shop"}})));
        assert_eq!(namespace.object, ObjectRef::namespace("shop"));
        assert!(matches!(namespace.edit, Edit::Namespace(_)));
        let kind = Kind::new(&["networking.istio.io", "v1", "VirtualService", "virtualservices"]);
        let native = object(json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"hosts": ["web"]}}));
        let Edit::Native(native) = read(&kind, "networking.istio.io/v1", native).edit else {
            panic!()
        };
        assert_eq!(native.spec["hosts"], json!(["web"]));
    }
}
