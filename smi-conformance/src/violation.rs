//! Counterexamples to laws.

use super::case::{Case, curl, knock};
use super::laws::Law;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A counterexample to a law: the smallest case that was found, and the result in it.
///
/// Keep the [YAML](Case::to_yaml) of its case to [replay](super::laws::replay) it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Violation {
    /// The law.
    pub law: Law,
    /// The adapter's name.
    pub adapter: String,
    /// The number of worlds in which the law held before.
    pub held: u32,
    /// The smallest case that was found. Its manifests are the SMI objects and services.
    pub case: Case,
    /// The failure: the expected and the actual answer, or the condition that does not hold.
    pub why: String,
    /// The native objects, as YAML.
    pub native: String,
    /// The trace of the reference, if the failure is about a query.
    pub reference: String,
    /// The diagnostics of the plan, one per line.
    pub diagnostics: String,
}

impl Violation {
    /// Saves the case as `LAW.yaml` in a folder, which is created if needed, and returns the path. The file can be
    /// [replayed](super::laws::replay).
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> io::Result<PathBuf> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)?;
        let path = folder.join(self.law.as_str()).with_extension("yaml");
        fs::write(&path, self.case.to_yaml())?;
        Ok(path)
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            law,
            adapter,
            held,
            case,
            why,
            native,
            reference,
            diagnostics,
        } = self;
        write!(f, "law `{law}` does not hold for `{adapter}`, ")?;
        if case.name == law.as_str() {
            writeln!(f, "after {held} worlds in which it did")?;
        } else {
            writeln!(f, "in the kept case `{}`", case.name)?;
        }
        writeln!(f, "\n{why}\n")?;
        for query in &case.access_queries {
            writeln!(f, "{}", knock(query))?;
        }
        for query in &case.routing_queries {
            writeln!(f, "{}", curl(query))?;
        }
        let parts = [
            ("the case, to be replayed", case.to_yaml()),
            ("native objects", native.clone()),
            ("the reference", reference.clone()),
            ("diagnostics", diagnostics.clone()),
        ];
        for (title, text) in parts {
            if !text.is_empty() {
                writeln!(f, "\n# {title}\n\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
