//! Manifests as text: YAML or JSON in, YAML out.
//!
//! Text is read as an API server reads it, which is YAML 1.1: an unquoted `y`, `no` or `on` is a boolean,
//! and `010` is eight. One broken document loses none of the others.
//!
//! ```
//! use smi_adapter::snapshot::Snapshot;
//! use smi_adapter::yaml::{self, Content};
//!
//! let text = "
//! apiVersion: split.smi-spec.io/v1alpha4
//! kind: TrafficSplit
//! metadata: {name: canary}
//! spec: {service: web, backends: [{service: web-v1, weight: 1}]}
//! ---
//! this: [is broken
//! ";
//! let mut snapshot = Snapshot::default();
//! for document in yaml::read(text, "shop") {
//!     match document.content.map(|content| content.add_to(&mut snapshot)) {
//!         Ok(_) => {}
//!         Err(error) => assert_eq!(document.number, 2, "{error}"),
//!     }
//! }
//! assert_eq!(snapshot.splits().count(), 1);
//! ```

mod split;

use crate::manifest::NativeObject;
use crate::object::{ObjectKey, ObjectRef};
use crate::snapshot::{Snapshot, Undecodable};
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};
use smi_types::{FieldPath, Object, ParseError, ParseErrorKind, Parsed};
use std::fmt::{self, Display};

/// One object of a text.
#[derive(Debug)]
pub struct Document {
    /// The number of its document in the text, from 1.
    pub number: usize,
    /// The number of its item, from 1, where the document is a list of objects.
    pub item: Option<usize>,
    /// What it is, or why it cannot be read.
    pub content: Result<Content, ReadError>,
}

/// What an object of a text is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An SMI object.
    Smi(Parsed),
    /// A service.
    Service(Box<Service>),
    /// Something that has no part in what SMI objects mean.
    Other {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
    },
}

/// Why a part of a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ReadError {
    /// The object, if it says which one it is. Then [`Snapshot`] can note that it is there and unusable.
    pub object: Option<ObjectRef>,
    /// What it lacks to be read.
    pub code: ReadErrorCode,
    /// The field at fault; the root, if the text or the object as a whole is.
    pub field: FieldPath,
    /// What is wrong.
    pub message: String,
}

/// The kinds of [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadErrorCode {
    /// The text is neither YAML nor JSON.
    Unparsable,
    /// No Kubernetes object: `apiVersion` or `kind` is missing.
    NotAnObject,
    /// An SMI API group or kind that does not exist.
    UnknownKind,
    /// A version that this kind never had.
    UnknownVersion,
    /// A kind of SMI that this release does not read.
    Unsupported,
    /// A field has a wrong type, or a name is missing.
    Undecodable,
}

impl ReadErrorCode {
    /// The code as text, beside those of [`Code`](crate::diagnostic::Code).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unparsable => "Unparsable",
            Self::NotAnObject => "NotAnObject",
            Self::UnknownKind => "UnknownKind",
            Self::UnknownVersion => "UnknownVersion",
            Self::Unsupported => "Unsupported",
            Self::Undecodable => "Undecodable",
        }
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_root() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// Reads all objects of a text: YAML with any number of documents, or JSON objects one after the other.
/// Lists of objects are taken apart. Objects without a namespace get `default_namespace` (I2).
#[must_use]
pub fn read(text: &str, default_namespace: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    for (index, values) in split::documents(text).enumerate() {
        for value in values {
            let number = index + 1;
            match value {
                Ok(value) => objects(value, number, default_namespace, &mut documents),
                Err(message) => documents.push(Document {
                    number,
                    item: None,
                    content: Err(ReadError {
                        object: None,
                        code: ReadErrorCode::Unparsable,
                        field: FieldPath::root(),
                        message,
                    }),
                }),
            }
        }
    }
    documents
}

/// Takes lists apart: `List`, and lists of one kind, whose items may lack their type.
fn objects(value: Value, number: usize, default_namespace: &str, documents: &mut Vec<Document>) {
    let kind = value.get("kind").and_then(Value::as_str);
    let item_kind = kind.and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
    let (Some(item_kind), Some(Value::Array(items))) = (item_kind, value.get("items")) else {
        documents.push(Document {
            number,
            item: None,
            content: content(value, default_namespace),
        });
        return;
    };
    for (index, item) in items.iter().enumerate() {
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut().filter(|_| !item_kind.is_empty()) {
            fields.entry("kind").or_insert_with(|| json!(item_kind));
            if let Some(api_version) = value.get("apiVersion") {
                fields.entry("apiVersion").or_insert_with(|| api_version.clone());
            }
        }
        documents.push(Document {
            number,
            item: Some(index + 1),
            content: content(item, default_namespace),
        });
    }
}

fn content(mut value: Value, default_namespace: &str) -> Result<Content, ReadError> {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let namespace = metadata.entry("namespace").or_insert(Value::Null);
        if namespace.is_null() || *namespace == json!("") {
            *namespace = json!(default_namespace);
        }
    }
    let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    match Object::from_value(&value) {
        Ok(parsed) => Ok(Content::Smi(parsed)),
        Err(error) if error.kind() == ParseErrorKind::NotSmi => match (text("apiVersion"), text("kind")) {
            (Some(api_version), Some(kind)) if api_version == "v1" && kind == "Service" => service(value),
            (Some(api_version), Some(kind)) => Ok(Content::Other { api_version, kind }),
            _ => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn service(value: Value) -> Result<Content, ReadError> {
    let text = |field: &str| value.get("metadata")?.get(field)?.as_str().map(str::to_owned);
    let (namespace, name) = (text("namespace").unwrap_or_default(), text("name").unwrap_or_default());
    let object = (!name.is_empty()).then(|| ObjectRef::service(ObjectKey::new(namespace, name)));
    let refuse = |field: FieldPath, message: String| ReadError {
        object: object.clone(),
        code: ReadErrorCode::Undecodable,
        field,
        message: explained(message),
    };
    if object.is_none() {
        return Err(refuse(
            "metadata.name".into(),
            "`metadata.name` is missing or no text".into(),
        ));
    }
    let service: Result<Service, _> = serde_path_to_error::deserialize(value);
    match service {
        Ok(service) => Ok(Content::Service(Box::new(service))),
        Err(error) => Err(refuse(
            error.path().to_string().as_str().into(),
            error.inner().to_string(),
        )),
    }
}

/// Authors of `name: n` should learn what became of it.
fn explained(message: String) -> String {
    if ["boolean `", "`true` is no text", "`false` is no text"]
        .iter()
        .any(|part| message.contains(part))
    {
        message + " (unquoted, `y n yes no on off` are booleans too; quote the value)"
    } else {
        message
    }
}

impl From<ParseError> for ReadError {
    fn from(error: ParseError) -> Self {
        Self {
            object: crate::snapshot::object_of(&error),
            code: match error.kind() {
                ParseErrorKind::NotSmi => ReadErrorCode::NotAnObject,
                ParseErrorKind::UnknownKind => ReadErrorCode::UnknownKind,
                ParseErrorKind::UnknownVersion => ReadErrorCode::UnknownVersion,
                ParseErrorKind::Unsupported => ReadErrorCode::Unsupported,
                _ => ReadErrorCode::Undecodable,
            },
            field: error.path().clone(),
            message: explained(error.message().to_owned()),
        }
    }
}

impl Content {
    /// Adds it to a snapshot, and says which object it is; `None` if it has no part in what SMI means.
    pub fn add_to(self, snapshot: &mut Snapshot) -> Option<ObjectRef> {
        match self {
            Self::Smi(parsed) => Some(snapshot.insert(parsed)),
            Self::Service(service) => Some(snapshot.insert_service(*service)),
            Self::Other { .. } => None,
        }
    }
}

impl ReadError {
    /// Notes the object in a snapshot, so that whatever refers to it finds it unusable and a plan reports
    /// it. `false` if the error names no object: only the reader can report it.
    #[must_use]
    pub fn add_to(&self, snapshot: &mut Snapshot) -> bool {
        let Some(object) = &self.object else {
            return false;
        };
        let reason = Undecodable {
            field: self.field.clone(),
            reason: self.message.clone(),
        };
        snapshot.insert_undecodable(object.clone(), reason);
        true
    }
}

/// Writes objects as YAML documents, so that readers of YAML 1.1 and 1.2 read the same.
#[must_use]
pub fn write<'a>(objects: impl IntoIterator<Item = &'a NativeObject>) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
    };
    let mut text = String::new();
    for object in objects {
        // Writing a JSON value into a string has nothing that could fail.
        if let Ok(document) = serde_saphyr::to_string_with_options(&object.to_value(), options.clone()) {
            text.push_str(if text.is_empty() { "" } else { "---\n" });
            text.push_str(&document);
        }
    }
    text
}

#[cfg(test)]
mod tests;
