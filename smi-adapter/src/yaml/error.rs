//! Errors of objects in a text.

use super::split::Broken;
use crate::diagnostic::{Code, Diagnostic};
use crate::object::ObjectRef;
use crate::snapshot::{code_of, object_of};
use smi_types::{FieldPath, ParseError};
use std::fmt::{self, Display};

/// An error that occurs when an object in a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ReadError(Unread);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Unread {
    /// An error in an object that can be identified.
    Object(Box<Diagnostic>),
    /// An error in any other part of the text.
    Text {
        code: Code,
        field: FieldPath,
        message: String,
    },
}

impl ReadError {
    pub(super) fn new(object: Option<ObjectRef>, code: Code, field: FieldPath, reason: String) -> Self {
        let message = explain_booleans(reason);
        Self(match object {
            Some(object) => Unread::Object(Box::new(Diagnostic::new(code, object, field, message))),
            None => Unread::Text { code, field, message },
        })
    }

    /// Creates the error of a text that cannot be parsed.
    pub(super) fn unparsable(object: Option<ObjectRef>, broken: &Broken<'_>) -> Self {
        Self::new(object, Code::Unparsable, FieldPath::root(), broken.message.clone())
    }

    /// Creates the error of an SMI object. If its namespace cannot be read, it is in `default_namespace` (I2).
    pub(super) fn of(error: &ParseError, default_namespace: &str) -> Self {
        let object = object_of(error).map(|mut object| {
            if error.namespace().is_none() {
                object.key.namespace = default_namespace.into();
            }
            object
        });
        Self::new(object, code_of(error), error.path().clone(), error.message().to_owned())
    }

    /// Returns the error as a diagnostic, if the object can be identified.
    #[must_use]
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match &self.0 {
            Unread::Object(diagnostic) => Some(diagnostic),
            Unread::Text { .. } => None,
        }
    }

    /// Returns the error as a diagnostic, or the error itself if the object cannot be identified.
    pub(super) fn into_diagnostic(self) -> Result<Diagnostic, Self> {
        match self.0 {
            Unread::Object(diagnostic) => Ok(*diagnostic),
            text @ Unread::Text { .. } => Err(Self(text)),
        }
    }

    /// Returns the object, if it can be identified.
    #[must_use]
    pub fn object(&self) -> Option<&ObjectRef> {
        self.diagnostic().map(|diagnostic| &diagnostic.object)
    }

    /// Returns the code of the error.
    #[must_use]
    pub fn code(&self) -> Code {
        match &self.0 {
            Unread::Object(diagnostic) => diagnostic.code,
            Unread::Text { code, .. } => *code,
        }
    }

    /// Returns the field with the error; the root, if the error is in the text or object as a whole.
    #[must_use]
    pub fn field(&self) -> &FieldPath {
        match &self.0 {
            Unread::Object(diagnostic) => &diagnostic.field,
            Unread::Text { field, .. } => field,
        }
    }

    /// Returns the message, without the field.
    #[must_use]
    pub fn message(&self) -> &str {
        match &self.0 {
            Unread::Object(diagnostic) => &diagnostic.message,
            Unread::Text { message, .. } => message,
        }
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field().is_root() {
            write!(f, "{}: ", self.field())?;
        }
        f.write_str(self.message())
    }
}

/// Adds an explanation to a message about an unexpected boolean, which may be the unquoted text `n`.
fn explain_booleans(message: String) -> String {
    if ["boolean `", "`true` is not a string", "`false` is not a string"]
        .iter()
        .any(|part| message.contains(part))
    {
        message + " (unquoted, `y n yes no on off` are booleans too; quote the value)"
    } else {
        message
    }
}
