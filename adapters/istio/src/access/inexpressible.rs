//! Inexpressible parts of matches, collected with the traffic targets that grant the matches.

use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of targets that one message names.
const NAMED: usize = 3;

/// Parts of matches that Istio cannot express. Each is reported once, for all targets that grant its match.
#[derive(Debug, Default)]
pub(super) struct InexpressibleParts(BTreeMap<(ObjectRef, FieldPath, String), BTreeSet<ObjectKey>>);

impl InexpressibleParts {
    pub(super) fn add(&mut self, group: &ObjectRef, field: FieldPath, reason: String, target: &ObjectKey) {
        let targets = self.0.entry((group.clone(), field, reason)).or_default();
        targets.insert(target.clone());
    }

    pub(super) fn report(self, translation: &mut Translation) {
        for ((group, field, reason), targets) in self.0 {
            let names: Vec<String> = targets.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
            let more = targets.len().saturating_sub(NAMED);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let message = format!(
                "{reason}; matching requests are denied, although granted by traffic target {}{more}",
                names.join(", ")
            );
            translation.report(Diagnostic::new(Code::Inexpressible, group, field, message));
        }
    }
}
