//! Native objects in a text.

use super::{ReadError, split};
use crate::diagnostic::Code;
use crate::manifest::NativeObject;
use crate::object::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use smi_types::FieldPath;
use std::collections::BTreeMap;

/// Reads the native objects in a text, as written by [`write`](super::write()): YAML with any number of documents, or a
/// sequence of JSON objects. Every item of a list becomes a separate object.
///
/// A text does not contain the plural of a kind. It is taken from the kind in `kinds` with the same group, version and
/// name. If there is none, it is the kind in lower case followed by `s`.
#[must_use]
pub fn read_native(text: &str, kinds: &[Kind]) -> Vec<Result<NativeObject, ReadError>> {
    let mut objects = Vec::new();
    for value in split::documents(text).flat_map(|(_, values)| values) {
        match value {
            Ok(value) => match value.get("items").and_then(Value::as_array) {
                Some(items) => objects.extend(items.iter().map(|item| native(item, kinds))),
                None => objects.push(native(&value, kinds)),
            },
            Err(broken) => objects.push(Err(ReadError::unparsable(None, &broken))),
        }
    }
    objects
}

fn native(value: &Value, kinds: &[Kind]) -> Result<NativeObject, ReadError> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        let message = "there is no `apiVersion` or no `kind`".to_owned();
        return Err(ReadError::new(None, Code::NotAnObject, FieldPath::root(), message));
    };
    let metadata = value.get("metadata").cloned().unwrap_or_else(|| json!({}));
    let metadata = serde_path_to_error::deserialize(metadata).map_err(|error| {
        let field = super::below("metadata".into(), error.path());
        let message = error.inner().to_string();
        ReadError::new(None, Code::Undecodable, field, message)
    })?;
    Ok(NativeObject {
        kind: named(api_version, kind, kinds),
        metadata,
        spec: value.get("spec").cloned().unwrap_or_default().into(),
    })
}

/// Reads an object that may be of any API. Of metadata with a wrong type, only names, labels and annotations are read:
/// the object is not reported, because it need not be one that matters to a mesh.
pub(super) fn leniently(value: &Value, api_version: &str, kind: &str) -> NativeObject {
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    NativeObject {
        kind: named(api_version, kind, &[]),
        metadata: serde_json::from_value(metadata.clone()).unwrap_or_else(|_| readable(metadata).into()),
        spec: value.get("spec").cloned().unwrap_or_default().into(),
    }
}

/// Returns the names, labels and annotations of metadata that are texts.
fn readable(metadata: &Value) -> ObjectMeta {
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).map(str::to_owned);
    let texts = |field: &str| -> Option<BTreeMap<String, String>> {
        let fields = metadata.get(field)?.as_object()?.iter();
        let texts = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(texts.collect())
    };
    ObjectMeta {
        namespace: text("namespace"),
        name: text("name"),
        labels: texts("labels"),
        annotations: texts("annotations"),
        ..ObjectMeta::default()
    }
}

/// Returns the kind in `kinds` with these names, or one with a guessed plural.
fn named(api_version: &str, kind: &str, kinds: &[Kind]) -> Kind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let known = kinds
        .iter()
        .find(|known| known.group() == group && known.version() == version && known.name() == kind);
    known.cloned().unwrap_or_else(|| {
        let plural = format!("{}s", kind.to_lowercase());
        Kind::named(group, version, kind, &plural)
    })
}
