//! Rules in as many policies as it takes: one, but for the largest.

use crate::native::authorization::Rule;
use smi_adapter::object::ObjectRef;
use std::collections::BTreeSet;

/// How many rules a policy may have, by its schema.
const MAX_RULES: usize = 512;
/// How large they may be together, in bytes as JSON. A rule that is larger stands alone, so that no other is refused
/// with it.
const MAX_SIZE: usize = 900_000;

/// The rules of one policy, and the objects that it exists for.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) rules: Vec<Rule>,
    pub(super) sources: BTreeSet<ObjectRef>,
}

#[derive(Debug)]
pub(super) struct Policies {
    workload: ObjectRef,
    parts: Vec<Part>,
    /// That of the last part.
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

    /// Adds rules that exist for these objects.
    pub(super) fn add(&mut self, rules: Vec<Rule>, references: &BTreeSet<ObjectRef>) {
        let mut noted = false;
        for rule in rules {
            let size = rule.size();
            let has_room = |part: &Part| part.rules.len() < MAX_RULES && self.size + size <= MAX_SIZE;
            if !self.parts.last().is_some_and(has_room) {
                self.parts.push(Part {
                    rules: Vec::new(),
                    sources: BTreeSet::from([self.workload.clone()]),
                });
                (self.size, noted) = (0, false);
            }
            self.size += size;
            if let Some(part) = self.parts.last_mut() {
                if !std::mem::replace(&mut noted, true) {
                    part.sources.extend(references.iter().cloned());
                }
                part.rules.push(rule);
            }
        }
    }

    /// The parts, none of them empty.
    pub(super) fn finish(self) -> Vec<Part> {
        self.parts
    }
}
