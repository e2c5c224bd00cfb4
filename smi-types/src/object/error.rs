//! Errors of reading SMI objects.

use super::head::Head;
use crate::path::FieldPath;
use serde_json::Value;

/// An error that occurs when an input is not a supported SMI object.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct ParseError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ParseErrorKind,
    api_version: Option<String>,
    object_kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    path: FieldPath,
    message: String,
}

/// The kind of a [`ParseError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The input is not JSON.
    Syntax,
    /// The input is an object of another API, or not a Kubernetes object.
    NotSmi,
    /// The SMI API group or the kind does not exist.
    UnknownKind,
    /// The kind never had this version.
    UnknownVersion,
    /// The kind exists, but this release does not read it.
    Unsupported,
    /// A field has a wrong type, or a name is missing.
    Type,
}

impl ParseError {
    pub(super) fn new(head: &Head, kind: ParseErrorKind, path: FieldPath, message: String) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self(Box::new(Inner {
            kind,
            api_version: text(&head.api_version),
            object_kind: text(&head.kind),
            namespace: head.name(|metadata| &metadata.namespace).map(str::to_owned),
            name: head.name(|metadata| &metadata.name).map(str::to_owned),
            path,
            message,
        }))
    }

    fn text(&self) -> String {
        if self.0.path.is_root() {
            self.0.message.clone()
        } else {
            format!("{}: {}", self.0.path, self.0.message)
        }
    }

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// Returns the `apiVersion` of the object, if it has one.
    #[must_use]
    pub fn api_version(&self) -> Option<&str> {
        self.0.api_version.as_deref()
    }

    /// Returns the `kind` of the object, if it has one.
    #[must_use]
    pub fn object_kind(&self) -> Option<&str> {
        self.0.object_kind.as_deref()
    }

    /// Returns the namespace of the object, if it has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// Returns the name of the object, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Returns the path of the faulty field. The path is the root if the fault concerns the whole object.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.0.path
    }

    /// Returns the description of the fault, without the field.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}
