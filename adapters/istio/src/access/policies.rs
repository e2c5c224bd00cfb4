//! Distribution of rules over policies: a single one, unless it would exceed a limit.

use crate::native::authorization::Rule;
use smi_adapter::object::ObjectRef;
use std::collections::BTreeSet;

/// The maximum number of rules of a policy, from its schema.
const MAX_RULES: usize = 512;
/// The maximum total size of the rules of a policy, in bytes as JSON. A larger rule gets a policy of its own, so that no
/// other rule is rejected with it.
const MAX_SIZE: usize = 900_000;

/// The rules of one policy, and the objects for which the policy exists.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) rules: Vec<Rule>,
    pub(super) sources: BTreeSet<ObjectRef>,
}

#[derive(Debug)]
pub(super) struct Policies {
    workload: ObjectRef,
    parts: Vec<Part>,
    /// The size of the last part.
    size: usize,
}

impl Policies {
    pub(super) fn new(workload: &ObjectRef) -> Self {
        Self {
            workload: workload.clone(),
            parts: Vec::new(),
            size: 0,
        }
    }

    /// Adds rules that exist for the objects in `references`.
    pub(super) fn add(&mut self, rules: Vec<Rule>, references: &BTreeSet<ObjectRef>) {
        let mut has_sources = false;
        for rule in rules {
            let size = rule.size();
            let has_room = |part: &Part| part.rules.len() < MAX_RULES && self.size + size <= MAX_SIZE;
            if !self.parts.last().is_some_and(has_room) {
                self.parts.push(Part {
                    rules: Vec::new(),
                    sources: BTreeSet::from([self.workload.clone()]),
                });
                (self.size, has_sources) = (0, false);
            }
            self.size += size;
            if let Some(part) = self.parts.last_mut() {
                if !std::mem::replace(&mut has_sources, true) {
                    part.sources.extend(references.iter().cloned());
                }
                part.rules.push(rule);
            }
        }
    }

    /// Returns the parts, none of which is empty.
    pub(super) fn finish(self) -> Vec<Part> {
        self.parts
    }
}
