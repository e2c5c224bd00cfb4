//! The report on one match of a route group.

use super::Translation;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::HttpMatch;
use smi_types::FieldPath;

/// Reports the parts of one match of a route group that a mesh cannot express: all of them, so that its author learns
/// of everything at once. A rejected match takes no request.
#[derive(Debug)]
pub struct MatchReport<'a> {
    matching: &'a HttpMatch,
    translation: &'a mut Translation,
    rejected: bool,
}

impl<'a> MatchReport<'a> {
    /// Creates the report on `matching`, whose diagnostics go to `translation`.
    pub fn new(matching: &'a HttpMatch, translation: &'a mut Translation) -> Self {
        Self {
            matching,
            translation,
            rejected: false,
        }
    }

    /// Returns the path of the part `name` of the match in its route group.
    #[must_use]
    pub fn field(&self, name: &'static str) -> FieldPath {
        self.matching.field().clone().field(name)
    }

    /// Rejects the match because of a part that the mesh cannot express.
    pub fn reject(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        self.rejected = true;
        self.report(code, field, message);
    }

    /// Reports something that leaves the match usable.
    pub fn report(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        let group = self.matching.group().clone();
        self.translation.report(Diagnostic::new(code, group, field, message));
    }

    /// Returns `true` if the match must be left out.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.rejected
    }
}
