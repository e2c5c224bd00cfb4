//! Builders of matches.

use super::{HeaderMatch, HttpMatch};
use crate::model::ModelError;
use crate::object::{ObjectKey, ObjectRef};
use crate::pattern::Pattern;
use smi_types::FieldPath;
use smi_types::validate::is_http_token;

impl HttpMatch {
    /// Builds a match in this field of a route group that every request fulfils.
    #[must_use]
    pub fn new(group: ObjectKey, field: FieldPath) -> Self {
        Self {
            group: ObjectRef::group(group),
            field,
            name: String::new(),
            path: None,
            methods: None,
            headers: Vec::new(),
        }
    }

    /// Replaces the name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Replaces the pattern that the path must match.
    #[must_use]
    pub fn with_path(mut self, path: Pattern) -> Self {
        self.path = Some(path);
        self
    }

    /// Adds a method. A request must have one of the added methods.
    ///
    /// # Errors
    /// If no request can have this method.
    pub fn with_method(mut self, method: impl Into<String>) -> Result<Self, ModelError> {
        let method = method.into();
        if !is_http_token(&method) {
            return Err(ModelError::new(format!("`{method}` is not a valid method")));
        }
        self.methods.get_or_insert_default().insert(method);
        Ok(self)
    }

    /// Adds a header filter. A request must fulfil all of them. The case of the name does not matter (S16).
    ///
    /// # Errors
    /// If no request can have a header of this name.
    pub fn with_header(mut self, name: &str, value: Pattern) -> Result<Self, ModelError> {
        if !is_http_token(name) {
            return Err(ModelError::new(format!("`{name}` is not a valid header name")));
        }
        let name = name.to_ascii_lowercase();
        let header = HeaderMatch { name, value };
        // A repeated filter adds nothing (S19).
        if !self.headers.contains(&header) {
            self.headers.push(header);
        }
        Ok(self)
    }
}
