//! Manifests as text: YAML or JSON in, YAML out.
//!
//! Text is read as an API server reads it, which is YAML 1.1: an unquoted `y`, `no` or `on` is a boolean, and `010` is
//! eight. A broken document does not affect the others.
//!
//! ```
//! use smi_adapter::snapshot::SnapshotBuilder;
//! use smi_adapter::yaml;
//!
//! let text = "
//! apiVersion: split.smi-spec.io/v1alpha4
//! kind: TrafficSplit
//! metadata: {name: canary}
//! spec: {service: web, backends: [{service: web-v1, weight: 1}]}
//! ---
//! this: [is broken
//! ";
//! let mut input = SnapshotBuilder::default();
//! for document in yaml::read(text, "shop") {
//!     let number = document.number;
//!     match document.add_to(&mut input) {
//!         Ok(object) => println!("{object:?} is in document {number}"),
//!         Err(error) => assert_eq!(number, 2, "{error}"),
//!     }
//! }
//! assert_eq!(input.build().splits().count(), 1);
//! ```

mod error;
mod fault;
mod glimpse;
mod kubernetes;
mod native;
mod split;
mod workload;

pub use error::ReadError;
pub use native::read_native;

use crate::manifest::NativeObject;
use crate::object::{ObjectRef, Origin};
use crate::snapshot::SnapshotBuilder;
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use serde_json::{Value, json};
use smi_types::{FieldPath, Object, ParseErrorKind, Parsed};
use split::Broken;

/// An object in a text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The number of the document in the text, from 1.
    pub number: usize,
    /// The number of the item, from 1, if the document is a list of objects.
    pub item: Option<usize>,
    /// The first line of the document, from 1; `None` if the object was not read from a text.
    pub line: Option<usize>,
    /// The content, or the error that occurred when reading it.
    pub content: Result<Content, ReadError>,
}

/// The content of a document or of an item of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An SMI object.
    Smi(Parsed),
    /// A service.
    Service(Box<Service>),
    /// A pod, or an object that creates pods.
    Workload(Box<Workload>),
    /// A namespace.
    Namespace(Box<Namespace>),
    /// An object of any other kind. It does not affect the meaning of SMI objects, but it may be one that an adapter
    /// writes or reads: see [`recognize`](crate::plan::MeshAdapterExt::recognize). Its kind has a guessed plural.
    Native(Box<NativeObject>),
}

/// Reads all objects in a text: YAML with any number of documents, or a sequence of JSON objects.
///
/// Every item of a list becomes a separate document. Objects without a namespace get `default_namespace` (I2). If a text
/// cannot be parsed but shows SMI objects, there is a document with the error for each of them, so that an unreadable
/// traffic target enforces its namespace (A2).
#[must_use]
pub fn read(text: &str, default_namespace: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    for (index, (line, values)) in split::documents(text).enumerate() {
        for value in values {
            let unread = |content| Document {
                number: index + 1,
                item: None,
                line: Some(line),
                content,
            };
            match value {
                Ok(value) => objects(value, default_namespace, unread, &mut documents),
                Err(broken) => {
                    let errors = unparsable(&broken, default_namespace).into_iter();
                    documents.extend(errors.map(|error| unread(Err(error))));
                }
            }
        }
    }
    documents
}

/// Returns an error for each object that a broken part of a text shows, or one without an object.
fn unparsable(broken: &Broken<'_>, default_namespace: &str) -> Vec<ReadError> {
    let objects = glimpse::glimpse(broken.text, default_namespace);
    if objects.is_empty() {
        return vec![ReadError::unparsable(None, broken)];
    }
    let errors = objects.into_iter();
    errors
        .map(|object| ReadError::unparsable(Some(object), broken))
        .collect()
}

/// Adds the objects of a value: a single object, or the items of a list. The list is a `List`, or a list of one kind. Its
/// items may omit `apiVersion` and `kind`.
fn objects(
    value: Value,
    default_namespace: &str,
    document: impl Fn(Result<Content, ReadError>) -> Document,
    documents: &mut Vec<Document>,
) {
    let kind = value.get("kind").and_then(Value::as_str);
    let item_kind = kind.and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
    let (Some(item_kind), Some(Value::Array(items))) = (item_kind, value.get("items")) else {
        documents.push(document(content(value, default_namespace)));
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
            item: Some(index + 1),
            ..document(content(item, default_namespace))
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
            (Some(api_version), Some(kind)) => kubernetes::read(value, &api_version, &kind, default_namespace),
            _ => Err(ReadError::of(&error, default_namespace)),
        },
        Err(error) => Err(ReadError::of(&error, default_namespace)),
    }
}

/// Appends the path of an error to the path of the value that was read.
fn below(value: FieldPath, path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    path.iter().fold(value, |path, segment| match segment {
        Segment::Seq { index } => path.index(*index),
        Segment::Map { key } => path.field(key.clone()),
        Segment::Enum { variant } => path.field(variant.clone()),
        Segment::Unknown => path,
    })
}

impl Document {
    /// Reads an object from a parsed value, as if it were the only one in a text. An object without a namespace gets
    /// `default_namespace` (I2).
    #[must_use]
    pub fn from_value(value: Value, default_namespace: &str) -> Self {
        Self {
            number: 1,
            item: None,
            line: None,
            content: content(value, default_namespace),
        }
    }

    /// Returns the place of the object in its text; `None` if the object was not read from a text.
    #[must_use]
    pub fn origin(&self, file: Option<&str>) -> Option<Origin> {
        Some(Origin::Manifest {
            file: file.map(str::to_owned),
            document: self.number,
            item: self.item,
            line: self.line?,
        })
    }

    /// Adds the object of a text without a name to an input, as [`add_from`](Self::add_from) does.
    ///
    /// # Errors
    /// If no object can be identified.
    pub fn add_to(self, input: &mut SnapshotBuilder) -> Result<Option<ObjectRef>, ReadError> {
        self.add_from(None, input)
    }

    /// Adds the object of a file to an input, and returns a reference to it; `None` for a [native](Content::Native)
    /// object, which is not part of a snapshot. Diagnostics of the object name the file, the document and the line.
    ///
    /// An object that cannot be read is recorded as undecodable. Objects that refer to it find it unusable, and a plan
    /// reports it.
    ///
    /// # Errors
    /// If no object can be identified, for example because the text is not YAML. No plan can report this error, so show it
    /// to the author of the text.
    pub fn add_from(self, file: Option<&str>, input: &mut SnapshotBuilder) -> Result<Option<ObjectRef>, ReadError> {
        let origin = self.origin(file);
        let object = match self.content {
            Ok(Content::Smi(parsed)) => input.add(parsed),
            Ok(Content::Service(service)) => input.add_service(*service),
            Ok(Content::Workload(workload)) => input.add_workload(*workload),
            Ok(Content::Namespace(namespace)) => input.add_namespace(*namespace),
            Ok(Content::Native(_)) => return Ok(None),
            Err(error) => input.add_undecodable(error.into_diagnostic()?),
        };
        if let Some(origin) = origin {
            input.add_origin(&object, origin);
        }
        Ok(Some(object))
    }
}

/// Writes objects as YAML documents that have the same meaning in YAML 1.1 and 1.2.
#[must_use]
pub fn write<'a>(objects: impl IntoIterator<Item = &'a NativeObject>) -> String {
    let values: Vec<Value> = objects.into_iter().map(NativeObject::to_value).collect();
    write_values(&values)
}

/// Writes values as YAML documents that have the same meaning in YAML 1.1 and 1.2.
#[must_use]
pub fn write_values<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
    };
    let mut text = String::new();
    for value in values {
        // Writing a JSON value into a string cannot fail.
        if let Ok(document) = serde_saphyr::to_string_with_options(value, options.clone()) {
            text.push_str(if text.is_empty() { "" } else { "---\n" });
            text.push_str(&document);
        }
    }
    text
}

/// Reads the documents of a text as values, without interpreting them.
///
/// # Errors
/// If a document is neither YAML nor JSON.
pub fn read_values(text: &str) -> Result<Vec<Value>, String> {
    let values = split::documents(text).flat_map(|(_, values)| values);
    values.map(|value| value.map_err(|broken| broken.message)).collect()
}

#[cfg(test)]
mod tests;
