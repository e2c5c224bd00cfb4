//! Rules: the members of the layers of a target (A12).

use super::case::Case;
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::semantics::trace::Reason;
use crate::semantics::unknown::Unknown;
use smi_types::FieldPath;
use smi_types::access::{Rule, TrafficTarget};

/// A rule of a target, and its place.
pub(super) struct Member<'a> {
    /// The key of the target.
    pub(super) target: &'a ObjectKey,
    /// The path of the rule in the target.
    pub(super) path: FieldPath,
    pub(super) rule: &'a Rule,
}

impl Member<'_> {
    /// Returns the route of a kind that the rule refers to, in the target's namespace (A25).
    pub(super) fn route(&self, kind: &Kind) -> ObjectRef {
        ObjectRef::new(kind.clone(), ObjectKey::new(&*self.target.namespace, &*self.rule.name))
    }

    /// Returns `Ok` if the rule has no unknown field (I8). Otherwise it is a member of its layer that matches nothing.
    pub(super) fn known(&self, case: &Case<'_>) -> Result<(), Reason> {
        let target = ObjectRef::target(self.target.clone());
        Unknown::of(case.snapshot, case.settings, &target).not_in(&self.path)
    }
}

/// Returns the rules of this kind, resolvable or not: the members of one layer (A12).
pub(super) fn of_kind<'a>(
    key: &'a ObjectKey,
    target: &'a TrafficTarget,
    kind: &Kind,
) -> impl Iterator<Item = Member<'a>> {
    let rules = target.spec.iter().flat_map(|spec| &spec.rules).enumerate();
    let of_kind = rules.filter(move |(_, rule)| rule.kind == kind.name());
    of_kind.map(|(index, rule)| Member {
        target: key,
        path: target.rules_path().index(index),
        rule,
    })
}
