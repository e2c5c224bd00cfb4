//! Diagnostics that only follow from another one on the same object, which names their cause.

use super::{Code, Diagnostic, Severity};
use crate::object::ObjectRef;
use smi_types::FieldPath;
use std::collections::BTreeSet;

/// Removes the diagnostics that only follow from others, so that every cause is reported once.
pub(crate) fn remove(diagnostics: &mut Vec<Diagnostic>) {
    let causes = Causes::of(diagnostics);
    diagnostics.retain(|diagnostic| !causes.explain(diagnostic));
}

/// The diagnostics that others can follow from.
struct Causes {
    faulty: BTreeSet<ObjectRef>,
    /// The matches with a header that the mesh cannot filter twice, by group and index.
    repeated_headers: BTreeSet<(ObjectRef, Option<usize>)>,
    globs: BTreeSet<(ObjectRef, FieldPath)>,
    /// The backends that count as absent because of an unknown field, by split and index.
    absent: BTreeSet<(ObjectRef, Option<usize>)>,
}

impl Causes {
    fn of(diagnostics: &[Diagnostic]) -> Self {
        let with = |code: Code| diagnostics.iter().filter(move |it| it.code == code);
        let faulty = diagnostics.iter().filter(|it| it.code.severity() == Severity::Error);
        Self {
            faulty: faulty.map(|it| it.object.clone()).collect(),
            repeated_headers: with(Code::HeaderRepeated).map(matching).collect(),
            globs: with(Code::LooksLikeGlob)
                .map(|it| (it.object.clone(), it.field.clone()))
                .collect(),
            absent: with(Code::UnknownField).map(backend).collect(),
        }
    }

    /// Returns `true` if a diagnostic follows from one of the causes.
    fn explain(&self, diagnostic: &Diagnostic) -> bool {
        match diagnostic.code {
            // Its fault is the reason that nothing uses it, or will be the first one to be mended.
            Code::Unreferenced => self.faulty.contains(&diagnostic.object),
            Code::DuplicateHeader => self.repeated_headers.contains(&matching(diagnostic)),
            Code::DuplicateBackend => self.absent.contains(&backend(diagnostic)),
            Code::PathAnchorDiffers => {
                !self.globs.is_empty()
                    && self
                        .globs
                        .contains(&(diagnostic.object.clone(), diagnostic.field.clone()))
            }
            _ => false,
        }
    }
}

/// Returns the backend that a diagnostic is about: its split and index.
fn backend(diagnostic: &Diagnostic) -> (ObjectRef, Option<usize>) {
    (diagnostic.object.clone(), diagnostic.field.index_in("backends"))
}

/// Returns the match that a diagnostic is about: its group and index.
fn matching(diagnostic: &Diagnostic) -> (ObjectRef, Option<usize>) {
    (diagnostic.object.clone(), diagnostic.field.index_in("matches"))
}
