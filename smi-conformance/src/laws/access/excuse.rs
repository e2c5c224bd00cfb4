//! What diagnostics explain.
//!
//! A diagnostic names something that is not in force on this mesh: a traffic target, or one match of a route group. It
//! excuses that something is refused if, and only if, the reference refuses it once what is named has no effect. Nothing
//! excuses that something is let in.

use super::Sight;
use crate::laws::history::enforced;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::probe::{Access, Attempt};
use smi_adapter::semantics::authorize;
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;

impl Sight<'_> {
    /// Whether diagnostics explain that an attempt is refused.
    pub(super) fn excused(&self, attempt: &Attempt, claims: &[Diagnostic]) -> bool {
        let without = self.without(claims.iter().filter(|claim| self.concerns(claim, attempt)));
        authorize(&without, &self.case.settings, attempt).0 != Access::Allow
    }

    /// Whether a diagnostic is about the workload and the port of an attempt.
    fn concerns(&self, claim: &Diagnostic, attempt: &Attempt) -> bool {
        let is_of =
            |workload: &ObjectRef| *workload == attempt.to || self.owner(&attempt.to).as_ref() == Some(workload);
        claim.ports.contains(attempt.port) && claim.workload.as_ref().is_none_or(is_of)
    }

    /// The snapshot in which what is named has no effect, with the same namespaces enforced.
    fn without<'c>(&self, claims: impl Iterator<Item = &'c Diagnostic>) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        enforced(&self.case.documents, &self.case.settings).for_each(|namespace| snapshot.insert_enforced(namespace));
        for claim in claims {
            let key = &claim.object.key;
            if claim.object.kind == Kind::TRAFFIC_TARGET {
                snapshot.remove(&claim.object);
            } else if claim.object.kind == Kind::HTTP_ROUTE_GROUP {
                spoil(&mut snapshot, key, claim.field.index_in("matches"));
            }
        }
        snapshot
    }
}

/// Makes one match of a group, or all of them, take no request. It keeps its name.
fn spoil(snapshot: &mut Snapshot, key: &ObjectKey, at: Option<usize>) {
    let Some(mut group) = snapshot.group(key).cloned() else {
        return;
    };
    let matches = group.matches.iter_mut().flatten().enumerate();
    for (_, matching) in matches.filter(|(index, _)| at.is_none_or(|at| at == *index)) {
        // I6: it takes no request.
        matching.headers.lost = true;
    }
    snapshot.insert(Object::HTTPRouteGroup(Box::new(group)));
}
