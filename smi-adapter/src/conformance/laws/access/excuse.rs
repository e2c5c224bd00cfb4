//! What diagnostics explain.
//!
//! A diagnostic names something that is not in force on this mesh: a traffic target, or one match of a route group. It
//! excuses that something is refused if, and only if, the reference refuses it once what is named has no effect. Nothing
//! excuses that something is let in.

use super::Sight;
use crate::conformance::laws::history::enforced;
use crate::diagnostic::Diagnostic;
use crate::object::{Kind, ObjectKey};
use crate::probe::{Access, Attempt};
use crate::semantics::authorize;
use crate::snapshot::Snapshot;
use smi_types::Object;

impl Sight<'_> {
    /// Whether diagnostics explain that an attempt is refused.
    pub(super) fn excused(&self, attempt: &Attempt, claims: &[Diagnostic]) -> bool {
        let without = self.without(claims);
        authorize(&without, &self.case.settings, attempt).0 != Access::Allow
    }

    /// The snapshot in which what is named has no effect, with the same namespaces enforced.
    fn without(&self, claims: &[Diagnostic]) -> Snapshot {
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
    snapshot.replace(Object::HTTPRouteGroup(Box::new(group)));
}
