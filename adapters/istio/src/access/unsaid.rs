//! What Istio cannot say, and which traffic targets grant the less for it.

use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// How many targets one message names.
const NAMED: usize = 3;

/// Parts of matches that cannot be said, each once however many targets grant it.
#[derive(Debug, Default)]
pub(super) struct Unsaid(BTreeMap<(ObjectRef, FieldPath, String), BTreeSet<ObjectKey>>);

impl Unsaid {
    pub(super) fn add(&mut self, group: &ObjectRef, field: FieldPath, why: String, target: &ObjectKey) {
        let targets = self.0.entry((group.clone(), field, why)).or_default();
        targets.insert(target.clone());
    }

    pub(super) fn report(self, translation: &mut Translation) {
        for ((group, field, why), targets) in self.0 {
            let names: Vec<String> = targets.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
            let more = targets.len().saturating_sub(NAMED);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let message = format!(
                "{why}; requests of this match are denied, though granted by traffic target {}{more}",
                names.join(", ")
            );
            translation.report(Diagnostic::new(Code::Inexpressible, group, field, message));
        }
    }
}
