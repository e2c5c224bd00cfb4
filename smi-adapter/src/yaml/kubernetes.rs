//! Services, namespaces and workloads in a text, and native objects.

use super::{Content, ReadError, below, native, workload};
use crate::diagnostic::Code;
use crate::object::{Kind, ObjectKey, ObjectRef, UNKNOWN_NAME};
use serde::de::DeserializeOwned;
use serde_json::Value;
use smi_types::FieldPath;

/// Reads an object that does not belong to SMI.
pub(super) fn read(value: Value, api_version: &str, kind: &str, default_namespace: &str) -> Result<Content, ReadError> {
    let mut known = [Kind::Service, Kind::Namespace].into_iter().chain(Kind::WORKLOADS);
    let Some(known) = known.find(|known| known.name() == kind && known.api_version() == api_version) else {
        return Ok(Content::Native(Box::new(native::leniently(&value, api_version, kind))));
    };
    let object = reference(&value, known, default_namespace);
    let name = value.pointer("/metadata/name").unwrap_or(&Value::Null);
    if name.is_null() || name.as_str() == Some("") {
        return Err(ReadError::new(
            Some(object),
            Code::Undecodable,
            "metadata.name".into(),
            "there is no name".into(),
        ));
    }
    let content = match object.kind {
        Kind::Service => read_as(value).map(Content::Service),
        Kind::Namespace => read_as(value).map(Content::Namespace),
        _ => workload::workload(&value, &object.kind).map(|workload| Content::Workload(Box::new(workload))),
    };
    content.map_err(|(path, reason)| ReadError::new(Some(object), Code::Undecodable, path, reason))
}

/// Returns a reference to an object, as far as its name can be read.
fn reference(value: &Value, kind: Kind, default_namespace: &str) -> ObjectRef {
    let text = |field: &str| {
        value
            .get("metadata")?
            .get(field)?
            .as_str()
            .filter(|text| !text.is_empty())
    };
    let name = text("name").unwrap_or(UNKNOWN_NAME);
    if kind == Kind::Namespace {
        return ObjectRef::namespace(name);
    }
    ObjectRef::new(
        kind,
        ObjectKey::new(text("namespace").unwrap_or(default_namespace), name),
    )
}

/// The field in which an object cannot be read, and the reason.
pub(super) type Misread = (FieldPath, String);

/// Deserializes a Kubernetes object.
pub(super) fn read_as<T: DeserializeOwned>(value: Value) -> Result<Box<T>, Misread> {
    let read: Result<T, _> = serde_path_to_error::deserialize(value);
    read.map(Box::new)
        .map_err(|error| (below(FieldPath::root(), error.path()), error.inner().to_string()))
}
