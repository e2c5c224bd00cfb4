//! The report on one match of a route group.

use super::Translation;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::HttpMatch;
use smi_types::FieldPath;

/// A report on one match of a route group. It collects all parts that a mesh cannot express, so that the author learns
/// about them at once. A rejected match matches nothing.
#[derive(Debug)]
pub struct MatchReport<'a> {
    matching: &'a HttpMatch,
    translation: &'a mut Translation,
    rejected: bool,
}

impl<'a> MatchReport<'a> {
    /// Creates a report on `matching` that adds its diagnostics to `translation`.
    pub fn new(matching: &'a HttpMatch, translation: &'a mut Translation) -> Self {
        Self {
            matching,
            translation,
            rejected: false,
        }
    }

    /// Returns the path of the match's field `name` in its route group.
    #[must_use]
    pub fn field(&self, name: &'static str) -> FieldPath {
        self.matching.field().clone().field(name)
    }

    /// Rejects the match because of a part that the mesh cannot express.
    pub fn reject(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        self.rejected = true;
        self.report(code, field, message);
    }

    /// Reports a fact that leaves the match usable.
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
