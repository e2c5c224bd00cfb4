//! What a mesh cannot say of one match.

use super::Translation;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::HttpMatch;
use smi_types::FieldPath;

/// Collects what a mesh cannot say of one match of a route group, all of it, so that its author learns of
/// everything at once. A match with a fault takes no request.
#[derive(Debug)]
pub struct Faults<'a> {
    matching: &'a HttpMatch,
    translation: &'a mut Translation,
    any: bool,
}

impl<'a> Faults<'a> {
    /// Faults of `matching`, reported in `translation`.
    pub fn new(matching: &'a HttpMatch, translation: &'a mut Translation) -> Self {
        Self {
            matching,
            translation,
            any: false,
        }
    }

    /// Where the part `name` of the match stands in its route group.
    #[must_use]
    pub fn field(&self, name: &'static str) -> FieldPath {
        self.matching.field().clone().field(name)
    }

    /// Reports a part that the mesh cannot say.
    pub fn fault(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        self.any = true;
        self.note(code, field, message);
    }

    /// Reports something that leaves the match usable.
    pub fn note(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        let group = self.matching.group().clone();
        self.translation.report(Diagnostic::new(code, group, field, message));
    }

    /// Whether the match must be left out.
    #[must_use]
    pub fn any(&self) -> bool {
        self.any
    }
}
