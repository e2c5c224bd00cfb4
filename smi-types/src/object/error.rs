//! Why something is no SMI object.

use super::read::Head;
use crate::path::FieldPath;
use serde_json::Value;

/// Why something is no SMI object that can be read.
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

/// The kinds of [`ParseError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The input is no JSON.
    Syntax,
    /// An object of somebody else's API, or no Kubernetes object at all.
    NotSmi,
    /// An SMI API group or kind that does not exist.
    UnknownKind,
    /// A version that this kind never had.
    UnknownVersion,
    /// A kind that exists and that this release does not read.
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

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// The `apiVersion` of the object, if it has one.
    #[must_use]
    pub fn api_version(&self) -> Option<&str> {
        self.0.api_version.as_deref()
    }

    /// The `kind` of the object, if it has one.
    #[must_use]
    pub fn object_kind(&self) -> Option<&str> {
        self.0.object_kind.as_deref()
    }

    /// The namespace of the object, if it has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// The name of the object, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The field at fault; the root, if the object as a whole is.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.0.path
    }

    /// What is wrong, without the field.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}
