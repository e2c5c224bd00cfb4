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
    repeated_headers: BTreeSet<ObjectRef>,
    globs: BTreeSet<(ObjectRef, FieldPath)>,
}

impl Causes {
    fn of(diagnostics: &[Diagnostic]) -> Self {
        let with = |code: Code| diagnostics.iter().filter(move |it| it.code == code);
        let faulty = diagnostics.iter().filter(|it| it.code.severity() == Severity::Error);
        Self {
            faulty: faulty.map(|it| it.object.clone()).collect(),
            repeated_headers: with(Code::HeaderRepeated).map(|it| it.object.clone()).collect(),
            globs: with(Code::LooksLikeGlob)
                .map(|it| (it.object.clone(), it.field.clone()))
                .collect(),
        }
    }

    /// Returns `true` if a diagnostic follows from one of the causes.
    fn explain(&self, diagnostic: &Diagnostic) -> bool {
        match diagnostic.code {
            // Its fault is the reason that nothing uses it, or will be the first one to be mended.
            Code::Unreferenced => self.faulty.contains(&diagnostic.object),
            Code::DuplicateHeader => self.repeated_headers.contains(&diagnostic.object),
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
